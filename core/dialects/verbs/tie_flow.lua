-- Tie a flow: a parent, of the queue acted on, waits again for children that could not be removed after all.
--
-- KEYS       see the prelude: the parent's queue
-- ARGV[5]    the parent's id
-- ARGV[6]    and all that follow: children's keys
-- RETURNS    for each child, in order: ok, or gone where it has finished, or the parent is no more
-- ATOMICITY  one step on the parent alone; two calls a child

local parent = own.base .. ARGV[5]

-- One that has finished will not tell its parent any more.
local function is_to_come(child)
  local finished = redis.pcall('HEXISTS', child, 'finishedOn')
  return finished == 0 and redis.pcall('EXISTS', child) == 1
end

local results = {}
for index = 6, #ARGV do
  local ties = kind_of(parent) == 'hash' and is_to_come(ARGV[index])
  if ties then redis.call('SADD', parent .. ':dependencies', ARGV[index]) end
  results[#results + 1] = { ties and 'ok' or 'gone' }
end
return results

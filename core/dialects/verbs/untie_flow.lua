-- Untie a flow: a parent, of the queue acted on, stops waiting for these children.
--
-- KEYS       see the prelude: the parent's queue
-- ARGV[5]    stays: the parent is not let go even when it waits for nothing else; goes: then it is
-- ARGV[6]    the parent's id
-- ARGV[7]    and all that follow: children's keys
-- RETURNS    for each child, in order, one of
--            ok, released     it is waited for no more; released is 1 if that let the parent go
--            gone             it was not waited for
--            locked           a worker runs it: nothing was done
-- ATOMICITY  one step on the parent alone; the children are removed by a call after it. Two calls a child

local parent = { id = ARGV[6], job = own.base .. ARGV[6], queue = own }

-- A child may live where this script cannot look; a removal looks at its lock again.
local function runs(child)
  return redis.pcall('EXISTS', child .. ':lock') == 1
end

local function untie(child)
  if redis.call('SISMEMBER', parent.job .. ':dependencies', child) == 0 then return { 'gone' } end
  if runs(child) then return { 'locked' } end
  if ARGV[5] == 'goes' then return { 'ok', leave(parent, child) and 1 or 0 } end
  redis.call('SREM', parent.job .. ':dependencies', child)
  return { 'ok', 0 }
end

local results = {}
for index = 7, #ARGV do
  results[#results + 1] = untie(ARGV[index])
end
return results

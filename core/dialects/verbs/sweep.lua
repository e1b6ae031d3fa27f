-- Sweep: what is left of a queue that has no job any more goes.
--
-- KEYS       see the prelude
-- ARGV[5]    and all that follow: what stands behind the base in the names of the keys that go
-- RETURNS    {1, keys gone}, or {0, 0} when a job is in some state (again): nothing was done
-- ATOMICITY  one step; the memory is given back in the background

local MARKERS = 2 -- at most so many members of a list are no jobs but wake-up marks

local function is_empty(list)
  if redis.call('LLEN', list) > MARKERS then return false end
  for _, id in ipairs(redis.call('LRANGE', list, 0, MARKERS)) do
    if not is_marker(id) then return false end
  end
  return true
end

for _, state in ipairs(SETS) do
  if redis.call('ZCARD', own[state]) > 0 then return { 0, 0 } end
end
for _, state in ipairs({ 'active', unpack(LISTS) }) do
  if not is_empty(own[state]) then return { 0, 0 } end
end

local keys, gone = {}, 0
for index = 5, #ARGV do
  keys[index - 4] = own.base .. ARGV[index]
end
in_pieces(keys, function(...)
  gone = gone + redis.call('UNLINK', ...)
end)
return { 1, gone }

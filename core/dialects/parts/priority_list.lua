-- Bull, and BullMQ up to 3: jobs with a priority stand in the list, and a sorted set knows which of them those are.
--
-- KEYS       as named by the prelude: priority
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  a place deep in the list is searched for by id: up to some 20 ms in a million jobs, as in the library

local FEW = 1000 -- up to so many are lifted off and put back, which costs less than a search of a long list

-- Consumers take from the tail, where the prioritised jobs stand, the most urgent last: the new one goes to the left
-- of those that run before it.
local function insert_behind(sooner, list, id)
  if sooner <= 0 then return redis.call('RPUSH', list, id) end
  local right = redis.call('LINDEX', list, -sooner)
  if not right then return redis.call('LPUSH', list, id) end
  if sooner > FEW then return redis.call('LINSERT', list, 'BEFORE', right, id) end
  local lifted = redis.call('LRANGE', list, -sooner, -1)
  redis.call('LTRIM', list, 0, -sooner - 1)
  redis.call('RPUSH', list, id, unpack(lifted))
end

local function insert_by_priority(queue, list, id, priority)
  redis.call('ZADD', queue.priority, priority, id)
  insert_behind(redis.call('ZCOUNT', queue.priority, 0, priority) - 1, list, id)
end

local function enqueue(queue, id, priority, lifo)
  local list = target_list(queue)
  if priority > 0 then
    insert_by_priority(queue, list, id, priority)
  else
    redis.call(lifo and 'RPUSH' or 'LPUSH', list, id)
  end
end

-- In front of all of the same priority, or of the list.
local function enqueue_first(queue, id, priority)
  local list = target_list(queue)
  if priority == 0 then return redis.call('RPUSH', list, id) end
  insert_behind(redis.call('ZCOUNT', queue.priority, 0, '(' .. string.format('%.0f', priority)), list, id)
  redis.call('ZADD', queue.priority, priority, id)
end

local function enqueue_prioritized(queue, ids, priorities)
  local list = target_list(queue)
  for index, id in ipairs(ids) do
    insert_by_priority(queue, list, id, priorities[index])
  end
end

-- Bull, and BullMQ up to 3: jobs with a priority stand in the list, and a sorted set knows which of them those are.
--
-- KEYS       as named by the prelude: priority
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  finding the place by id walks the list: up to some 10 ms on a million jobs, as when the library adds one

-- Consumers take from the tail, where the prioritised jobs stand, the most urgent last.
local function insert_by_priority(queue, list, id, priority)
  redis.call('ZADD', queue.priority, priority, id)
  local sooner = redis.call('ZCOUNT', queue.priority, 0, priority) - 1
  if sooner <= 0 then return redis.call('RPUSH', list, id) end
  local next_after = redis.call('LINDEX', list, -sooner)
  if not next_after then return redis.call('LPUSH', list, id) end
  redis.call('LINSERT', list, 'BEFORE', next_after, id)
end

local function enqueue(queue, id, priority, lifo)
  local list = target_list(queue)
  if priority > 0 then
    insert_by_priority(queue, list, id, priority)
  else
    redis.call(lifo and 'RPUSH' or 'LPUSH', list, id)
  end
end

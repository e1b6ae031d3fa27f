-- BullMQ from 4 on: jobs with a priority have a sorted set of their own, whatever the list is called while paused.
--
-- KEYS       as named by the prelude: prioritized, pc
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  the score is passed as a number, never as text that Lua made: that would lose digits

local PRIORITY_UNIT = 4294967296 -- 2^32: room for the counter that keeps equals in their order
local LAST_PRIORITY = 2097151 -- 2^21 - 1: beyond it a score is not exact

-- Behind all of the same priority. A job without one goes to the back of the list, or to its front when it is lifo.
local function enqueue(queue, id, priority, lifo)
  if priority > 0 then
    local turn = redis.call('INCR', queue.pc) % PRIORITY_UNIT
    redis.call('ZADD', queue.prioritized, math.min(priority, LAST_PRIORITY) * PRIORITY_UNIT + turn, id)
  else
    redis.call(lifo and 'RPUSH' or 'LPUSH', target_list(queue), id)
  end
end

-- In front of all of the same priority, or of the list.
local function enqueue_first(queue, id, priority)
  if priority > 0 then
    redis.call('ZADD', queue.prioritized, math.min(priority, LAST_PRIORITY) * PRIORITY_UNIT, id)
  else
    redis.call('RPUSH', target_list(queue), id)
  end
end

-- The same for many, each with its priority, in their order.
local function enqueue_prioritized(queue, ids, priorities)
  local turn, members = redis.call('INCRBY', queue.pc, #ids) - #ids, {}
  for index, id in ipairs(ids) do
    local score = math.min(priorities[index], LAST_PRIORITY) * PRIORITY_UNIT + (turn + index) % PRIORITY_UNIT
    members[2 * index - 1], members[2 * index] = score, id
  end
  with_all('ZADD', queue.prioritized, members)
end

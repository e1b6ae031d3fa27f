-- Delayed jobs, in any dialect.
--
-- KEYS       as named by the prelude: delayed, and what emit and wake_at use
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  O(log n) commands; the score is passed as a number, never as text that Lua made: that would lose digits

local SCORE_UNIT = 4096 -- a delayed score is the due time in ms, times this, plus a place within that ms

-- Behind those that are due in the same ms.
local function put_off(queue, id, due)
  local first, last = due * SCORE_UNIT, due * SCORE_UNIT + SCORE_UNIT - 1
  local taken = redis.call('ZREVRANGEBYSCORE', queue.delayed, last, first, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  redis.call('ZADD', queue.delayed, taken and math.min(tonumber(taken) + 1, last) or first, id)
end

-- Says when it is due, and wakes workers for the first of all delayed jobs, which need not be this one.
local function announce_delay(queue, id, due)
  emit(queue, 'delayed', 'jobId', id, 'delay', string.format('%.0f', due))
  local next_due = redis.call('ZRANGE', queue.delayed, 0, 0, 'WITHSCORES')[2]
  wake_at(queue, math.floor(tonumber(next_due) / SCORE_UNIT))
end

local function delay_until(queue, id, due)
  put_off(queue, id, due)
  announce_delay(queue, id, due)
end

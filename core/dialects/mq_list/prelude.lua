-- BullMQ 1 to 3.
--
-- KEYS[1]    base: the start of every key of the queue
-- KEYS[2]    wait       KEYS[3]    paused (list)   KEYS[4]    active     KEYS[5]    delayed   KEYS[6]    completed
-- KEYS[7]    failed     KEYS[8]    stalled         KEYS[9]    repeats    KEYS[10]   meta      KEYS[11]   events
-- KEYS[12]   waiting_children      KEYS[13]   priority: scores of the prioritised jobs in the list
-- KEYS[14]   delay: the stream that tells a QueueScheduler of 1.x when to look
-- ARGV       see parts/jobs.lua
-- RETURNS    nothing; it only defines
-- ATOMICITY  see each verb

local NAMES = {
  'base', 'wait', 'paused', 'active', 'delayed', 'completed', 'failed', 'stalled', 'repeats', 'meta', 'events',
  'waiting_children', 'priority', 'delay',
}
local SETS = { 'completed', 'failed', 'delayed', 'waiting_children' }
local LISTS = { 'wait', 'paused' }
local SUBKEYS = { ':logs', ':dependencies', ':processed' }

-- A worker moves a job to active first and locks it next: without a lock it may be freshly taken.
local LOCKS_AT_ONCE = false

-- WITH jobs
local queues = queues_by_base(NAMES)
local own = queues[KEYS[1]]

-- WITH stream

local function moves_on_pause()
  return true
end

local function target_list(queue)
  return is_paused(queue) and queue.paused or queue.wait
end

-- WITH priority_list
-- WITH before_5

-- The push itself wakes a worker that waits on the list.
local function wake() end
local function wake_all() end

-- Late versions of 3 say that they are, and wait for a mark with the time in an empty list. Earlier ones, of which one
-- cannot tell, would take it for a job: there a worker notices a delayed one by itself within ten seconds.
local function marks_times(queue)
  return (redis.call('HGET', queue.meta, 'version') or ''):find('^bullmq:3%.') ~= nil
end

local function wake_at(queue, due)
  if marks_times(queue) and not is_paused(queue) and redis.call('LLEN', queue.wait) == 0 then
    redis.call('LPUSH', queue.wait, '0:' .. string.format('%.0f', due))
  end
  if redis.call('EXISTS', queue.delay) == 1 then
    redis.call('XADD', queue.delay, 'MAXLEN', '~', 100, '*', 'nextTimestamp', string.format('%.0f', due))
  end
end

-- WITH delays
-- WITH flows

local function release_claims(queue, id)
  redis.call('ZREM', queue.priority, id)
end

local function release_many(queue, ids)
  with_all('ZREM', queue.priority, ids)
end

-- WITH many

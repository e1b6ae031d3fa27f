-- BullMQ 4.
--
-- KEYS[1]    base: the start of every key of the queue
-- KEYS[2]    wait       KEYS[3]    paused (list)   KEYS[4]    active     KEYS[5]    delayed   KEYS[6]    completed
-- KEYS[7]    failed     KEYS[8]    stalled         KEYS[9]    repeats    KEYS[10]   meta      KEYS[11]   events
-- KEYS[12]   waiting_children      KEYS[13]   prioritized     KEYS[14]   pc
-- ARGV       see parts/jobs.lua
-- RETURNS    nothing; it only defines
-- ATOMICITY  see each verb

local NAMES = {
  'base', 'wait', 'paused', 'active', 'delayed', 'completed', 'failed', 'stalled', 'repeats', 'meta', 'events',
  'waiting_children', 'prioritized', 'pc',
}
local SETS = { 'completed', 'failed', 'delayed', 'prioritized', 'waiting_children' }
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

-- WITH prioritized
-- WITH before_5

-- Whoever waits on the list has to be told of jobs that are not in it; one marker is enough.
local function mark(queue, marker)
  if not is_paused(queue) and redis.call('LLEN', queue.wait) == 0 then redis.call('LPUSH', queue.wait, marker) end
end

local function wake(queue)
  if redis.call('ZCARD', queue.prioritized) > 0 then mark(queue, '0:0') end
end

local function wake_at(queue, due)
  mark(queue, '0:' .. string.format('%.0f', due))
end

-- After a resume: of delayed jobs the workers know, or a marker that moved with the list tells them.
local wake_all = wake

-- WITH delays
-- WITH flows

-- Deduplication came with 5.
local function release_claims() end
local function release_many() end

-- WITH many

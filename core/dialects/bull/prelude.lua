-- Bull 3 and 4.
--
-- KEYS[1]    base: the start of every key of the queue
-- KEYS[2]    wait       KEYS[3]    paused (list)   KEYS[4]    active     KEYS[5]    delayed   KEYS[6]    completed
-- KEYS[7]    failed     KEYS[8]    stalled         KEYS[9]    repeats    KEYS[10]   meta      KEYS[11]   meta_paused
-- KEYS[12]   priority: scores of the prioritised jobs in the list   KEYS[13]   limited: job id to its group's set
-- ARGV       see parts/jobs.lua
-- RETURNS    nothing; it only defines
-- ATOMICITY  see each verb

local NAMES = {
  'base', 'wait', 'paused', 'active', 'delayed', 'completed', 'failed', 'stalled', 'repeats', 'meta', 'meta_paused',
  'priority', 'limited',
}
local SETS = { 'completed', 'failed', 'delayed' }
local LISTS = { 'wait', 'paused' }
local SUBKEYS = { ':logs' }

-- A worker moves a job to active first and locks it next: without a lock it may be freshly taken.
local LOCKS_AT_ONCE = false

-- WITH jobs
local queues = queues_by_base(NAMES)
local own = queues[KEYS[1]]

local function is_paused(queue)
  return redis.call('EXISTS', queue.meta_paused) == 1
end

-- Both say whether that changed anything. Workers and producers heed meta_paused alone; the field in meta, which
-- some dashboards write on its own, makes Bull's isPaused() say yes.
local function set_paused(queue)
  redis.call('HSET', queue.meta, 'paused', 1)
  return redis.call('SETNX', queue.meta_paused, 1) == 1
end

local function clear_paused(queue)
  return redis.call('DEL', queue.meta_paused) + redis.call('HDEL', queue.meta, 'paused') > 0
end

local function moves_on_pause()
  return true
end

local function target_list(queue)
  return is_paused(queue) and queue.paused or queue.wait
end

-- WITH priority_list

-- Bull announces by publishing, under the name of the event and, for jobs, a token. Removal it does not announce.
local function emit(queue, event, _, id, _, value)
  if event == 'waiting' or event == 'duplicated' then
    redis.call('PUBLISH', queue.base .. event .. '@' .. TOKEN, id)
  elseif event == 'delayed' then
    redis.call('PUBLISH', queue.delayed, value)
  elseif event == 'progress' then
    redis.call('PUBLISH', queue.base .. event, '{"jobId":' .. cjson.encode(id) .. ',"progress":' .. value .. '}')
  elseif event == 'paused' or event == 'resumed' then
    redis.call('PUBLISH', queue.base .. event, event)
  end
end

local function emit_each(queue, event, ids)
  for _, id in ipairs(ids) do
    emit(queue, event, 'jobId', id)
  end
end

-- The push itself wakes a worker that waits on the list, and the message of a delay sets its clock.
local function wake() end
local function wake_at() end
local function wake_all() end
local function pause_workers() end

-- WITH delays

-- No marker stands among the jobs: an id may even begin as one.
local function clear_marker() end
local function is_marker()
  return false
end

-- There are no flows.
local CHILD_KEYS = {}
local function parent_in() end
local function parent_of() end
local function rejoin() end
local function leave() end
local function unfinished_children()
  return 0, 0
end

local function renew(job, reset)
  redis.call('HSET', job, 'retriedOn', string.format('%.0f', NOW))
  if reset then redis.call('HDEL', job, 'attemptsMade') end
end

local function needs_renewal()
  return true
end

local function repeat_key(job)
  local repetition = options_of(job)['repeat']
  local key = type(repetition) == 'table' and repetition.key
  return type(key) == 'string' and key
end

-- What else belongs to the job alone: its place in the list's order, in its group's limit, and its debounce id.
local function release_claims(queue, id, job)
  redis.call('ZREM', queue.priority, id)
  local limited = redis.call('HGET', queue.limited, id)
  if limited and limited:sub(1, #queue.base) == queue.base then redis.call('SREM', limited, id) end
  redis.call('HDEL', queue.limited, id)
  local claim = redis.call('HGET', job, 'deid')
  if claim and redis.call('GET', queue.base .. 'de:' .. claim) == id then
    redis.call('UNLINK', queue.base .. 'de:' .. claim)
  end
end

-- The same for many. Few are `claimed`: have a debounce id.
local function release_many(queue, ids, claimed)
  with_all('ZREM', queue.priority, ids)
  local is_limited = redis.call('EXISTS', queue.limited) == 1
  for _, id in ipairs(is_limited and ids or claimed) do
    release_claims(queue, id, queue.base .. id)
  end
end

-- WITH many

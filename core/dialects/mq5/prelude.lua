-- BullMQ 5 and 6, and their ports to other languages.
--
-- KEYS[1]    base: the start of every key of the queue
-- KEYS[2]    wait       KEYS[3]    paused (list)   KEYS[4]    active     KEYS[5]    delayed   KEYS[6]    completed
-- KEYS[7]    failed     KEYS[8]    stalled         KEYS[9]    repeats    KEYS[10]   meta      KEYS[11]   events
-- KEYS[12]   waiting_children   KEYS[13]   prioritized   KEYS[14]   pc   KEYS[15]   marker
-- ARGV       see parts/jobs.lua
-- RETURNS    nothing; it only defines
-- ATOMICITY  see each verb

local NAMES = {
  'base', 'wait', 'paused', 'active', 'delayed', 'completed', 'failed', 'stalled', 'repeats', 'meta', 'events',
  'waiting_children', 'prioritized', 'pc', 'marker',
}
local SETS = { 'completed', 'failed', 'delayed', 'prioritized', 'waiting_children' }
local LISTS = { 'wait', 'paused' }
local SUBKEYS = { ':logs', ':dependencies', ':processed', ':failed', ':unsuccessful' }

-- A worker takes job and lock in one step, so an active job without a lock was abandoned.
local LOCKS_AT_ONCE = true

-- WITH jobs
local queues = queues_by_base(NAMES)
local own = queues[KEYS[1]]

-- WITH stream

local function moves_on_pause()
  return PAUSES_BY ~= 'flag_only'
end

-- While paused, a job goes where the others are, whoever put them there: with jobs in both lists, a resume by a client
-- of 5 would lose those in wait.
local function target_list(queue)
  if not is_paused(queue) then return queue.wait end
  if redis.call('EXISTS', queue.paused) == 1 then return queue.paused end
  if redis.call('EXISTS', queue.wait) == 1 then return queue.wait end
  return moves_on_pause() and queue.paused or queue.wait
end

-- WITH prioritized

local function wake(queue)
  if not is_paused(queue) then redis.call('ZADD', queue.marker, 0, '0') end
end

local function wake_at(queue, due)
  if not is_paused(queue) then redis.call('ZADD', queue.marker, due, '1') end
end

-- After a resume: workers look at once if anything is ready, else when the next delayed job is due.
local function wake_all(queue)
  if redis.call('LLEN', queue.wait) + redis.call('ZCARD', queue.prioritized) > 0 then return wake(queue) end
  local next_due = redis.call('ZRANGE', queue.delayed, 0, 0, 'WITHSCORES')[2]
  if next_due then wake_at(queue, math.floor(tonumber(next_due) / 4096)) end
end

local function pause_workers(queue)
  redis.call('DEL', queue.marker)
end

-- No marker stands among the jobs.
local function clear_marker() end
local function is_marker()
  return false
end

-- WITH delays
-- WITH flows

-- A count that BullMQ 4 or earlier left takes precedence over atm and never grows: such a job would never exhaust its
-- attempts. It becomes part of atm.
local function renew(job, reset)
  local legacy = number_in(job, 'attemptsMade')
  redis.call('HDEL', job, 'attemptsMade')
  if reset then
    redis.call('HDEL', job, 'atm', 'ats')
  elseif legacy > 0 then
    redis.call('HSET', job, 'atm', string.format('%.0f', number_in(job, 'atm') + legacy))
  end
end

local function needs_renewal(legacy, reset)
  return reset or legacy
end

local function repeat_key(job)
  return redis.call('HGET', job, 'rjk')
end

-- What else belongs to the job alone: its hold on a deduplication id, and the follow-up kept behind it.
local function release_claims(queue, id, job)
  local claim = redis.call('HGET', job, 'deid')
  if claim and redis.call('GET', queue.base .. 'de:' .. claim) == id then
    redis.call('UNLINK', queue.base .. 'de:' .. claim, queue.base .. 'dn:' .. claim)
  end
end

-- The same for many, of which those that are `claimed` have a deduplication id.
local function release_many(queue, _, claimed)
  for _, id in ipairs(claimed) do
    release_claims(queue, id, queue.base .. id)
  end
end

-- WITH many

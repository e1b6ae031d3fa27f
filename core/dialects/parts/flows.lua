-- Parents and children, in every BullMQ that has flows. A child names its parent in its field `parent`.
--
-- KEYS       as named by the prelude: waiting_children, and what enqueue, wake and delay_until use
-- ARGV       none of its own
-- RETURNS    nothing; it only defines
-- ATOMICITY  touches a parent only where its queue stands in KEYS, so never another slot

local CHILD_KEYS = { ':unsuccessful', ':dependencies' }

-- The parent that a job's field names, and its queue where that is among KEYS; nil for a job without.
local function parent_in(raw)
  local named_parent = raw and decoded(raw) or {}
  if type(named_parent.id) ~= 'string' or type(named_parent.queueKey) ~= 'string' then return nil end
  local base = named_parent.queueKey .. ':'
  return { id = named_parent.id, base = base, job = base .. named_parent.id, queue = queues[base] }
end

local function parent_of(job)
  return parent_in(redis.call('HGET', job, 'parent'))
end

-- Children that failed their parent, and children that are still to finish.
local function unfinished_children(job)
  return redis.call('ZCARD', job .. ':unsuccessful'), redis.call('SCARD', job .. ':dependencies')
end

-- The child will run again: its parent has to wait for it, if it waits at all. A failure that failed the parent is
-- taken back in any case, for as long as it stands the parent can never run again.
local function rejoin(parent, child)
  local failed_it = redis.call('ZREM', parent.job .. ':unsuccessful', child) == 1
  local expected = failed_it
  if redis.call('ZSCORE', parent.queue.waiting_children, parent.id) then
    local ignored = redis.call('HDEL', parent.job .. ':failed', child) == 1
    local processed = redis.call('HDEL', parent.job .. ':processed', child) == 1
    expected = failed_it or ignored or processed
  end
  if expected then redis.call('SADD', parent.job .. ':dependencies', child) end
  return expected
end

local function release(parent)
  local queue, delay = parent.queue, number_in(parent.job, 'delay')
  redis.call('ZREM', queue.waiting_children, parent.id)
  if delay > 0 then return delay_until(queue, parent.id, NOW + delay) end
  enqueue(queue, parent.id, number_in(parent.job, 'priority'), true)
  emit(queue, 'waiting', 'jobId', parent.id, 'prev', 'waiting-children')
  wake(queue)
end

-- The child is gone. Returns whether that let the parent go.
local function leave(parent, child)
  redis.call('ZREM', parent.job .. ':unsuccessful', child)
  local was_pending = redis.call('SREM', parent.job .. ':dependencies', child) == 1
  if not was_pending or redis.call('SCARD', parent.job .. ':dependencies') > 0 then return false end
  if not redis.call('ZSCORE', parent.queue.waiting_children, parent.id) then return false end
  release(parent)
  return true
end

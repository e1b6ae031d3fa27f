-- Fail: an active job whose worker is gone becomes failed, for good whatever attempts it had left, and its parent is
-- told as its library's worker would tell it. Nothing is removed, whatever the job's removeOnFail says.
--
-- KEYS       see the prelude
-- ARGV[5]    the run that was seen without a lock some seconds ago, as this script named it; '' at the first look
-- ARGV[6]    1 to take the job from whoever holds it
-- ARGV[7]    the reason
-- ARGV[8]    the field that counts an attempt when it ends; '' where that was counted when it began
-- ARGV[9]    1 where a parent that fails with its child is failed by a worker of its own, 0 where that is done here
-- ARGV[10]   the job's id
-- RETURNS    one of
--            {ok, attempts made, locked, what became of its parent: '' | failed | told | released | failedreleased,
--             1 where its own options would have removed it}
--            {elsewhere, its state or ''}     it is not active
--            {missing} | {ghost, active} | {foreign}  no such job; an id without its hash; the key is no job
--            {locked}                         a worker holds it
--            {fresh, run}                     without a lock, so perhaps just taken: to be looked at again
--            {followed, deduplication id}     a job is kept behind it that only its worker would add
--            {parent, base, parent id, a job's key}   a queue above is not among KEYS; nothing was done
-- ATOMICITY  one step, parents included, and theirs; up to ANCESTORS of them

-- WITH abandoned

local ANCESTORS = 20

-- What a child's failure means to its parent stands in the child, in the words of the version that wrote it.
local function terms_of(child)
  return decoded(redis.call('HGET', child, 'parent') or '')
end

local function concerns(terms)
  return terms.fpof or terms.cpof or terms.idof or terms.rdof
end

local function out_of_reach(child)
  for _ = 1, ANCESTORS do
    local parent, terms = parent_of(child), terms_of(child)
    if not parent or not concerns(terms) then return nil end
    if not parent.queue then return { 'parent', parent.base, parent.id, child } end
    if not terms.fpof or ARGV[9] == '1' then return nil end
    child = parent.job
  end
end

-- The parent's own worker fails it, at once where it only waited for its children, else when it comes to it.
local function leave_to_worker(parent, child)
  if redis.call('SREM', parent.job .. ':dependencies', child) == 0 then return '' end
  redis.call('ZADD', parent.job .. ':unsuccessful', NOW, child)
  if redis.call('ZSCORE', parent.queue.failed, parent.id) or kind_of(parent.job) ~= 'hash' then return '' end
  redis.call('HSET', parent.job, 'defa', 'child ' .. child .. ' failed')
  local is_delayed = redis.call('ZREM', parent.queue.delayed, parent.id) == 1
  if is_delayed then redis.call('HSET', parent.job, 'delay', 0) end
  if is_delayed or redis.call('ZSCORE', parent.queue.waiting_children, parent.id) then release(parent) end
  return 'told'
end

local function fail_too(parent, child)
  if redis.call('ZREM', parent.queue.waiting_children, parent.id) == 0 then return false end
  local reason = 'child ' .. child .. ' failed'
  redis.call('ZADD', parent.queue.failed, NOW, parent.id)
  redis.call('HSET', parent.job, 'failedReason', reason, 'finishedOn', string.format('%.0f', NOW))
  emit(parent.queue, 'failed', 'jobId', parent.id, 'failedReason', reason, 'prev', 'waiting-children')
  return true
end

local function go_on_without(parent, child, terms)
  if redis.call('SISMEMBER', parent.job .. ':dependencies', child) == 0 then return '' end
  if terms.idof or terms.cpof then redis.call('HSET', parent.job .. ':failed', child, ARGV[7]) end
  if not terms.cpof then return leave(parent, child) and 'released' or '' end
  redis.call('SREM', parent.job .. ':dependencies', child)
  if not redis.call('ZSCORE', parent.queue.waiting_children, parent.id) then return '' end
  release(parent)
  return 'released'
end

local function tell_parents(child)
  local became = ''
  for _ = 1, ANCESTORS do
    local parent, terms = parent_of(child), terms_of(child)
    if not parent or not concerns(terms) then return became end
    if not terms.fpof then return became .. go_on_without(parent, child, terms) end
    if ARGV[9] == '1' then return leave_to_worker(parent, child) end
    if not fail_too(parent, child) then return became end
    became, child = 'failed', parent.job
  end
  return became
end

-- A hold without an end lasts as long as the job runs. Returns the id behind which a follow-up is kept.
local function claim_of(job)
  local claim = redis.call('HGET', job, 'deid')
  return claim, claim and redis.call('EXISTS', own.base .. 'dn:' .. claim) == 1
end

local function let_go_of(claim, id)
  local key = own.base .. 'de:' .. claim
  if redis.call('PTTL', key) == -1 and redis.call('GET', key) == id then redis.call('UNLINK', key) end
end

local function count_attempt(job)
  if ARGV[8] == '' then return number_in(job, 'attemptsMade') end
  local made = number_in(job, ARGV[8]) + 1
  redis.call('HSET', job, ARGV[8], string.format('%.0f', made))
  return made
end

-- The library's own count, where its workers keep one.
local function count_failure()
  local metrics = own.base .. 'metrics:failed'
  if kind_of(metrics) == 'hash' then redis.call('HINCRBY', metrics, 'count', 1) end
end

local function tell(id, job, made)
  if not own.events then
    redis.call('PUBLISH', own.base .. 'failed', cjson.encode({ jobId = id, val = ARGV[7] }))
    return
  end
  emit(own, 'failed', 'jobId', id, 'failedReason', ARGV[7], 'prev', 'active')
  if made >= (tonumber(options_of(job).attempts) or 0) then
    emit(own, 'retries-exhausted', 'jobId', id, 'attemptsMade', string.format('%.0f', made))
  end
  local left = redis.call('LLEN', own.wait) + redis.call('LLEN', own.active)
  if own.prioritized then left = left + redis.call('ZCARD', own.prioritized) end
  if left == 0 then emit(own, 'drained') end
end

local function fail(id)
  local job = own.base .. id
  local refused = held(id, job, ARGV[5], ARGV[6] == '1')
  if refused then return refused end
  local claim, followed = claim_of(job)
  if followed then return { 'followed', claim } end
  local beyond = out_of_reach(job)
  if beyond then return beyond end

  local locked = is_locked(job)
  redis.call('ZADD', own.failed, NOW, id)
  redis.call('HSET', job, 'failedReason', ARGV[7], 'finishedOn', string.format('%.0f', NOW))
  redis.call('HDEL', job, 'defa')
  take_from_worker(id, job)
  if claim then let_go_of(claim, id) end
  local made, became = count_attempt(job), tell_parents(job)
  tell(id, job, made)
  count_failure()
  return { 'ok', made, locked and 1 or 0, became, options_of(job).removeOnFail and 1 or 0 }
end

return { fail(ARGV[10]) }

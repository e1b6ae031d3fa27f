-- An active job that is taken from its worker: whether that worker may be alive still, and how the job leaves it.
--
-- KEYS       as named by the prelude: active, stalled
-- ARGV       none; each verb hands over what it was told
-- RETURNS    nothing; it only defines
-- ATOMICITY  reads first: what refuses has changed nothing

-- Tells one run from another: a worker that takes the job anew writes another time.
local function run_of(job)
  return 'since ' .. (redis.call('HGET', job, 'processedOn') or '')
end

-- The refusal where this job is not active, or perhaps not abandoned. `seen` is the run that was seen without a lock
-- some seconds ago.
local function held(id, job, seen, force)
  local kind, is_active = kind_of(job), redis.call('LPOS', own.active, id) ~= false
  local is_stalled = redis.call('SISMEMBER', own.stalled, id) == 1
  if kind == 'none' then return is_active and { 'ghost', 'active' } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if not is_active then return { 'elsewhere', word(whereabouts(own, id)) } end
  if force then return nil end
  if is_locked(job) then return { 'locked' } end
  if LOCKS_AT_ONCE or is_stalled or seen == run_of(job) then return nil end
  return { 'fresh', run_of(job) }
end

local function take_from_worker(id, job)
  redis.call('LREM', own.active, 1, id)
  redis.call('SREM', own.stalled, id)
  redis.call('UNLINK', job .. ':lock')
end

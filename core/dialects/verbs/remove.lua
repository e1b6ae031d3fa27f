-- Remove: jobs and all that is theirs leave Redis; a parent that waited for such a job alone is let go.
--
-- KEYS       see the prelude
-- ARGV[5]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, state, released                   gone; released is 1 if its parent now runs
--            dropped, state                        it was a ghost: an id without its hash
--            missing | nowhere | foreign           no such job; a hash in no state; the key is no job
--            locked                                a worker holds it
--            fresh                                 active without a lock, so perhaps just taken; not seen as stalled
--            scheduler, key                        the next iteration of a scheduler, which would end with it
--            children, number failed, number unfinished
--            parent, base, parent id, the job's key  its parent is not among KEYS; nothing was done
-- ATOMICITY  all ids in one step. One in a list is searched for, from both ends before the middle: 0.3 ms near an end,
--            up to some 15 ms deep in a million

local NEAR = 20000 -- how far a search from the tail goes before one from the head does

-- The pending iteration is the one whose time the scheduler's entry carries.
local function scheduler_of(id, job)
  local due = id:match('^repeat:.+:(%d+)$')
  if not due then return nil end
  local key = repeat_key(job)
  if key then
    return tonumber(redis.call('ZSCORE', own.repeats, key) or -1) == tonumber(due) and key
  end
  return redis.call('ZRANGEBYSCORE', own.repeats, due, due, 'LIMIT', 0, 1)[1]
end

local function refusal(id, job, state)
  if state == 'active' then
    return not LOCKS_AT_ONCE and redis.call('SISMEMBER', own.stalled, id) == 0 and { 'fresh' } or nil
  end
  if state ~= 'completed' and state ~= 'failed' then
    local key = scheduler_of(id, job)
    if key then return { 'scheduler', key } end
  end
  local failed, unfinished = unfinished_children(job)
  if unfinished > 0 then return { 'children', failed, unfinished } end
end

local function taken_from_list(list, id)
  if redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', NEAR) then return redis.call('LREM', list, -1, id) == 1 end
  return redis.call('LREM', list, 1, id) == 1
end

-- Takes the id out of its state and names that; nil when it is in none.
local function taken(id, state)
  if state == 'active' then
    redis.call('SREM', own.stalled, id)
    return redis.call('LREM', own.active, 1, id) == 1 and state
  end
  if state ~= '' then return redis.call('ZREM', own[state], id) == 1 and state end
  for _, name in ipairs(LISTS) do
    if taken_from_list(own[name], id) then return name end
  end
end

local function erase(id, job)
  release_claims(own, id, job)
  redis.call('UNLINK', job)
  for _, suffix in ipairs(SUBKEYS) do
    redis.call('UNLINK', job .. suffix)
  end
end

local function remove(id)
  local job = own.base .. id
  local kind = kind_of(job)
  if kind ~= 'none' and kind ~= 'hash' then return { 'foreign' } end
  if is_locked(job) then return { 'locked' } end
  local state = whereabouts(own, id)
  local refused = kind == 'hash' and refusal(id, job, state)
  if refused then return refused end
  local parent = parent_of(job)
  if parent and not parent.queue and PARENTS ~= 'apart' then return { 'parent', parent.base, parent.id, job } end

  local from = taken(id, state)
  if not from then return { kind == 'hash' and 'nowhere' or 'missing' } end
  local released = parent and parent.queue and leave(parent, job)
  erase(id, job)
  emit(own, 'removed', 'jobId', id, 'prev', word(from))
  return kind == 'hash' and { 'ok', word(from), released and 1 or 0 } or { 'dropped', word(from) }
end

local results = {}
for index = 5, #ARGV do
  results[#results + 1] = remove(ARGV[index])
end
return results

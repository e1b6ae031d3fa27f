-- Reopen a flow: failed parents, whose failed children run again, wait for their children as they did before.
--
-- KEYS       see the prelude; queues of their own parents beside it
-- ARGV[5]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, number unfinished                  it waits for so many children
--            ready                                  it has none left to wait for: retry it
--            elsewhere, its state or ''             it is not failed
--            missing | ghost, state | foreign       no such job; an id without its hash; the key is no job
--            locked                                 somebody holds its lock
--            children, number failed, number unfinished  some children that failed it have not been retried
--            parent, base, parent id, the job's key its parent is not among KEYS; nothing was done
-- ATOMICITY  one step for each job and its parent; some ten calls a job

local function refusal(id, job)
  local kind, state = kind_of(job), set_with(own, id, SETS)
  if kind == 'none' then return state and { 'ghost', word(state) } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if state ~= 'failed' then return { 'elsewhere', word(whereabouts(own, id)) } end
  if is_locked(job) then return { 'locked' } end
  local failed, unfinished = unfinished_children(job)
  if failed > 0 then return { 'children', failed, unfinished } end
  return unfinished == 0 and { 'ready' } or nil
end

local function reopen(id)
  local job = own.base .. id
  local against = refusal(id, job)
  if against then return against end
  local parent = parent_of(job)
  if parent and not parent.queue and PARENTS ~= 'apart' then return { 'parent', parent.base, parent.id, job } end

  redis.call('ZADD', own.waiting_children, string.format('%.0f', NOW), id)
  redis.call('ZREM', own.failed, id)
  redis.call('HDEL', job, 'finishedOn', 'processedOn', 'failedReason', 'defa')
  if needs_renewal(redis.call('HGET', job, 'attemptsMade'), false) then renew(job, false) end
  if parent and parent.queue then rejoin(parent, job) end
  emit(own, 'waiting-children', 'jobId', id, 'prev', 'failed')
  return { 'ok', redis.call('SCARD', job .. ':dependencies') }
end

local results = {}
for index = 5, #ARGV do
  results[#results + 1] = reopen(ARGV[index])
end
return results

-- Retry: finished jobs run again, with their priority and their place (lifo) kept.
--
-- KEYS       see the prelude
-- ARGV[5]    1 to forget the attempts made so far, else 0
-- ARGV[6]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, failed or completed, priority, paused   it waits again; paused is 1 if the queue is
--            elsewhere, its state or ''                  it is neither failed nor completed
--            missing | ghost, state | foreign            no such job; an id without its hash; the key is no job
--            locked                                      somebody holds its lock
--            children, number failed, number unfinished  they come first
--            parent, base, parent id, the job's key      its parent is not among KEYS; nothing was done
-- ATOMICITY  all ids in one step, each enqueued before it leaves its state; a few O(log n) commands each (on Bull a priority may walk the list)

local function retry(id, reset)
  local job, from = own.base .. id, set_with(own, id, { 'failed', 'completed' })
  local kind = kind_of(job)
  if kind == 'none' then return from and { 'ghost', from } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if not from then return { 'elsewhere', word(whereabouts(own, id)) } end
  if is_locked(job) then return { 'locked' } end
  local failed, unfinished = unfinished_children(job)
  if failed + unfinished > 0 then return { 'children', failed, unfinished } end
  local parent = parent_of(job)
  if parent and not parent.queue and PARENTS ~= 'apart' then return { 'parent', parent.base, parent.id, job } end

  local priority = number_in(job, 'priority')
  enqueue(own, id, priority, options_of(job).lifo == true)
  redis.call('ZREM', own[from], id)
  redis.call('HDEL', job, 'finishedOn', 'processedOn', from == 'failed' and 'failedReason' or 'returnvalue')
  renew(job, reset)
  if parent and parent.queue then rejoin(parent, job) end
  emit(own, 'waiting', 'jobId', id, 'prev', from)
  wake(own)
  return { 'ok', from, priority, is_paused(own) and 1 or 0 }
end

local results = {}
for index = 6, #ARGV do
  results[#results + 1] = retry(ARGV[index], ARGV[5] == '1')
end
return results

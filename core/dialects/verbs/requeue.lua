-- Requeue: an active job whose worker is gone waits again, as the next to run: the first among those of its priority.
--
-- KEYS       see the prelude
-- ARGV[5]    the run that was seen without a lock some seconds ago, as this script named it; '' at the first look
-- ARGV[6]    1 to take the job from whoever holds it
-- ARGV[7]    the job's id
-- RETURNS    one of
--            {ok, priority, paused, locked}   it waits; paused is 1 if the queue is, locked if somebody held it
--            {elsewhere, its state or ''}     it is not active
--            {missing} | {ghost, active} | {foreign}  no such job; an id without its hash; the key is no job
--            {locked}                         a worker holds it
--            {fresh, run}                     without a lock, so perhaps just taken: to be looked at again
-- ATOMICITY  one step; enqueued before it leaves active

-- WITH abandoned

local function requeue(id)
  local job = own.base .. id
  local refused = held(id, job, ARGV[5], ARGV[6] == '1')
  if refused then return refused end

  local priority, locked = number_in(job, 'priority'), is_locked(job)
  enqueue_first(own, id, priority)
  take_from_worker(id, job)
  emit(own, 'waiting', 'jobId', id, 'prev', 'active')
  wake(own)
  return { 'ok', priority, is_paused(own) and 1 or 0, locked and 1 or 0 }
end

return { requeue(ARGV[7]) }

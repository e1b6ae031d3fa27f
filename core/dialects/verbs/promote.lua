-- Promote: delayed jobs become ready now, with their priority and their place (lifo) kept.
--
-- KEYS       see the prelude
-- ARGV[5]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, priority, paused              it is ready; paused is 1 if the queue is
--            elsewhere, its state or ''        it is not delayed
--            missing | ghost, state | foreign  no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step, each enqueued before it leaves its state; a few O(log n) commands each (on Bull a priority may walk the list)

local function promote(id)
  local job, is_delayed = own.base .. id, redis.call('ZSCORE', own.delayed, id)
  local kind = kind_of(job)
  if kind == 'none' then return is_delayed and { 'ghost', 'delayed' } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if not is_delayed then return { 'elsewhere', word(whereabouts(own, id)) } end

  local priority = number_in(job, 'priority')
  clear_marker(own)
  enqueue(own, id, priority, options_of(job).lifo == true)
  redis.call('ZREM', own.delayed, id)
  redis.call('HSET', job, 'delay', 0)
  emit(own, 'waiting', 'jobId', id, 'prev', 'delayed')
  wake(own)
  return { 'ok', priority, is_paused(own) and 1 or 0 }
end

local results = {}
for index = 5, #ARGV do
  results[#results + 1] = promote(ARGV[index])
end
return results

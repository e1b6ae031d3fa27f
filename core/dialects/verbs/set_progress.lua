-- Set progress: what a job says of how far it is.
--
-- KEYS       see the prelude
-- ARGV[5]    the progress, JSON, stored as it is
-- ARGV[6]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok                                           it is set, and announced
--            missing | ghost, state | foreign | nowhere   no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step; a few O(log n) commands each

local function set_progress(id, progress)
  local refused = no_job(own, id)
  if refused then return refused end
  redis.call('HSET', own.base .. id, 'progress', progress)
  emit(own, 'progress', 'jobId', id, 'data', progress)
  return { 'ok' }
end

local results = {}
for index = 6, #ARGV do
  results[#results + 1] = set_progress(ARGV[index], ARGV[5])
end
return results

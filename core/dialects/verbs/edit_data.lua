-- Edit data: a job gets other data, unless a worker has it or somebody else was faster.
--
-- KEYS       see the prelude
-- ARGV[5]    the new data, stored as it is
-- ARGV[6]    1 if that may only replace what the person saw, else 0
-- ARGV[7]    the data that the person saw
-- ARGV[8]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, changed                                  changed is 0 if it was so before
--            changed                                      its data is not what was seen
--            locked | elsewhere, active                   a worker has it, and has read its data
--            missing | ghost, state | foreign | nowhere   no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step; data of the expected length goes through the script whole: 1 ms or so for a megabyte

local function holds(job, data)
  return redis.call('HSTRLEN', job, 'data') == #data and (redis.call('HGET', job, 'data') or '') == data
end

local function edit(id, data, seen)
  local job, refused = own.base .. id, no_job(own, id)
  if refused then return refused end
  if is_locked(job) then return { 'locked' } end
  if whereabouts(own, id) == 'active' then return { 'elsewhere', 'active' } end
  if seen and not holds(job, seen) then return { 'changed' } end
  if holds(job, data) then return { 'ok', 0 } end
  redis.call('HSET', job, 'data', data)
  return { 'ok', 1 }
end

local results = {}
for index = 8, #ARGV do
  results[#results + 1] = edit(ARGV[index], ARGV[5], ARGV[6] == '1' and ARGV[7] or nil)
end
return results

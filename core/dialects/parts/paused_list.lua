-- The paused list, into which Bull and BullMQ up to 5 rename the waiting jobs while the queue is paused.
--
-- KEYS       as named by the prelude: wait, paused, meta
-- ARGV       none; each verb hands over how many jobs one call may move by hand
-- RETURNS    nothing; it only defines
-- ATOMICITY  no list is ever renamed onto another, so no job is lost; at most that many jobs a call

-- The next job to run is at the tail: pushed to the head from there on, all keep their order behind the jobs that
-- were paused before.
local function move_behind(limit)
  local ids, jobs = redis.call('LRANGE', own.wait, -limit, -1), {}
  for index = #ids, 1, -1 do
    if not is_marker(ids[index]) then jobs[#jobs + 1] = ids[index] end
  end
  if #jobs > 0 then redis.call('LPUSH', own.paused, unpack(jobs)) end
  redis.call('LTRIM', own.wait, 0, -limit - 1)
  return #jobs
end

-- Where a paused list stands, or the last to claim a version was of before 6, a client works here that looks for jobs in
-- that list, whatever was claimed when we were told how this library pauses.
local function is_set_aside()
  if moves_on_pause() or redis.call('EXISTS', own.paused) == 1 then return true end
  local major = (redis.call('HGET', own.meta, 'version') or ''):match(':(%d+)%.')
  return (tonumber(major) or 6) < 6
end

local function set_aside(limit)
  local waiting = redis.call('LLEN', own.wait)
  if waiting == 0 then return 0 end
  if redis.call('EXISTS', own.paused) == 1 then return move_behind(limit) end
  redis.call('RENAME', own.wait, own.paused)
  return waiting
end

-- The few that wait go behind the many that were paused, and all of them come back by one renaming.
local function bring_all_back(waiting)
  local ids, jobs = redis.call('LRANGE', own.wait, 0, waiting - 1), {}
  for index = #ids, 1, -1 do
    jobs[#jobs + 1] = ids[index]
  end
  if #jobs > 0 then redis.call('LPUSH', own.paused, unpack(jobs)) end
  redis.call('RENAME', own.paused, own.wait)
end

-- From the head: each piece goes behind the former, so at the end the paused jobs stand at the tail, in their order.
local function bring_some_back(limit)
  local ids = redis.call('LRANGE', own.paused, 0, limit - 1)
  if #ids == 0 then return 0 end
  redis.call('RPUSH', own.wait, unpack(ids))
  redis.call('LTRIM', own.paused, #ids, -1)
  return #ids
end

local function bring_back(limit)
  local waiting, aside = redis.call('LLEN', own.wait), redis.call('LLEN', own.paused)
  if aside <= limit or waiting > limit then return bring_some_back(limit) end
  bring_all_back(waiting)
  return aside
end

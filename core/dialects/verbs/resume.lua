-- Resume: workers take jobs again. Jobs in the legacy paused list come back in front of those that wait; no list is
-- renamed onto another, so none is lost.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs one call may move by hand
-- ARGV[6]    first, or rest for the calls that go on moving
-- RETURNS    {1 if it was paused before, else 0, jobs moved, jobs still to be moved by the next call}; a later call
--            moves nothing when somebody has paused again meanwhile
-- ATOMICITY  flag and jobs in one step unless both lists are longer than ARGV[5]; then at most that many jobs a call,
--            and until the last one some jobs run before others that are older

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

local first = ARGV[6] == 'first'
if not first and is_paused(own) then return { 0, 0, redis.call('LLEN', own.paused) } end
local changed = first and clear_paused(own)
local moved = bring_back(tonumber(ARGV[5]))
wake_all(own)
if changed then emit(own, 'resumed') end
return { changed and 1 or 0, moved, redis.call('LLEN', own.paused) }

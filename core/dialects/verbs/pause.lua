-- Pause: no worker takes another job. Where the library renames its list, the jobs move there, and none is ever lost:
-- no list is renamed onto another.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs one call may move by hand
-- RETURNS    {1 if it was not paused before, else 0, jobs moved, jobs still to be moved by the next call}
-- ATOMICITY  flag and renaming in one step; where both lists exist, at most ARGV[5] jobs a call

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

local function set_aside(limit)
  local waiting = redis.call('LLEN', own.wait)
  if waiting == 0 then return 0 end
  if redis.call('EXISTS', own.paused) == 1 then return move_behind(limit) end
  redis.call('RENAME', own.wait, own.paused)
  return waiting
end

local changed = set_paused(own)
pause_workers(own)
local moved, left = 0, 0
if moves_on_pause() then
  moved = set_aside(tonumber(ARGV[5]))
  left = redis.call('LLEN', own.wait)
end
if changed then emit(own, 'paused') end
return { changed and 1 or 0, moved, left }

-- Pause: no worker takes another job. Where the library renames its list, the jobs move there, and none is ever lost:
-- no list is renamed onto another.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs one call may move by hand
-- RETURNS    {1 if it was not paused before, else 0, jobs moved, jobs still to be moved by the next call}
-- ATOMICITY  flag and renaming in one step; where both lists exist, at most ARGV[5] jobs a call

-- WITH paused_list

local changed = set_paused(own)
pause_workers(own)
local moved, left = 0, 0
if is_set_aside() then
  moved = set_aside(tonumber(ARGV[5]))
  left = redis.call('LLEN', own.wait)
end
if changed then emit(own, 'paused') end
return { changed and 1 or 0, moved, left }

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

-- WITH paused_list

local first = ARGV[6] == 'first'
if not first and is_paused(own) then return { 0, 0, redis.call('LLEN', own.paused) } end
local changed = first and clear_paused(own)
local moved = bring_back(tonumber(ARGV[5]))
wake_all(own)
if changed then emit(own, 'resumed') end
return { changed and 1 or 0, moved, redis.call('LLEN', own.paused) }

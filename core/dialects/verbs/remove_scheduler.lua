-- Remove scheduler: it makes no more jobs; the one that stands for its next run goes with it while it is delayed.
--
-- KEYS       see the prelude
-- ARGV[5]    its key: the member of the register
-- ARGV[6]    what the ids of its iterations begin with
-- RETURNS    { 1 if it was there, else 0; 1 if a delayed iteration went with it, else 0 }
-- ATOMICITY  a few O(log n) commands

-- WITH iterations

local key, prefix = ARGV[5], ARGV[6]
local due = due_of(key)
if not due then return { 0, 0 } end
local dropped = drop_delayed(prefix .. ':' .. due)
redis.call('ZREM', own.repeats, key)
redis.call('UNLINK', hash_of(key))
return { 1, dropped and 1 or 0 }

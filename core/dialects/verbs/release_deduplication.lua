-- Release deduplication: a deduplication id is free, and the next job with it is added. A follow-up that is kept behind
-- the job that held it stays, and is added when that job ends: it is somebody's work.
--
-- KEYS       see the prelude
-- ARGV[5]    the deduplication id
-- RETURNS    {ok, the id of the job that held it, 1 if a follow-up is kept} | {missing}
-- ATOMICITY  one step

local key = own.base .. 'de:' .. ARGV[5]
local holder = redis.call('GET', key)
if not holder then return { { 'missing' } } end
redis.call('UNLINK', key)
return { { 'ok', holder, redis.call('EXISTS', own.base .. 'dn:' .. ARGV[5]) } }

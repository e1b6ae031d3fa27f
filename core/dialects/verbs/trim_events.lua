-- Trim events: the oldest go until so many are left. How many the library keeps by itself is not touched.
--
-- KEYS       see the prelude
-- ARGV[5]    how many are to be left
-- ARGV[6]    about: only whole nodes of the stream go, which costs little; exactly: the rest
-- RETURNS    {events gone, events left}
-- ATOMICITY  about takes at most AT_ONCE events a call; exactly is for what about has left over, less than a node

local AT_ONCE = 10000

local gone = 0
if redis.call('EXISTS', own.events) == 1 then
  if ARGV[6] == 'about' then
    gone = redis.call('XTRIM', own.events, 'MAXLEN', '~', ARGV[5], 'LIMIT', AT_ONCE)
  else
    gone = redis.call('XTRIM', own.events, 'MAXLEN', ARGV[5])
  end
end
return { gone, redis.call('EXISTS', own.events) == 1 and redis.call('XLEN', own.events) or 0 }

-- Keys: the fields of a large hash without their values, which are children's results and may be of any size.
--
-- KEYS[1]    the hash
-- ARGV[1]    where the scan stands: 0 at first
-- ARGV[2]    about how many are wanted
-- RETURNS    {where it stands then, 0 at the end; the fields}
-- ATOMICITY  reads only; half a millisecond for 500 short values, and a copy of each value inside Redis

local scanned = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local fields = {}
for index = 1, #scanned[2], 2 do
  fields[#fields + 1] = scanned[2][index]
end
return { scanned[1], fields }

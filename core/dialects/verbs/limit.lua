-- Limit: how many jobs a queue runs at once, or within a time, in the fields of its meta that its workers read.
--
-- KEYS       see the prelude
-- ARGV[5]    and all that follow, by twos: a field of meta, and its value, or '' to lift that limit
-- RETURNS    {1 if any of them was otherwise before, else 0}
-- ATOMICITY  one step; idle workers look again at once

local changed = 0
for index = 5, #ARGV, 2 do
  local field, value = ARGV[index], ARGV[index + 1]
  if (redis.call('HGET', own.meta, field) or '') ~= value then
    changed = 1
    if value == '' then
      redis.call('HDEL', own.meta, field)
    else
      redis.call('HSET', own.meta, field, value)
    end
  end
end
if changed == 1 then wake_all(own) end
return { changed }

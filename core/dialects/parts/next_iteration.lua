-- The job that stands for a scheduler's next run.
--
-- KEYS       as named by the prelude: repeats
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  reads only; a few O(log n) commands

-- The scheduler's key; false or nil for any other job. The pending iteration is the one whose time its entry carries.
local function scheduler_of(id, job)
  if id:sub(1, 7) ~= 'repeat:' then return nil end
  local due = id:match('^repeat:.+:(%d+)$')
  if not due then return nil end
  local key = repeat_key(job)
  if key then
    return tonumber(redis.call('ZSCORE', own.repeats, key) or -1) == tonumber(due) and key
  end
  return redis.call('ZRANGEBYSCORE', own.repeats, due, due, 'LIMIT', 0, 1)[1]
end

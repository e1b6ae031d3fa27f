-- BullMQ up to 4: workers wait on the list itself, and a marker in it, which is no job, wakes them for something else.
--
-- KEYS       as named by the prelude: wait, paused, meta
-- ARGV       none
-- RETURNS    nothing; it only defines
-- ATOMICITY  a few O(1) commands

-- '0' in 2.x, '0:<due ms>' from 3.1.3 on, '0:0' in 4.x; no job may be called so.
local function is_marker(id)
  return id == '0' or id:sub(1, 2) == '0:'
end

-- A marker that stands for a job which is pushed now has done its duty.
local function clear_marker(queue)
  local newest = redis.call('LINDEX', target_list(queue), 0)
  if newest and is_marker(newest) then redis.call('LPOP', target_list(queue)) end
end

local function pause_workers() end

-- atm and ats are of 5: they are there if the job once ran on it.
local function renew(job, reset)
  if reset then redis.call('HDEL', job, 'attemptsMade', 'atm', 'ats') end
end

local function needs_renewal(_, reset)
  return reset
end

local function repeat_key(job)
  return redis.call('HGET', job, 'rjk')
end

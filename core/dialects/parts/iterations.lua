-- The jobs that schedulers and repeatables make: the one that stands for the next run, and the others.
--
-- KEYS       as named by the prelude: repeats, delayed, and what release_claims and new_job use
-- ARGV       none of its own
-- RETURNS    nothing; it only defines
-- ATOMICITY  a few O(log n) commands; a list is searched near both its ends only

local NEAR_ENDS = 20000 -- how far a list is searched for an iteration that waits in line

local function due_of(key)
  return redis.call('ZSCORE', own.repeats, key)
end

local function hash_of(key)
  return own.repeats .. ':' .. key
end

-- ms as text: tostring would lose digits.
local function written(ms)
  return string.format('%.0f', ms)
end

local function erase(id)
  local job = own.base .. id
  local keys = { job, job .. ':lock' }
  for _, suffix in ipairs(SUBKEYS) do
    keys[#keys + 1] = job .. suffix
  end
  release_claims(own, id, job)
  redis.call('UNLINK', unpack(keys))
end

-- Whether it was delayed, and is gone now. As in the libraries, one that is in line already stays and runs.
local function drop_delayed(id)
  if redis.call('ZREM', own.delayed, id) == 0 then return false end
  erase(id)
  emit(own, 'removed', 'jobId', id, 'prev', 'delayed')
  return true
end

-- The list near whose ends it stands, if any.
local function list_with(id)
  for _, name in ipairs(LISTS) do
    local list = own[name]
    if redis.call('LPOS', list, id, 'MAXLEN', NEAR_ENDS) or redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', NEAR_ENDS) then
      return list
    end
  end
end

local function exists(id)
  return redis.call('EXISTS', own.base .. id) == 1
end

-- A job's place in the lists in which jobs wait, and how it leaves them.
--
-- KEYS       as named by the prelude: LISTS, and on Bull and BullMQ up to 3 priority
-- ARGV       none; each verb hands over what it was told
-- RETURNS    nothing; it only defines
-- ATOMICITY  a list is searched near both its ends; one deep in it costs the walk there from the nearer end: up to some
--            8 ms in the middle of a million

local NEAR = 20000 -- how far a list is searched from either end for a job whose place nobody knows
local SLACK = 1000 -- how far one may have moved towards either end since its place was read

local function found_near(list, id, place)
  local first = math.max(0, place - SLACK)
  local members = redis.call('LRANGE', list, -place - SLACK - 1, -first - 1)
  for at = #members, 1, -1 do
    if members[at] == id then return redis.call('LLEN', list) - first - 1 - (#members - at) end
  end
end

local function index_in(name, id, known, place)
  local list = own[name]
  if known ~= '' then return name == known and found_near(list, id, tonumber(place)) end
  return redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', NEAR) or redis.call('LPOS', list, id, 'MAXLEN', NEAR)
end

-- Takes the id out of the list that it waits in, and names that; or else the lists that were not searched through.
-- `known` is the list in which it was found, or ''; `place` how many stood nearer its tail.
local function taken(id, known, place)
  local deep = {}
  for _, name in ipairs(LISTS) do
    local index, length = index_in(name, id, known, place), redis.call('LLEN', own[name])
    if index then
      redis.call('LREM', own[name], index < length / 2 and 1 or -1, id)
      if own.priority then redis.call('ZREM', own.priority, id) end
      return name
    end
    if known == '' and length > 2 * NEAR then deep[#deep + 1] = name end
  end
  return nil, deep
end

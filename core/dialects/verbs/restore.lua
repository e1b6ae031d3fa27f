-- Restore: jobs that were removed are there again, field for field, in the state and at the place where they were.
--
-- KEYS       see the prelude
-- ARGV[5]    how many jobs follow; for each: the key of its state, its score there ('' in a list), in a list how many
--            stood nearer the tail ('' where nobody knows), its score in the list's order of priorities or '', how many
--            texts its fields are, how many lines its log has; then those texts, name and value in turn, and those lines
-- ARGV       at last, for each, its id
-- RETURNS    for each job, in order, one of
--            ok, anew           it is there; anew is 1 if it went behind all others, its place being too far or not known
--            taken              something has that id, or stands there, again
-- ATOMICITY  all jobs in one step, each in line before it is stored; a place in a list moves at most NEAR ids

local NEAR = 1000 -- so many are lifted off the tail and put back at most
local LISTED = { wait = true, paused = true }

local function is_listed(list, id)
  return redis.call('LPOS', list, id, 'MAXLEN', NEAR) or redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', NEAR)
end

local function is_free(id)
  local job = own.base .. id
  if redis.call('EXISTS', job, job .. ':logs', job .. ':lock') > 0 or whereabouts(own, id) ~= '' then return false end
  return not is_listed(own.wait, id) and not is_listed(own.paused, id)
end

-- To the left of those that ran before it.
local function put_back(list, place, id)
  if not place or place > NEAR then
    redis.call('LPUSH', list, id)
    return 1
  end
  if place == 0 then
    redis.call('RPUSH', list, id)
    return 0
  end
  local sooner = redis.call('LRANGE', list, -place, -1)
  redis.call('LTRIM', list, 0, -#sooner - 1)
  redis.call('RPUSH', list, id, unpack(sooner))
  return 0
end

local function stand(id, state, score, place, order)
  if LISTED[state] then
    clear_marker(own)
    if order ~= '' and own.priority then redis.call('ZADD', own.priority, order, id) end
    return put_back(target_list(own), tonumber(place), id)
  end
  redis.call('ZADD', own[state], score, id)
  return 0
end

-- Who is to run is announced, as if it were new; what has ended was announced when it did.
local function announce(id, state, score)
  if state == 'delayed' then
    announce_delay(own, id, math.floor(tonumber(score) / SCORE_UNIT))
  elseif LISTED[state] or state == 'prioritized' then
    emit(own, 'waiting', 'jobId', id)
    wake(own)
  end
end

local function restore(id, at)
  local state, score, place, order, texts, lines = unpack(ARGV, at, at + 5)
  local first = at + 6
  local behind = first + tonumber(texts)
  if not is_free(id) then return { 'taken' } end
  local anew = stand(id, state, score, place, order)
  redis.call('HSET', own.base .. id, unpack(ARGV, first, behind - 1))
  if tonumber(lines) > 0 then with_all('RPUSH', own.base .. id .. ':logs', { unpack(ARGV, behind, behind + lines - 1) }) end
  announce(id, state, score)
  return { 'ok', anew }
end

local results, jobs, at = {}, tonumber(ARGV[5]), 6
for index = 1, jobs do
  results[index] = restore(ARGV[#ARGV - jobs + index], at)
  at = at + 6 + tonumber(ARGV[at + 4]) + tonumber(ARGV[at + 5])
end
return results

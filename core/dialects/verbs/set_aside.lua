-- Set aside: a job that moves to another queue leaves its state, so that no worker takes it on the way, and it is written
-- on it where it goes. Whoever comes second finds that, and goes on with it.
--
-- KEYS       see the prelude
-- ARGV[5]    the mark to write: where it goes, and as which job
-- ARGV[6]    the mark that it may replace, or '' where there may be none
-- ARGV[7]    SHA-1 of its data, options, priority and of when it ran, as they were read, each on a line
-- ARGV[8]    1 if it may have completed or failed: moved, it runs again
-- ARGV[9]    the list, by its key's suffix, in which it was found, or '' to look near the ends of both
-- ARGV[10]   how many stood nearer that list's tail
-- ARGV[11]   and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, state, due                    it is set aside; due is when it would have run, in ms, if it was delayed, else 0
--            marked, mark, state, due          it has another mark, which stays
--            changed                           it is not as it was read
--            locked | elsewhere, state         a worker holds it; it is active, waits for children, or is finished and may not be
--            scheduler, key                    the next iteration of a scheduler
--            related, child or parent          it is one of a flow
--            claimed, deduplication id         it holds that id
--            deep, lists...                    it is far from both ends of these lists, if at all: find its place first
--            missing | ghost, state | foreign | nowhere   no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step; 1 or 2 ms for a megabyte of data, and see parts/line.lua for one deep in a list

local MARK, CAME_FROM = 'movingTo', 'movingFrom'
local FINISHED = { completed = true, failed = true }

-- WITH next_iteration
-- WITH line

local aside = own.base .. 'tickbird:moving'

local function digest(job)
  local raw = redis.call('HMGET', job, 'data', 'opts', 'priority', 'processedOn', 'finishedOn')
  for index = 1, #raw do
    raw[index] = raw[index] or ''
  end
  return redis.sha1hex(table.concat(raw, '\n'))
end

local function relation(job)
  if (redis.call('HGET', job, 'parent') or '') ~= '' or (redis.call('HGET', job, 'parentKey') or '') ~= '' then
    return 'child'
  end
  for _, suffix in ipairs(SUBKEYS) do
    if suffix ~= ':logs' and redis.call('EXISTS', job .. suffix) == 1 then return 'parent' end
  end
end

local function claim(id, job)
  local claimed = redis.call('HGET', job, 'deid')
  return claimed and redis.call('GET', own.base .. 'de:' .. claimed) == id and claimed
end

local function obstacle(id, job, state)
  if is_locked(job) then return { 'locked' } end
  if state == 'active' or state == 'waiting_children' or FINISHED[state] and ARGV[8] ~= '1' then return { 'elsewhere', word(state) } end
  local related, claimed = relation(job), claim(id, job)
  if related then return { 'related', related } end
  if claimed then return { 'claimed', claimed } end
  local key = not FINISHED[state] and scheduler_of(id, job)
  if key then return { 'scheduler', key } end
  if digest(job) ~= ARGV[7] then return { 'changed' } end
end

-- The state that it leaves, and when it was due; or else the lists that were not searched through.
local function left(id, state)
  if state == '' then return taken(id, ARGV[9], ARGV[10]) end
  local due = state == 'delayed' and math.floor(tonumber(redis.call('ZSCORE', own.delayed, id)) / SCORE_UNIT) or 0
  redis.call('ZREM', own[state], id)
  return state, due
end

local function whence(job)
  local state, due = (redis.call('HGET', job, CAME_FROM) or ''):match('^(.-) (%d+)$')
  return state or '', due or '0'
end

local function set_aside(id)
  local job = own.base .. id
  local kind, state = kind_of(job), whereabouts(own, id)
  if kind == 'none' then return state ~= '' and { 'ghost', word(state) } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  local stands = redis.call('HGET', job, MARK)
  if stands and state == '' and redis.call('ZSCORE', aside, id) then
    if stands ~= ARGV[6] then return { 'marked', stands, whence(job) } end
    redis.call('HSET', job, MARK, ARGV[5])
    return { 'ok', whence(job) }
  end
  local against = obstacle(id, job, state)
  if against then return against end
  redis.call('ZCARD', aside)
  local from, more = left(id, state)
  if not from then return #more > 0 and { 'deep', unpack(more) } or { 'nowhere' } end
  release_claims(own, id, job)
  local due = string.format('%.0f', type(more) == 'number' and more or 0)
  redis.call('HSET', job, MARK, ARGV[5], CAME_FROM, word(from) .. ' ' .. due)
  redis.call('ZADD', aside, NOW, id)
  return { 'ok', word(from), due }
end

local results = {}
for index = 11, #ARGV do
  results[#results + 1] = set_aside(ARGV[index])
end
return results

-- Upsert scheduler: a job scheduler of BullMQ is made or changed, and the job for its next run made anew.
--
-- KEYS       see the prelude
-- ARGV[5]    wishes as JSON, all numbers in ms:
--            name, prefix        the name of its jobs; what the ids of its iterations begin with
--            mode                create: only if it is not there; edit: only if it is
--            next                when it runs next, for one with a pattern
--            every, start, offset   for one that runs every so often; offset is 0 where none is wished
--            priority, lifo      where a job goes that is due at once
--            dated               1 where iterations say for when they were made
-- ARGV[6]    the data of its jobs, as JSON
-- ARGV[7]    its template's options as JSON, or ''
-- ARGV[8]    an iteration's options as JSON, but for what is only known here: up to and with `"repeat":{…` unclosed
-- ARGV[9]    the JSON text of `prefix`, without its closing quote
-- ARGV[10]   its deduplication id, or ''
-- ARGV[11]   and all that follow: further fields of its hash, and their values; last of all its id
-- RETURNS    one of
--            ok, iteration, due, paused   paused is 1 if the queue is
--            exists | missing             against the mode
--            busy                         the times it would run at are taken by other jobs
-- ATOMICITY  one step; a few O(log n) commands, and where its iteration waits in line the walk to it

-- WITH iterations
-- WITH new_job

local SLOTS = 32
local wish = cjson.decode(ARGV[5])
local scheduler, data = ARGV[#ARGV], ARGV[6]
local key, due = hash_of(scheduler), tonumber(due_of(scheduler) or nil)

local function aligned(every, offset)
  local slot = math.floor(NOW / every) * every + offset
  return slot <= NOW and slot + every or slot
end

-- When one that runs every so often runs next, and its offset.
local function next_slot(since)
  local at
  if since then
    at = since + wish.every
    if at < NOW then at = aligned(wish.every, wish.offset) end
  elseif wish.start then
    at = math.max(wish.start, NOW)
  else
    at = wish.offset > 0 and aligned(wish.every, wish.offset) or NOW
  end
  return at, wish.offset > 0 and wish.offset or at % wish.every
end

-- Where the job stands that is to be replaced: delayed, prioritized, or the list that holds it.
local function place_of(id)
  if not exists(id) then return nil end
  return set_with(own, id, { 'delayed', 'prioritized' }) or list_with(id)
end

local function take_away(id, place)
  if place == 'delayed' or place == 'prioritized' then
    redis.call('ZREM', own[place], id)
  else
    redis.call('LREM', place, 1, id)
  end
  erase(id)
end

-- The first time from `at` on that no other job of it has; nothing where too many are taken.
local function free_slot(at, current)
  for _ = 0, wish.every and SLOTS or 0 do
    local id = wish.prefix .. ':' .. written(at)
    if id == current or not exists(id) then return at end
    at = at + (wish.every or 0)
  end
end

local function store(at, offset)
  local kept, counted = redis.call('HGET', key, 'offset'), redis.call('HGET', key, 'ic')
  redis.call('DEL', key)
  local fields = { 'name', wish.name, 'ic', counted or '1' }
  for index = 11, #ARGV - 1 do
    fields[#fields + 1] = ARGV[index]
  end
  offset = offset and written(offset) or kept
  if offset then
    fields[#fields + 1], fields[#fields + 2] = 'offset', offset
  end
  if ARGV[7] ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'opts', ARGV[7]
  end
  if data ~= '{}' then
    fields[#fields + 1], fields[#fields + 2] = 'data', data
  end
  redis.call('ZADD', own.repeats, at, scheduler)
  redis.call('HSET', key, unpack(fields))
end

local function options(at, delay)
  local offset = wish.every and wish.offset > 0 and ',"offset":' .. written(wish.offset) or ''
  local rest = '},"jobId":' .. ARGV[9] .. ':' .. written(at) .. '","delay":' .. written(delay)
  return ARGV[8] .. offset .. rest .. (wish.dated and ',"prevMillis":' .. written(at) or '') .. '}'
end

local function upsert()
  local current = due and wish.prefix .. ':' .. written(due)
  local place = current and place_of(current)
  local at, offset = wish.next, 0
  if wish.every then
    local is_same = tonumber(redis.call('HGET', key, 'every') or nil) == wish.every
    at, offset = next_slot(is_same and due or nil)
    if place and is_same then at = due end
  end
  at = free_slot(at, place and current)
  if not at then return { 'busy' } end

  if place then take_away(current, place) end
  store(at, not place and offset or (wish.offset > 0 and wish.offset) or nil)
  local delay, id = math.max(0, at - NOW), wish.prefix .. ':' .. written(at)
  local when = delay > 0 and NOW + delay or 0
  add(id, wish.name, data, options(at, delay), written(NOW), written(when), written(delay), wish.priority, wish.lifo)
  redis.call('HSET', own.base .. id, 'rjk', scheduler)
  if ARGV[10] ~= '' then redis.call('HSET', own.base .. id, 'deid', ARGV[10]) end
  return { 'ok', id, written(at), is_paused(own) and 1 or 0 }
end

if wish.mode == 'create' and due then return { { 'exists' } } end
if wish.mode == 'edit' and not due then return { { 'missing' } } end
return { upsert() }

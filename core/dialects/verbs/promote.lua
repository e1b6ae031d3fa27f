-- Promote: delayed jobs become ready now, with their priority and their place (lifo) kept.
--
-- KEYS       see the prelude
-- ARGV[5]    wishes as JSON: cutoff and youngest, ms: those added or run since, or added since, stay; brief
-- ARGV[6]    and all that follow: job ids
-- RETURNS    brief: at last, how many microseconds it took. For each id, in order, one of
--            ok, priority, paused              it is ready; paused is 1 if the queue is. Brief: a mere ok
--            elsewhere, its state or ''        it is not delayed
--            missing | ghost, state | foreign  no such job; an id without its hash; the key is no job
--            new | young                       added or run since then
-- ATOMICITY  all ids in one step: they are enqueued, then leave their state. Three calls and some 7 microseconds a job (on
--            Bull a priority may walk the list)

local FIELDS = { 'opts', 'priority', 'timestamp', 'processedOn' }
local ADDED, RAN = 3, 4
local wishes = cjson.decode(ARGV[5])
local paused = is_paused(own) and 1 or 0

local function refusal(at)
  local kind = kind_at(at)
  if kind == 'none' then return from[at] and { 'ghost', 'delayed' } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if not from[at] then return { 'elsewhere', word(whereabouts(own, ids[at])) } end
  return outside(wishes, facts[at][ADDED], facts[at][RAN])
end

local function promote(chosen)
  clear_marker(own)
  enqueue_all(own, chosen)
  local leaving = ids_at(chosen)
  with_all('ZREM', own.delayed, leaving)
  for _, at in ipairs(chosen) do
    redis.call('HSET', jobs[at], 'delay', 0)
  end
  emit_each(own, 'waiting', leaving, 'delayed')
  wake(own)
end

local function done(at)
  return wishes.brief and 'ok' or { 'ok', priority_at(at), paused }
end

take_up(6, {})
find_in_set('delayed')
read_facts_and_options(FIELDS)
return settled(refusal, promote, done, wishes.brief)

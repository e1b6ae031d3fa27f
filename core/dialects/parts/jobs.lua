-- Jobs and queues in any dialect. The prelude has named its KEYS (NAMES) and its sorted sets of jobs (SETS) before.
--
-- KEYS       equal groups, named by the dialect's prelude: first the queue acted on, then queues of parents in its slot
-- ARGV[1]    now, ms since the epoch
-- ARGV[2]    a token for Bull's channels, never empty
-- ARGV[3]    how this queue's library pauses: rename_merge or flag_only
-- ARGV[4]    parents outside KEYS: ask (the job is left alone and its parent named) or apart (seen to by another call)
-- RETURNS    nothing; it only defines
-- ATOMICITY  reads and writes nothing by itself

local unpack = unpack or table.unpack
local NOW, TOKEN, PAUSES_BY, PARENTS = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

-- Options are decoded on the way; one swollen beyond any real job's is not worth holding up Redis for.
local OPTIONS_LIMIT = 65536

-- Lua passes no more than 7,999 values at once. An even number, so that pairs stay together.
local MOST_ARGUMENTS = 4000

-- Calls `act` with all values, in as many pieces as it takes.
local function in_pieces(values, act)
  for first = 1, #values, MOST_ARGUMENTS do
    act(unpack(values, first, math.min(first + MOST_ARGUMENTS - 1, #values)))
  end
end

-- A command on this key that takes all these values as its last arguments.
local function with_all(command, key, values)
  in_pieces(values, function(...)
    redis.call(command, key, ...)
  end)
end

local function named(names, first)
  local queue = {}
  for index, name in ipairs(names) do
    queue[name] = KEYS[first + index - 1]
  end
  return queue
end

local function queues_by_base(names)
  local queues = {}
  for first = 1, #KEYS, #names do
    queues[KEYS[first]] = named(names, first)
  end
  return queues
end

-- 'hash' for a job, 'none' for a ghost: an id whose hash is gone.
local function kind_of(job)
  return redis.call('TYPE', job).ok
end

local function is_locked(job)
  return redis.call('EXISTS', job .. ':lock') == 1
end

local function decoded(raw)
  local fine, value = pcall(cjson.decode, raw)
  return fine and type(value) == 'table' and value or {}
end

local function options_of(job)
  local size = redis.call('HSTRLEN', job, 'opts')
  if size == 0 or size > OPTIONS_LIMIT then return {} end
  return decoded(redis.call('HGET', job, 'opts'))
end

-- A field's text as a whole number from 0 to 2^53, whatever somebody wrote there: it may not fail a script half-way.
local function whole(raw)
  local number = tonumber(raw or 0) or 0
  return number >= 1 and math.min(math.floor(number), 9007199254740992) or 0
end

local function number_in(job, field)
  return whole(redis.call('HGET', job, field))
end

-- The first of these sorted sets that holds the id.
local function set_with(queue, id, names)
  for _, name in ipairs(names) do
    if redis.call('ZSCORE', queue[name], id) then return name end
  end
end

-- Where a job is, as far as one can tell without searching the long lists; '' if not at all.
local function whereabouts(queue, id)
  local set = set_with(queue, id, SETS)
  if set then return set end
  return redis.call('LPOS', queue.active, id, 'MAXLEN', 10000) and 'active' or ''
end

-- The library's own word for a state.
local function word(state)
  return (state:gsub('_', '-'))
end

-- Why nothing can be written to this job; nil where it is one, in whatever state. A scheduler, and what a late worker
-- left of a job that was removed, are hashes too, but have no timestamp; and one that is set aside, on its way to
-- another queue, is no job of this one any more.
local function no_job(queue, id)
  local job = queue.base .. id
  local kind, state = kind_of(job), whereabouts(queue, id)
  if kind == 'none' then return state ~= '' and { 'ghost', word(state) } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if state ~= '' then return nil end
  if redis.call('HEXISTS', job, 'timestamp') == 0 or redis.call('HEXISTS', job, 'movingTo') == 1 then
    return { 'nowhere' }
  end
end

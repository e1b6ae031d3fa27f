-- Many jobs in one script: what can be asked or done once for all is, because a call costs Redis more than most of what
-- it does. A job is known by its position; lists of jobs are lists of positions.
--
-- KEYS       as named by the prelude
-- ARGV       the ids, from where the verb says on
-- RETURNS    nothing; it only defines
-- ATOMICITY  a job that is held, by a lock or by children, is seen to after all the others, as if alone

-- Redis' own time in microseconds: what passes between our call and its answer depends on how busy we are, too. Newer
-- servers stop TIME for a script and have a clock instead; where neither runs, nothing is told.
local function microseconds()
  local has_clock, clock = pcall(function()
    return os.clock() * 1000000
  end)
  if has_clock then return clock end
  local now = redis.call('TIME')
  return now[1] * 1000000 + now[2]
end

local STARTED = microseconds()

-- By position: a job's id, its key, the state in which it was found, the fields read of it, and whether it is held.
local ids, jobs, from, facts, held = {}, {}, {}, {}, {}
-- Where these stand among the facts of jobs that are to run.
local OPTIONS, PRIORITY = 1, 2

local function any_exists(keys)
  local found = 0
  in_pieces(keys, function(...)
    found = found + redis.call('EXISTS', ...)
  end)
  return found > 0
end

-- Takes the ids of ARGV from `first` on. Keys with these suffixes hold a job.
local function take_up(first, suffixes)
  local base, keys, size = own.base, {}, #suffixes
  for at = 1, #ARGV - first + 1 do
    local id = ARGV[first + at - 1]
    local job = base .. id
    ids[at], jobs[at] = id, job
    for index = 1, size do
      keys[(at - 1) * size + index] = job .. suffixes[index]
    end
  end
  if not any_exists(keys) then return end
  for at = 1, #ids do
    held[at] = any_exists({ unpack(keys, (at - 1) * size + 1, at * size) })
  end
end

-- Notes which of the jobs this sorted set holds.
local function find_in_set(state)
  local at = 0
  in_pieces(ids, function(...)
    local scores = redis.call('ZMSCORE', own[state], ...)
    for index = 1, #scores do
      at = at + 1
      if scores[index] and not from[at] then from[at] = state end
    end
  end)
end

-- Reads these fields of every job.
local function read_facts(fields)
  for at = 1, #jobs do
    facts[at] = redis.pcall('HMGET', jobs[at], unpack(fields))
  end
end

local function are_swollen(job)
  local size = redis.pcall('HSTRLEN', job, 'opts')
  return type(size) == 'number' and size > OPTIONS_LIMIT
end

-- The same for fields of which the first are the options. Those beyond any real job's are not worth holding up Redis
-- for: once some were met, their length is asked first.
local function read_facts_and_options(fields)
  local careful = false
  for at = 1, #jobs do
    if careful and are_swollen(jobs[at]) then
      facts[at] = redis.call('HMGET', jobs[at], '', unpack(fields, 2))
      facts[at][OPTIONS] = ''
    else
      facts[at] = redis.pcall('HMGET', jobs[at], unpack(fields))
      careful = careful or #(facts[at][OPTIONS] or '') > OPTIONS_LIMIT
    end
  end
end

local function kind_at(at)
  for index = 1, #facts[at] do
    if facts[at][index] then return 'hash' end
  end
  return kind_of(jobs[at])
end

-- Frozen scopes: a job that was added or run after the operation was previewed is none of its business.
local function outside(wishes, added, ran)
  if not wishes.cutoff then return nil end
  added = whole(added)
  if added > wishes.cutoff or (ran and whole(ran) > wishes.cutoff) then return { 'new' } end
  return added > wishes.youngest and { 'young' } or nil
end

local function ids_at(chosen)
  if #chosen == #ids then return ids end
  local found = {}
  for index, at in ipairs(chosen) do
    found[index] = ids[at]
  end
  return found
end

-- The chosen jobs by the state that they are from.
local function by_state(chosen)
  local states = {}
  for _, at in ipairs(chosen) do
    local group = states[from[at]]
    if group then
      group[#group + 1] = at
    else
      states[from[at]] = { at }
    end
  end
  return states
end

local function is_lifo(at)
  local options = facts[at][OPTIONS]
  if not options or #options > OPTIONS_LIMIT or not options:find('"lifo"', 1, true) then return false end
  return decoded(options).lifo == true
end

local function priority_at(at)
  local raw = facts[at][PRIORITY]
  return raw and raw ~= '0' and whole(raw) or 0
end

-- Puts all in line, in their order: those that are to run first (lifo) at the front.
local function enqueue_all(queue, chosen)
  local back, front, urgent, priorities = {}, {}, {}, {}
  for _, at in ipairs(chosen) do
    local priority = priority_at(at)
    if priority > 0 then
      urgent[#urgent + 1], priorities[#urgent + 1] = ids[at], priority
    elseif is_lifo(at) then
      front[#front + 1] = ids[at]
    else
      back[#back + 1] = ids[at]
    end
  end
  if #urgent > 0 then enqueue_prioritized(queue, urgent, priorities) end
  local list = target_list(queue)
  with_all('RPUSH', list, front)
  with_all('LPUSH', list, back)
end

-- An answer for each: what `refusal` says of it, or, once `act` was done to all that nothing stands against, `done`.
-- Timed, the last answer of all is how many microseconds that took.
local function settled(refusal, act, done, timed)
  local answers, free, later = {}, {}, {}
  for at = 1, #ids do
    if held[at] then
      later[#later + 1] = at
    else
      answers[at] = refusal(at)
      if not answers[at] then free[#free + 1] = at end
    end
  end
  if #free > 0 then act(free) end
  for _, at in ipairs(later) do
    answers[at] = refusal(at)
    if not answers[at] then act({ at }) end
  end
  for at = 1, #ids do
    answers[at] = answers[at] or done(at)
  end
  if timed then answers[#ids + 1] = math.floor(microseconds() - STARTED) end
  return answers
end

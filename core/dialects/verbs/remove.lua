-- Remove: jobs and all that is theirs leave Redis; a parent that waited for such a job alone is let go.
--
-- KEYS       see the prelude
-- ARGV[5]    wishes as JSON:
--            from, place        the only state they may come from, by its key; in a list, how many stand nearer its tail
--            force              though a worker holds them, or a scheduler lives on them
--            ghosts             only ids whose hash is gone
--            all                the whole queue goes: no matter who needs them, and nobody in it is told
--            brief              of those that are gone, say no more than ok
--            cutoff, youngest   ms: those added or run since, or added since, stay
-- ARGV[6]    and all that follow: job ids
-- RETURNS    brief: at last, how many microseconds it took. For each id, in order, one of
--            ok, state, released                   gone; released is 1 if its parent now runs
--            dropped, state                        it was a ghost: an id without its hash
--            missing | nowhere | foreign           no such job; a hash in no state; the key is no job
--            gone | whole | new | young            not in the state that was wished; no ghost; added or run since then
--            deep, nowhere or missing, lists...    it is far from both ends of these lists, if at all: find its place first
--            locked                                a worker holds it
--            fresh                                 active without a lock, so perhaps just taken; not seen as stalled
--            scheduler, key                        the next iteration of a scheduler, which would end with it
--            children, number failed, number unfinished
--            parent, base, parent id, the job's key  its parent is not among KEYS; nothing was done
-- ATOMICITY  all ids in one step; some three calls and a few microseconds a job. One deep in a list costs the walk there
--            from the nearer end: up to some 8 ms in the middle of a million

local FIELDS = { 'timestamp', 'parent', 'deid', 'processedOn' }
local ADDED, PARENT, CLAIM, RAN = 1, 2, 3, 4
local HINDRANCES = { ':lock', unpack(CHILD_KEYS) }
local LISTED = { active = true, wait = true, paused = true }
local NEAR = 20000 -- how far a list is searched from either end for a job whose place nobody knows
local SLACK = 1000 -- how far one may have moved towards the tail since its place was read
local GONE = TOKEN .. ':gone' -- stands in a list for a job that leaves it; no id is so
local wishes = cjson.decode(ARGV[5])
local known = wishes.from
-- By position: where in its list, the tail being -1; the lists too long to be searched; the parent; whether that
-- runs now; whether its hash is gone.
local places, deep, families, released, ghosts = {}, {}, {}, {}, {}

-- WITH next_iteration

-- Whether they all stand where they stood when they were read, which is what mostly is so.
local function are_in_place(state, chosen, place)
  local members, size = redis.call('LRANGE', own[state], -place - #chosen, -place - 1), #chosen
  for index = 1, size do
    local at = chosen[index]
    if members[size - index + 1] ~= ids[at] then return false end
    places[at] = -place - index
  end
  for index = 1, size do
    from[chosen[index]] = state
  end
  return true
end

-- The jobs at these positions were read in this order from the tail. Others may stand between them, and some be gone.
local function find_in_list(state, chosen)
  local place, wanted, next_one = wishes.place or 0, {}, 1
  if are_in_place(state, chosen, place) then return end
  local near = math.max(0, place - SLACK)
  local members = redis.call('LRANGE', own[state], -place - #chosen - SLACK, -near - 1)
  for _, at in ipairs(chosen) do
    wanted[ids[at]] = (wanted[ids[at]] or 0) + 1
  end
  for index = #members, 1, -1 do
    local id = members[index]
    if (wanted[id] or 0) > 0 then
      repeat
        local at = chosen[next_one]
        wanted[ids[at]], next_one = wanted[ids[at]] - 1, next_one + 1
        if ids[at] == id then
          from[at], places[at] = state, index - #members - near - 1
        end
      until ids[at] == id
    end
  end
end

local function place_in(list, id)
  local ahead = redis.call('LPOS', list, id, 'RANK', -1, 'MAXLEN', NEAR) or redis.call('LPOS', list, id, 'MAXLEN', NEAR)
  return ahead and ahead - redis.call('LLEN', list)
end

-- Looks for a job whose state nobody knows. The long lists are searched near their ends only.
local function find_anywhere(at)
  local state = whereabouts(own, ids[at])
  if state ~= '' then
    from[at], places[at] = state, LISTED[state] and place_in(own[state], ids[at]) or nil
    return
  end
  local long = {}
  for _, name in ipairs(LISTS) do
    places[at] = place_in(own[name], ids[at])
    if places[at] then
      from[at] = name
      return
    end
    if redis.call('LLEN', own[name]) > 2 * NEAR then long[#long + 1] = name end
  end
  deep[at] = #long > 0 and long or nil
end

local function absence(at, kind)
  local absent = kind == 'none' and 'missing' or known and 'gone' or 'nowhere'
  return deep[at] and { 'deep', absent, unpack(deep[at]) } or { absent }
end

local function obstacle(at, kind)
  local id, job, state = ids[at], jobs[at], from[at]
  if held[at] and not wishes.force and is_locked(job) then return { 'locked' } end
  if kind == 'none' then return nil end
  if wishes.ghosts then return { 'whole' } end
  if state == 'active' then
    if wishes.force or LOCKS_AT_ONCE or redis.call('SISMEMBER', own.stalled, id) == 1 then return nil end
    return { 'fresh' }
  end
  if wishes.all then return nil end
  if state ~= 'completed' and state ~= 'failed' and not wishes.force then
    local key = scheduler_of(id, job)
    if key then return { 'scheduler', key } end
  end
  if held[at] then
    local failed, unfinished = unfinished_children(job)
    if unfinished > 0 then return { 'children', failed, unfinished } end
  end
end

local function refusal(at)
  local kind = kind_at(at)
  ghosts[at] = kind == 'none'
  if kind ~= 'none' and kind ~= 'hash' then return { 'foreign' } end
  if not from[at] and not held[at] then return absence(at, kind) end
  local against = obstacle(at, kind) or outside(wishes, facts[at][ADDED], facts[at][RAN])
  if against then return against end
  if not from[at] then return absence(at, kind) end
  local parent = facts[at][PARENT] and parent_in(facts[at][PARENT])
  if parent and not parent.queue and PARENTS ~= 'apart' then return { 'parent', parent.base, parent.id, jobs[at] } end
  families[at] = parent and parent.queue and not (wishes.all and parent.queue == own) and parent
end

-- Those that were seen to before this one may have stood nearer the tail.
local function find_again(state, at)
  if known then return find_in_list(state, { at }) end
  places[at] = place_in(own[state], ids[at])
end

-- The tail is where those stand that are next to run: all there are taken at once, others marked first, and then taken
-- from that end which is nearer.
local function take_from_list(state, chosen)
  if held[chosen[1]] then find_again(state, chosen[1]) end
  local list, deepest = own[state], 0
  for _, at in ipairs(chosen) do
    deepest = math.max(deepest, -places[at])
  end
  if known and deepest == #chosen then return redis.call('LTRIM', list, 0, -deepest - 1) end
  for _, at in ipairs(chosen) do
    redis.call('LSET', list, places[at], GONE)
  end
  redis.call('LREM', list, deepest > redis.call('LLEN', list) / 2 and #chosen or -#chosen, GONE)
end

local function erase(chosen)
  local keys, size = {}, 0
  for _, at in ipairs(chosen) do
    local job = jobs[at]
    size = size + 1
    keys[size] = job
    for index = 1, #SUBKEYS do
      keys[size + index] = job .. SUBKEYS[index]
    end
    size = size + #SUBKEYS
    if held[at] then
      size = size + 1
      keys[size] = job .. ':lock'
    end
  end
  in_pieces(keys, function(...)
    redis.call('UNLINK', ...)
  end)
end

local function release(chosen)
  local claimed = {}
  for _, at in ipairs(chosen) do
    if facts[at][CLAIM] then claimed[#claimed + 1] = ids[at] end
  end
  release_many(own, ids_at(chosen), claimed)
  for _, at in ipairs(chosen) do
    if families[at] and leave(families[at], jobs[at]) then released[at] = 1 end
  end
end

local function remove(chosen)
  local states = by_state(chosen)
  for state, group in pairs(states) do
    if LISTED[state] then
      take_from_list(state, group)
    else
      with_all('ZREM', own[state], ids_at(group))
    end
    if state == 'active' then with_all('SREM', own.stalled, ids_at(group)) end
  end
  release(chosen)
  erase(chosen)
  if wishes.all then return end
  for state, group in pairs(states) do
    emit_each(own, 'removed', ids_at(group), word(state))
  end
end

local function done(at)
  if ghosts[at] then return { 'dropped', word(from[at]) } end
  if wishes.brief then return 'ok' end
  return { 'ok', word(from[at]), released[at] or 0 }
end

take_up(6, wishes.all and { ':lock' } or HINDRANCES)
if not known then
  for at = 1, #ids do
    find_anywhere(at)
  end
elseif LISTED[known] then
  local all = {}
  for at = 1, #ids do
    all[at] = at
  end
  find_in_list(known, all)
else
  find_in_set(known)
end
read_facts(FIELDS)
return settled(refusal, remove, done, wishes.brief)

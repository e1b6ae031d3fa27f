-- Retry: finished jobs run again, with their priority and their place (lifo) kept.
--
-- KEYS       see the prelude
-- ARGV[5]    wishes as JSON: from, the only state they may come from (else failed or completed); reset, to forget the
--            attempts made so far; cutoff and youngest, ms: those added or run since, or added since, stay; brief
-- ARGV[6]    and all that follow: job ids
-- RETURNS    brief: at last, how many microseconds it took. For each id, in order, one of
--            ok, failed or completed, priority, paused   it waits again; paused is 1 if the queue is. Brief: a mere ok
--            elsewhere, its state or ''                  it is neither failed nor completed
--            gone                                        it is not in the state that was wished
--            missing | ghost, state | foreign            no such job; an id without its hash; the key is no job
--            new | young                                 added or run since then
--            locked                                      somebody holds its lock
--            children, number failed, number unfinished  they come first
--            parent, base, parent id, the job's key      its parent is not among KEYS; nothing was done
-- ATOMICITY  all ids in one step: they are enqueued, then leave their state. Three calls and some 8 microseconds a job (on
--            Bull a priority may walk the list)

local FIELDS = { 'opts', 'priority', 'parent', 'attemptsMade', 'timestamp', 'processedOn' }
local PARENT, ATTEMPTS, ADDED, RAN = 3, 4, 5, 6
local HINDRANCES = { ':lock', unpack(CHILD_KEYS) }
local wishes = cjson.decode(ARGV[5])
local paused = is_paused(own) and 1 or 0
local families = {}

local function refusal(at)
  local kind, state = kind_at(at), from[at]
  if kind == 'none' then return state and { 'ghost', state } or { 'missing' } end
  if kind ~= 'hash' then return { 'foreign' } end
  if not state then return wishes.from and { 'gone' } or { 'elsewhere', word(whereabouts(own, ids[at])) } end
  if held[at] then
    if is_locked(jobs[at]) then return { 'locked' } end
    local failed, unfinished = unfinished_children(jobs[at])
    if failed + unfinished > 0 then return { 'children', failed, unfinished } end
  end
  local parent = facts[at][PARENT] and parent_in(facts[at][PARENT])
  if parent and not parent.queue and PARENTS ~= 'apart' then return { 'parent', parent.base, parent.id, jobs[at] } end
  families[at] = parent
  return outside(wishes, facts[at][ADDED], facts[at][RAN])
end

local function retry(chosen)
  enqueue_all(own, chosen)
  for state, group in pairs(by_state(chosen)) do
    local leaving = ids_at(group)
    with_all('ZREM', own[state], leaving)
    local outcome = state == 'failed' and 'failedReason' or 'returnvalue'
    for _, at in ipairs(group) do
      redis.call('HDEL', jobs[at], 'finishedOn', 'processedOn', outcome)
      if needs_renewal(facts[at][ATTEMPTS], wishes.reset) then renew(jobs[at], wishes.reset) end
      if families[at] and families[at].queue then rejoin(families[at], jobs[at]) end
    end
    emit_each(own, 'waiting', leaving, state)
  end
  wake(own)
end

local function done(at)
  return wishes.brief and 'ok' or { 'ok', from[at], priority_at(at), paused }
end

take_up(6, HINDRANCES)
if not wishes.cutoff then FIELDS[ADDED], FIELDS[RAN] = nil, nil end
for _, state in ipairs(wishes.from and { wishes.from } or { 'failed', 'completed' }) do
  find_in_set(state)
end
read_facts_and_options(FIELDS)
return settled(refusal, retry, done, wishes.brief)

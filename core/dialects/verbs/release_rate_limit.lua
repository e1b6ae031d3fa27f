-- Release rate limit: the window that is used up is forgotten, on Bull also which jobs it held back.
--
-- KEYS       see the prelude
-- ARGV[5]    0, or the cursor that the last call answered
-- RETURNS    {1 if a window was running, else 0, ms that it had left, groups of Bull that were let go, the cursor to call
--            again with, 0 when it is done}
-- ATOMICITY  the window in one step with the last call; at most some BATCH held jobs a call

local BATCH = 500

-- Bull remembers for each job that a limit put off in which set it stands: the limit's own key, or its group's, with
-- an end that names the set. The jobs themselves are in delayed, and stay there until they are due.
local function let_groups_go(cursor)
  local found, groups = redis.call('HSCAN', own.limited, cursor, 'COUNT', BATCH), {}
  for index = 2, #found[2], 2 do
    groups[found[2][index]] = true
  end
  local count = 0
  for set in pairs(groups) do
    local counter = set:match('^(.+):limited$')
    if counter and counter:sub(1, #own.base + 7) == own.base .. 'limiter' then
      count = count + redis.call('UNLINK', set)
      redis.call('UNLINK', counter)
    end
  end
  return found[1], count
end

local limiter, cursor, groups = own.base .. 'limiter', '0', 0
local left = redis.call('PTTL', limiter)
if own.limited then
  cursor, groups = let_groups_go(ARGV[5])
end
if cursor == '0' then
  redis.call('UNLINK', limiter)
  if own.limited then redis.call('UNLINK', own.limited) end
  if left ~= -2 then wake_all(own) end
end
return { left == -2 and 0 or 1, math.max(left, 0), groups, cursor }

-- Change delay: delayed jobs become due at another time.
--
-- KEYS       see the prelude
-- ARGV[5]    the new delay from now on, in ms
-- ARGV[6]    when that is, in ms since the epoch
-- ARGV[7]    and all that follow: job ids
-- RETURNS    for each id, in order, one of
--            ok, paused                        it is due then; paused is 1 if the queue is
--            elsewhere, its state or ''        it is not delayed
--            missing | ghost, state | foreign | nowhere   no such job; an id without its hash; the key is no job
-- ATOMICITY  all ids in one step; a few O(log n) commands each

local function change_delay(id, delay, due)
  local refused = no_job(own, id)
  if refused then return refused end
  local state = whereabouts(own, id)
  if state ~= 'delayed' then return { 'elsewhere', word(state) } end
  redis.call('HSET', own.base .. id, 'delay', delay)
  delay_until(own, id, due)
  return { 'ok', is_paused(own) and 1 or 0 }
end

local results = {}
for index = 7, #ARGV do
  results[#results + 1] = change_delay(ARGV[index], ARGV[5], tonumber(ARGV[6]))
end
return results

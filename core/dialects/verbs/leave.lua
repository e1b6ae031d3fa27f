-- Leave: a child in another slot is gone, and its parent, of the queue acted on, stops waiting for it.
--
-- KEYS       see the prelude: the parent's queue
-- ARGV[5]    the parent's id
-- ARGV[6]    the child's key
-- RETURNS    1 if that let the parent go, else 0
-- ATOMICITY  one step on the parent alone; the child was removed by a call before

local parent = { id = ARGV[5], job = own.base .. ARGV[5], queue = own }
return leave(parent, ARGV[6]) and 1 or 0

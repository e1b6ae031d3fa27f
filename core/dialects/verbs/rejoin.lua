-- Rejoin: a child in another slot runs again, and its parent, of the queue acted on, has to wait for it.
--
-- KEYS       see the prelude: the parent's queue
-- ARGV[5]    the parent's id
-- ARGV[6]    the child's key
-- RETURNS    1 if the parent now expects the child again, else 0
-- ATOMICITY  one step on the parent alone; the child is retried by a second call

local parent = { id = ARGV[5], job = own.base .. ARGV[5], queue = own }
return rejoin(parent, ARGV[6]) and 1 or 0

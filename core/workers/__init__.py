"""Who works: the connected workers, the lock of each active job, and what becomes of both."""

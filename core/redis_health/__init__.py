"""How each Redis itself is: its memory, its safety, what holds how much of it, and what Tickbird costs it."""

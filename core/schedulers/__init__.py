"""Jobs that come again and again: BullMQ's job schedulers, and the repeatables of Bull and earlier BullMQ."""

"""The demo: an embedded server, and a small company that keeps its queues busy.

Nothing is imported here, so that the launcher stays usable without the extra `demo`.
"""

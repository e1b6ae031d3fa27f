"""The fleet: a small company's producers and workers, made of the PyPI package `bullmq`.

It writes BullMQ's newest layout, and runs in a process of its own: `python -m tickbird.demo.fleet`.
"""

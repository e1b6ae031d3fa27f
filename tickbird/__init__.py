"""Tickbird watches and operates every Bull and BullMQ queue in your Redis."""

__version__ = "0.1.0"

"""Brokers: what each can tell of its queues, over one bounded connection of its own per process."""

from .access import read, unacked_holds, waiting_again
from .reading import BrokerAwayError, Reading, Survey, UnsupportedBrokerError

__all__ = ["BrokerAwayError", "Reading", "Survey", "UnsupportedBrokerError", "read", "unacked_holds", "waiting_again"]

"""Queues: how much waits in each, for how long, how fast it comes and goes, and when it will be gone.

Depths come from the broker itself, rates from what was recorded. Nothing here changes a queue or a message.
"""

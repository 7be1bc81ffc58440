"""What admins do to tasks, queues and workers: written down before, looked at after.

An action kind is one file, listed in `kinds`. Nothing here decides by itself to act.
"""

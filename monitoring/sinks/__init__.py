"""Forwarding: lines, errors and spans that were taken in go on to other systems, as far as settings say so.

A drain writes what goes to a sink in its own transaction; Celery sends it. Each sink is one file, listed in `kinds.py`;
nothing of a sink that is off is imported, and no row is written for it.
"""

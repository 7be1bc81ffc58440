"""The provable part of the journal: entries wait in a table, Celery seals them into chains, seals lie outside of it."""

"""Celery tasks and the beat schedule: when a thing happens, its queue, retries and limits. Bodies call into slices."""

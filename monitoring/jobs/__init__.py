"""Celery as a subject: task runs, workers, queues, the schedule, and what can be done about them."""

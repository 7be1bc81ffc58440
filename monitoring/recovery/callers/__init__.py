"""Those who ask for the recovery of an error that they have caught, and wait for what becomes of it, a limited time.

What is here runs in the monitored process, on the path of an error and never on that of a success. It records the
error and the request for its recovery; Celery does the rest, and leaves the outcome where the caller looks for it.
"""

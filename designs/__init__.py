"""The monitored service: CAD designs that people upload, and Celery reads."""

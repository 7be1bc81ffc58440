"""The checks of what every installation stands on. One file for each component; Celery's are in `jobs`."""

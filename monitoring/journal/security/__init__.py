"""Who does what attackers do: what clients asked for, judged in Celery; findings with their evidence and confidence."""

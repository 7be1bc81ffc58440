"""Workers as rows."""

from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """What is known of a worker by its last heartbeat.

    Attributes:
        since: When it came into its state.
        seen: When its last heartbeat came.
        started: When the process that sent it started, in seconds since the epoch by its own clock.
        finished: How many tasks it had ended by then.
        progressed: When that number last changed, or nothing was waiting.
        waiting: How many messages waited in its queues then.
        said: The heartbeat's state.
    """

    class State(models.TextChoices):
        """What a worker can be."""

        UP = "up"
        DOWN = "down"
        WEDGED = "wedged"
        LEFT = "left"

    node = models.CharField(primary_key=True, max_length=200)
    state = models.CharField(max_length=10, choices=State.choices)
    since = models.DateTimeField()
    seen = models.DateTimeField()
    started = models.FloatField(default=0)
    finished = models.BigIntegerField(default=0)
    progressed = models.DateTimeField()
    waiting = models.BigIntegerField(default=0)
    said = models.JSONField(default=dict)

    class Meta:
        ordering = ["node"]

    def __str__(self) -> str:
        return f"{self.node} {self.state}"

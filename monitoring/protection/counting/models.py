"""What is known of the server errors of the window, as rows that are dropped when it has passed."""

from __future__ import annotations

from django.db import models

from monitoring.protection.networks import MAX_TEXT


class ErrorTally(models.Model):
    """The latest server errors of a client on a route, as one shard saw them; times in milliseconds since the epoch.

    Beside the row of the two there is one of each alone: with an empty route for all errors of a client, with an empty
    client for all errors on a route, also those of clients that are not known.

    Attributes:
        client: The network by which it would be blocked, in its canonical spelling.
        service: Whose route it is.
        route: The method and the pattern, as requests are named.
        last: Time of its latest error.
        seen: Errors within the window before `last`; at its edge up to a sixtieth of the window too many.
        recent: The latest times: one more than the limit allows. Little-endian integers of 64 bits.
        buckets: When they were: pairs of the bucket's first second and its count, as little-endian integers of 32 bits.
        samples: The latest of them with what led to them, as JSON.
    """

    pk = models.CompositePrimaryKey("client", "service", "route", "shard")
    client = models.CharField(max_length=MAX_TEXT)
    service = models.CharField(max_length=200)
    route = models.CharField(max_length=200)
    shard = models.SmallIntegerField()
    last = models.BigIntegerField(db_index=True)
    seen = models.BigIntegerField()
    recent = models.BinaryField()
    buckets = models.BinaryField()
    samples = models.TextField(default="[]")

    class Meta:
        indexes = [models.Index(fields=["service", "route"], name="monitoring_tally_route")]

    def __str__(self) -> str:
        return f"{self.client} {self.route}"

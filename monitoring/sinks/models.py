"""What waits to be forwarded, and how it goes with each sink, as rows."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

MAX_PROBLEM = 500


class SinkBatch(models.Model):
    """What one drain took in for one sink: sent in the order of the rows, and deleted when it is settled.

    Attributes:
        sink: Kind of the sink.
        body: The records, compressed.
        size: Bytes of `body`.
        events: How many records it holds.
        tries: How often it was taken since somebody last learned what became of it.
        created: When it was written.
    """

    sink = models.CharField(max_length=30)
    body = models.BinaryField()
    size = models.IntegerField()
    events = models.IntegerField()
    tries = models.IntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["sink", "tries", "id"], name="monitoring_sinkbatch_next")]
        verbose_name_plural = "sink batches"

    def __str__(self) -> str:
        return f"{self.sink}: {self.events}"


class SinkState(models.Model):
    """How it goes with a sink, and who is sending to it.

    Attributes:
        sink: Kind of the sink.
        lease: Of the one who is sending.
        leased_until: From then on others may.
        failures: Attempts that failed since the last that did not.
        paused_until: Until then it is left alone.
        problem: What went wrong the last time, without secrets; empty while it goes well.
        refused_problem: Why it last refused records for good.
        sent: Records that it took, since ever.
        refused: Records that it refused for good.
        dropped: Records that were dropped since too much waited.
        sent_at: When it last took some.
        failed_at: When it last failed.
    """

    sink = models.CharField(max_length=30, primary_key=True)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    failures = models.IntegerField(default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=MAX_PROBLEM, blank=True, default="")
    refused_problem = models.CharField(max_length=MAX_PROBLEM, blank=True, default="")
    sent = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    dropped = models.BigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.sink

"""Which anomalies there are, how it can stand with them, and how they end."""

from __future__ import annotations

from django.db import models


class Measure(models.TextChoices):
    """What of a series is unusual. With `anomaly_` before it, it is the kind of a finding."""

    ERROR_RATE = "error_rate"
    ERROR_COUNT = "error_count"
    LATENCY = "latency"
    THROUGHPUT_DROP = "throughput_drop"
    THROUGHPUT_RISE = "throughput_rise"
    QUEUE_LENGTH = "queue_length"
    QUEUE_AGE = "queue_age"


class State(models.TextChoices):
    """How it stands with an anomaly."""

    SUSPECTED = "suspected"
    OPEN = "open"
    CLOSED = "closed"


class Ending(models.TextChoices):
    """Why an anomaly is closed."""

    USUAL = "usual", "It is as usual again."
    SILENT = "silent", "Nothing more was recorded."
    ACCEPTED = "accepted", "It lasted for so long that it is what is usual now."
    OFF = "off", "Anomalies were switched off."

"""Forecasts as rows: what is expected of each operation, and how good expectations were."""

from __future__ import annotations

from django.db import models


class Forecast(models.Model):
    """The last forecast of one series, and its record.

    Attributes:
        of: `request`, `operation` or `task`.
        window: Epoch minute at which the window begins that the forecast is about.
        probability: Of at least one error in that window.
        base: How often a window has had one.
        situation: What it is like now; see `learning.situation`.
        windows: Windows that were scored; older ones count for less.
        squares: Mean square of the difference between forecast and outcome: Brier's score.
        base_squares: The same, had always the base rate been forecast.
        useful: Whether the forecasts beat the base rate; they are told of only then.
        memory: What was learned, as `learning.Memory` has it.
    """

    name_id = models.BigIntegerField(primary_key=True)
    of = models.CharField(max_length=20)
    service = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    window = models.IntegerField()
    probability = models.FloatField()
    base = models.FloatField()
    situation = models.CharField(max_length=120)
    windows = models.FloatField()
    squares = models.FloatField()
    base_squares = models.FloatField()
    useful = models.BooleanField(default=False)
    memory = models.JSONField()

    class Meta:
        ordering = ["-useful", "-probability", "name_id"]

    def __str__(self) -> str:
        return f"{self.of} {self.name}"

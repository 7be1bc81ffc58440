"""The check of alerting itself: are the rules evaluated, and can they be?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import router

from monitoring.component import Check, Outcome, Status
from monitoring.conf import Config, get_config

from .incidents.models import Evaluation
from .watchdog import LAGGING_SECONDS, lag_of

_DEAD_SECONDS = 300.0
_COLUMNS = ("completed", "seconds", "rules", "failing")


@dataclass(frozen=True)
class Alerts(Check):
    """Looks at when the alert rules were last evaluated, and how many of them failed."""

    id: str = "alert-rules"
    component: str = "alerts"

    def run(self) -> Outcome:
        """Read the one row that there is."""
        rows = Evaluation.objects.using(router.db_for_write(Evaluation)).filter(pk=1)
        return judge(rows.values_list(*_COLUMNS).first(), get_config(), datetime.now(UTC))


def judge(row: Sequence[object] | None, config: Config, now: datetime) -> Outcome:
    """Compare the lag of the evaluation with the limits.

    Args:
        row: When an evaluation was last completed, how long it took, of how many rules, and how many failed; None
            where none was ever begun.
        config: This installation's settings.
        now: The current time.
    """
    if row is None:
        return Outcome(Status.HEALTHY, "Alert rules were not evaluated yet")
    completed, seconds, rules, failing = row
    if not isinstance(completed, datetime):
        return Outcome(Status.DEGRADED, "No evaluation of the alert rules was completed yet")
    lag = lag_of(completed, config, now)
    details = {"lag_seconds": round(lag, 1), "seconds": seconds, "rules": rules, "failing": failing}
    ahead = (completed - now).total_seconds()
    if ahead >= LAGGING_SECONDS:
        status = Status.UNHEALTHY if ahead >= _DEAD_SECONDS else Status.DEGRADED
        return Outcome(status, f"Alert rules were last evaluated {ahead:.0f} s from now: clocks differ", details)
    if lag >= LAGGING_SECONDS:
        status = Status.UNHEALTHY if lag >= _DEAD_SECONDS else Status.DEGRADED
        return Outcome(status, f"Alert rules have not been evaluated for {lag + config.alert_interval:.0f} s", details)
    if failing:
        return Outcome(Status.DEGRADED, f"{failing} of {rules} alert rules cannot be evaluated", details)
    return Outcome(Status.HEALTHY, "Alert rules are evaluated", details)

"""Limit how many runs of a task a worker starts per second, minute or hour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from .kind import Kind, Order, Site
from .outcomes import Outcome, RefusedError, State
from .remote import words

_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?(/[smh])?")
_LINE = re.compile(r"(?P<name>.+?)(?: \[rate_limit=(?P<rate>[^\]]*)\])?")


@dataclass(frozen=True)
class RateLimit:
    """How often a worker may start a task."""

    task: str
    rate: str


class RateLimitSerializer(serializers.Serializer[Any]):
    """How often a worker may start a task."""

    task = serializers.CharField(max_length=200, help_text="Name of the task.")
    rate = serializers.RegexField(
        rf"^{_RATE.pattern}$",
        help_text="Such as `10/s`, `100/m` or `5/h`; `0` lifts the limit.",
        error_messages={"invalid": "Must be a rate such as 10/s, 100/m or 5/h; 0 lifts the limit."},
    )


class LimitRate(Kind[RateLimit]):
    """Limit how often one worker starts one task, until the worker restarts."""

    name = "rate-limit"
    parameters = RateLimit
    serializer = RateLimitSerializer

    def look(self, target: str, parameters: RateLimit, site: Site) -> dict[str, Any]:
        """Make sure that the worker knows the task and minds limits."""
        self.able(target, site)
        rates = _rates(target, site)
        if parameters.task not in rates:
            raise RefusedError(f"{target} knows no task {parameters.task}.")
        if site.remote.ask_one(target, "conf").get("worker_disable_rate_limits"):
            raise RefusedError(f"{target} minds no rate limits: worker_disable_rate_limits is on.")
        return {"before": rates[parameters.task]}

    def perform(self, order: Order[RateLimit], site: Site) -> str:
        """Tell the worker."""
        wanted = order.parameters
        return words(site.remote.ask_one(order.target, "rate_limit", task_name=wanted.task, rate_limit=wanted.rate))

    def verify(self, order: Order[RateLimit], said: str, site: Site) -> Outcome:
        """Read the limit back."""
        wanted, now = order.parameters, _rates(order.target, site).get(order.parameters.task)
        facts = {"before": order.before["before"], "after": now, "answer": said}
        if now == wanted.rate:
            limit = f"limited to {wanted.rate}" if float(wanted.rate.partition("/")[0]) else "no longer limited"
            detail = f"{wanted.task} is {limit} in {order.target}, until that worker restarts."
            return Outcome(State.DONE, detail, facts)
        return Outcome(State.NO_EFFECT, f"The limit of {wanted.task} in {order.target} is {now or 'none'}.", facts)


def _rates(node: str, site: Site) -> dict[str, str | None]:
    """Return the rate limit of every task a worker knows."""
    rates: dict[str, str | None] = {}
    for line in site.remote.ask_one(node, "registered", taskinfoitems=["rate_limit"]):
        if match := _LINE.fullmatch(str(line)):
            rates[match["name"]] = match["rate"]
    return rates

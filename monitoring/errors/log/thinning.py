"""Keep the log within its bounds: payloads go by how little they are worth, rows by age. In short statements.

An error whose payload goes stays as a slim row: which one it was, of which group, when and where; so that its id can
still be looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import router, transaction
from django.db.models import Count, Q, QuerySet

from monitoring.conf import Config

from . import totals
from .models import ErrorLog
from .worth import Key, Limits, Ranks, plan, rank, surplus

_ROWS = 500
_AT_ONCE = 20_000
_SLACK = 50
"""One 50th is what goes beyond need, so that counting all rows is not needed each minute."""
SLIM: dict[str, Any] = {
    "exception_message": "", "traceback": "", "chain": [], "crumbs": [], "context": {}, "request_data": {},
    "full_url": "", "user_agent": "", "kept": "",
}  # fmt: skip
"""What a row is without its payload."""


def thin(config: Config) -> tuple[int, int]:
    """Bring the log within its bounds.

    Args:
        config: Has the bounds.

    Returns:
        How many payloads and how many rows went.
    """
    return thin_payloads(config), evict(config)


def _rows() -> QuerySet[ErrorLog]:
    return ErrorLog.objects.using(router.db_for_write(ErrorLog)).order_by()


def thin_payloads(config: Config) -> int:
    """Drop payloads beyond what is kept of a group, of a service, and in all; return how many."""
    limits = Limits(config.errors_kept_per_group, config.errors_kept_per_service, config.errors_kept)
    counts = _counts()
    planned = plan(counts, limits)
    return sum(_thin_groups(some, planned) for some in _portions(planned, counts))


def _counts() -> dict[Key, Ranks]:
    counts: dict[Key, list[int]] = {}
    grouped = _rows().filter(~Q(kept="")).values_list("service", "group_id", "kept").annotate(count=Count("pk"))
    for service, group, kept, count in grouped:
        counts.setdefault((service, group), [0, 0, 0])[rank(kept)] += count
    return {key: (ranks[0], ranks[1], ranks[2]) for key, ranks in counts.items()}


def _portions(planned: dict[Key, Ranks], counts: dict[Key, Ranks]) -> Iterator[list[Key]]:
    """Divide the groups so that the rows of a portion fit into memory; each one without a group is a portion alone."""
    some: list[Key] = []
    size = 0
    for key in planned:
        if key[1] is None:
            yield [key]
            continue
        some.append(key)
        size += sum(counts[key])
        if size >= _AT_ONCE or len(some) >= _ROWS:
            yield some
            some, size = [], 0
    if some:
        yield some


def _thin_groups(keys: Sequence[Key], planned: dict[Key, Ranks]) -> int:
    # The service too: a group's rows all have its own, unless a program made them.
    chosen = _rows().filter(~Q(kept=""), service__in={service for service, _ in keys})
    groups = [group for _, group in keys]
    chosen = chosen.filter(group=None) if groups == [None] else chosen.filter(group__in=groups)
    found: dict[Key, list[tuple[int, float, int]]] = {}
    for pk, service, group, kept, created in chosen.order_by("created", "pk").values_list(
        "pk", "service", "group_id", "kept", "created"
    ):
        found.setdefault((service, group), []).append((pk, created.timestamp(), rank(kept)))
    surplus_rows = [
        ones[place][0]
        for key in keys
        if (ones := found.get(key))
        for place in surplus([time for _, time, _ in ones], [worth for _, _, worth in ones], planned[key])
    ]
    return sum(_drop(surplus_rows[at : at + _ROWS]) for at in range(0, len(surplus_rows), _ROWS))


def _drop(pks: Sequence[int]) -> int:
    """Take the payload out of rows, except of those that intake is writing to."""
    with transaction.atomic(using=router.db_for_write(ErrorLog)):
        free = _rows().filter(~Q(kept=""), pk__in=pks).order_by("pk").select_for_update(skip_locked=True)
        dropped = _rows().filter(pk__in=list(free.values_list("pk", flat=True))).update(**SLIM)
        totals.add(totals.PAYLOADS, dropped)
    return dropped


def evict(config: Config) -> int:
    """Delete the oldest slim rows beyond what is stored in all; return how many."""
    # Between the first and the last number there cannot be more rows than numbers; counting them takes long.
    first, last = _end("pk"), _end("-pk")
    if first is None or last is None or last - first < config.errors_stored:
        return 0
    excess = _rows().count() - config.errors_stored
    if excess <= 0:
        return 0
    excess += config.errors_stored // _SLACK
    evicted, since = 0, None
    while evicted < excess:
        some = _oldest_slim(since, min(_ROWS, excess - evicted))
        if not some:
            break
        since = some[-1][1]
        with transaction.atomic(using=router.db_for_write(ErrorLog)):
            count = _rows().filter(pk__in=[pk for pk, _ in some]).delete()[0]
            totals.add(totals.ROWS, count)
        evicted += count
    return evicted


def _end(order: str) -> int | None:
    return _rows().order_by(order).values_list("pk", flat=True).first()


def _oldest_slim(since: datetime | None, count: int) -> list[tuple[int, datetime]]:
    slim = _rows().filter(kept="").order_by("created", "pk")
    if since is not None:
        slim = slim.filter(created__gte=since)  # so that kept rows are not passed over again
    return list(slim.values_list("pk", "created")[:count])

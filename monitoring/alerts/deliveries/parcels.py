"""What is sent next to a destination: a delivery by itself, or many of them as one digest.

What was tried once stays as it is, a message of its own or that very digest: it may have arrived, and the receiver
knows it again by its key. Only what nobody has tried yet is gathered.

The worst goes first. Where the last attempt failed, what was tried and what is fresh take turns: mostly a channel that
is away is found to be back with what was tried, and all else waits for that and is gathered; but it may be those very
messages which the receiver cannot take, and they must not hold up the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from monitoring.storage.outbox import OutgoingState, claim, drop, due

from .desk import Desk
from .gates import LEASE_SECONDS, Gate
from .models import AlertDigest, Delivery

MOST_GATHERED, MOST_FOR_PROGRAMS = 1_000, 100
"""Deliveries in one digest; a program is told of each of them."""
_TRIES = 5
_TURNS = 3
"""Where attempts fail, each third one is of something fresh."""
_Row = TypeVar("_Row", Delivery, AlertDigest)
_WAITING = Q(follows__state__in=(OutgoingState.PENDING, OutgoingState.SENDING))
_VAIN = Q(follows__state__in=(OutgoingState.DEAD, OutgoingState.DROPPED))
_NOT_ARRIVED = "That it fired did not arrive there."


@dataclass(frozen=True)
class Parcel:
    """What is sent as one message; whoever has it holds the lease on its row.

    Attributes:
        row: What has state, lease and key: the delivery itself, or the digest.
        deliveries: What the message tells of, the worst first.
    """

    row: Delivery | AlertDigest
    deliveries: list[Delivery]

    @property
    def is_digest(self) -> bool:
        """Return whether it tells of many transitions at once."""
        return isinstance(self.row, AlertDigest)


def take(gate: Gate, desk: Desk) -> Parcel | None:
    """Take what is sent next to a destination; None when nothing is to be sent now.

    Args:
        gate: The way there, which is held.
        desk: What messages are sent with.
    """
    _drop_vain(gate, desk)
    for _ in range(_TRIES):  # what was chosen may be dropped before it is taken
        parcel = _take(gate, desk)
        if parcel is None or parcel.deliveries:
            return parcel
        drop(parcel.row, "Nothing of it was to be told any more.", desk.now())
    return None


def is_due(now: datetime, alias: str) -> list[str]:
    """Return the keys of the destinations to which something is to be sent, first those that wait longest."""
    found: dict[str, datetime] = {}
    alone = Delivery.objects.using(alias).filter(digest=None).exclude(_WAITING)
    for rows in (due(alone, now), due(AlertDigest.objects.using(alias).all(), now)):
        for key, next_at in rows.order_by().values_list("destination").annotate(first=Min("next_at")):
            found[key] = min(found.get(key, next_at), next_at)
    return sorted(found, key=lambda key: found[key])


def _drop_vain(gate: Gate, desk: Desk) -> None:
    """Drop what tells that something is over where it did not arrive that it fires."""
    waiting = _alone(gate, desk).filter(state=OutgoingState.PENDING, attempts=0)
    for pk in list(waiting.filter(_VAIN).values_list("pk", flat=True)):  # one by one: they are locked in no order
        vain = waiting.filter(pk=pk)
        vain.update(state=OutgoingState.DROPPED, settled=desk.now(), last_error=_NOT_ARRIVED)


def _take(gate: Gate, desk: Desk) -> Parcel | None:
    now = desk.now()
    alone, digests = _alone(gate, desk), AlertDigest.objects.using(desk.alias).filter(destination=gate.row.key)
    fresh = alone.filter(state=OutgoingState.PENDING, attempts=0, next_at__lte=now).exclude(_WAITING)
    if gate.row.failures:
        return _probe(gate, fresh, alone, digests, desk)
    single, ready = due(alone, now).exclude(_WAITING).order_by("rank", "pk"), _by_rank(due(digests, now))
    ranks = [rows.values_list(name, flat=True).first() for rows, name in ((single, "rank"), (ready, "worst"))]
    if ranks[1] is not None and (ranks[0] is None or ranks[1] <= ranks[0]):
        return _open(ready, desk)
    most = MOST_GATHERED if gate.row.digest else MOST_FOR_PROGRAMS
    chosen = list(fresh.order_by("rank", "pk").values_list("pk", flat=True)[:most])
    many = gate.row.digest and len(chosen) > desk.config.digest_after
    if many or (len(chosen) > 1 and gate.is_last(now)):
        return _open(_seal(chosen, gate, desk), desk)
    return _single(single, desk)


def _by_rank(digests: QuerySet[AlertDigest]) -> QuerySet[AlertDigest]:
    """Return digests by the worst that they tell of; one that tells of nothing any more goes first, to be dropped."""
    return digests.annotate(worst=Coalesce(Min("deliveries__rank"), 0)).order_by("worst", "next_at", "pk")


def _probe(
    gate: Gate,
    fresh: QuerySet[Delivery],
    alone: QuerySet[Delivery],
    digests: QuerySet[AlertDigest],
    desk: Desk,
) -> Parcel | None:
    """Take what finds out whether a channel goes again: by turns something that was tried, and the worst of the rest.

    Something fresh is taken by itself, so that what cannot be taken draws nothing else into it.
    """
    tried = _tried(alone).exists() or _tried(digests).exists()
    if fresh.exists() and not (tried and gate.row.failures % _TURNS):
        return _single(fresh.order_by("rank", "pk"), desk)
    return _try_again(alone, digests, desk)


def _try_again(alone: QuerySet[Delivery], digests: QuerySet[AlertDigest], desk: Desk) -> Parcel | None:
    """Take what was tried the fewest times."""
    now = desk.now()
    single = due(_tried(alone), now).order_by("attempts", "rank", "pk")
    digest = due(_tried(digests), now).order_by("attempts", "pk")
    least = [rows.values_list("attempts", flat=True).first() for rows in (single, digest)]
    if least[1] is not None and (least[0] is None or least[1] < least[0]):
        return _open(digest, desk)
    return _single(single, desk)


def _seal(chosen: list[int], gate: Gate, desk: Desk) -> QuerySet[AlertDigest]:
    desk.step("seal the digest")
    now, rows = desk.now(), Delivery.objects.using(desk.alias)
    with transaction.atomic(using=desk.alias, durable=True):
        digest = AlertDigest.objects.using(desk.alias).create(destination=gate.row.key, next_at=now, created=now)
        held = rows.filter(pk__in=chosen, state=OutgoingState.PENDING, attempts=0, digest=None).order_by("pk")
        pks = list(held.select_for_update(of=("self",)).values_list("pk", flat=True))
        rows.filter(pk__in=pks).update(digest=digest)
    return AlertDigest.objects.using(desk.alias).filter(pk=digest.pk)


def _open(digests: QuerySet[AlertDigest], desk: Desk) -> Parcel | None:
    """Take the first of some digests, and see that what it tells of is dropped no more."""
    desk.step("take the digest")
    table = AlertDigest.objects.using(desk.alias)
    taken = claim(table.filter(pk__in=list(digests.values_list("pk", flat=True)[:1])), 1, LEASE_SECONDS, desk.now())
    if not taken:
        return None
    desk.step("take what the digest tells of")
    rows = Delivery.objects.using(desk.alias).filter(digest=taken[0])
    with transaction.atomic(using=desk.alias, durable=True):
        pending = rows.filter(state=OutgoingState.PENDING).order_by("pk").select_for_update(of=("self",))
        pks = list(pending.values_list("pk", flat=True))
        rows.filter(pk__in=pks).update(state=OutgoingState.SENDING, attempts=F("attempts") + 1)
    return Parcel(taken[0], list(_told(rows.filter(state=OutgoingState.SENDING))))


def _single(rows: QuerySet[Delivery], desk: Desk) -> Parcel | None:
    """Take the first of some deliveries, in their order."""
    chosen = list(rows.values_list("pk", flat=True)[:1])
    if not chosen:
        return None
    desk.step("take the delivery")
    table = Delivery.objects.using(desk.alias)
    taken = claim(table.filter(pk__in=chosen), 1, LEASE_SECONDS, desk.now())
    return Parcel(taken[0], list(_told(table.filter(pk=taken[0].pk)))) if taken else None


def _told(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.select_related("entry", "incident__rule").order_by("rank", "pk")


def _alone(gate: Gate, desk: Desk) -> QuerySet[Delivery]:
    return Delivery.objects.using(desk.alias).filter(destination=gate.row.key, digest=None)


def _tried(rows: QuerySet[_Row]) -> QuerySet[_Row]:
    return rows.filter(state__in=(OutgoingState.PENDING, OutgoingState.SENDING), attempts__gt=0)

"""One sample of all queues: the broker's survey, the workers' heartbeats and the recorded counts, put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import router

from monitoring.conf import Config
from monitoring.jobs import sight
from monitoring.storage.names import Name
from monitoring.stream.heartbeats import Heartbeat

from . import brokers
from .brokers import Reading, Survey
from .models import NAME_KIND, QueueFlow, QueueMinute, QueueState
from .naming import Names, queues_of
from .rates import WINDOW_MINUTES, Flow, Rates, age_of_oldest, rates
from .stalls import Limits, Motion, follow

_MAX_CONCURRENCY = 1_000_000
_RECENT_MINUTES = 10
_STILL_LOOKS = 3
"""Looks after which a queue that nothing was taken from has no time at which it is empty."""
_OLDEST_MINUTES = 24 * 60
_REMEMBERED = timedelta(days=1)

Flows = Mapping[str, Mapping[int, Flow]]


@dataclass(frozen=True)
class Consumers:
    """Who consumes a queue, by the heartbeats of those alive. `idle` is true when one has a slot free."""

    workers: int = 0
    processes: int = 0
    idle: bool = False


@dataclass(frozen=True)
class Sample:
    """All queues at one moment.

    Attributes:
        broker: Kind of the broker.
        states: Their rows, not saved.
        motions: What is remembered of each until the next sample.
        consumers: Who consumes each.
        gone: Names of stored queues that nobody names any more.
    """

    broker: str
    states: list[QueueState]
    motions: Mapping[str, Motion]
    consumers: Mapping[str, Consumers]
    gone: list[str]


def take(config: Config) -> Sample:
    """Look at every queue there is.

    Raises:
        BrokerAwayError: The broker does not answer.
        UnsupportedBrokerError: It is of a kind that cannot be looked into.
        redis.RedisError: Enginel's own Redis does not answer.
    """
    declared = Names()
    beats = list(sight.look(config).workers.values())
    stored = QueueState.objects.using(router.db_for_write(QueueState))  # a replica may not have the last sample yet
    before = {state.name: state for state in stored.all()}
    now = datetime.now(UTC)
    flows = recorded(declared, int(now.timestamp() // 60) - _RECENT_MINUTES)
    remembered = [state.name for state in before.values() if now - state.seen < _REMEMBERED]
    names = declared.union(beats, [*flows, *remembered], config.watched_queues)
    survey = brokers.read(names)
    estimated = _estimated_ages(declared, survey)
    depths = _depths_before(int(survey.at // 60) - WINDOW_MINUTES)
    consumers = _consumers(beats)
    states, motions = [], {}
    for name, reading in survey.queues.items():
        flow = flows.get(name, {})
        motions[name] = motion = _follow(before.get(name), survey.at, reading, flow, config)
        moves = motion.at - motion.moved < _STILL_LOOKS * config.watch_interval
        speed = rates(flow, reading.depth, depths.get(name), survey.at, moves)
        row = _row(name, survey, reading, speed, estimated.get(name))
        _add(row, consumers.get(name, Consumers()), motion)
        known = row.depth or row.unacked or row.workers or name in flows or name not in before
        row.seen = row.at if known else before[name].seen
        states.append(row)
    return Sample(survey.broker, states, motions, consumers, sorted(before.keys() - set(names)))


def _row(name: str, survey: Survey, reading: Reading, speed: Rates, estimated_age: float | None) -> QueueState:
    """Put what the broker says of a queue, and how fast it is, into a row."""
    age, held = estimated_age, reading.oldest_unacked
    if not reading.depth:
        age = 0.0
    elif reading.oldest is not None:
        age = max(0.0, survey.at - reading.oldest)
    return QueueState(
        name=name,
        broker=survey.broker,
        at=_moment(survey.at),
        depth=reading.depth,
        by_priority={str(step): count for step, count in reading.by_priority.items()},
        unacked=reading.unacked,
        unacked_estimated=reading.unacked_estimated,
        oldest_unacked_age=None if held is None else _rounded(max(0.0, survey.at - held)),
        oldest_age=_rounded(age),
        oldest_age_estimated=_needs_estimate(reading) and age is not None,
        consumers=reading.consumers,
        rate_in=round(speed.arriving, 4),
        rate_out=round(speed.leaving, 4),
        drain_seconds=_rounded(speed.drain),
        drain_seconds_net=_rounded(speed.drain_net),
    )


def _rounded(seconds: float | None) -> float | None:
    """Leave out what nobody measured: less than a millisecond."""
    return None if seconds is None else round(seconds, 3)


def _add(row: QueueState, consumers: Consumers, motion: Motion) -> None:
    """Add who consumes a queue, and what is remembered until the next sample."""
    row.workers, row.processes = consumers.workers, consumers.processes
    row.mark, row.heads, row.moved = motion.mark, list(motion.heads), _moment(motion.moved)
    row.moving_since = None if motion.moving_since is None else _moment(motion.moving_since)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def recorded(names: Names, since: int, only: Collection[str] | None = None) -> dict[str, dict[int, Flow]]:
    """Return what was recorded from an epoch minute on, by queue and minute, over all shards.

    Args:
        names: Queues as they are declared.
        since: The first epoch minute.
        only: Of these queues alone.
    """
    ids = {pk: names.canonical(name) for pk, name in Name.objects.filter(kind=NAME_KIND).values_list("pk", "name")}
    rows = QueueFlow.objects.filter(start__gte=since)
    if only is not None:
        rows = rows.filter(name_id__in=[pk for pk, name in ids.items() if name in only])
    found: dict[str, dict[int, Flow]] = defaultdict(dict)
    for pk, start, sent, received in rows.values_list("name_id", "start", "sent", "received"):
        if pk in ids:
            flow = found[ids[pk]].get(start, Flow())
            found[ids[pk]][start] = Flow(flow.sent + sent, flow.received + received)
    return dict(found)


def _depths_before(minute: int) -> dict[str, int]:
    """Return how many messages waited in each queue at the end of an epoch minute."""
    rows = QueueMinute.objects.filter(start=minute).values_list("name_id", "last_depth")
    depths = dict(rows)
    named = Name.objects.filter(pk__in=list(depths)).values_list("pk", "name")
    return {name: depths[pk] for pk, name in named}


def _needs_estimate(reading: Reading) -> bool:
    """Whether messages wait of which the broker cannot say since when."""
    return reading.depth > 0 and reading.oldest is None


def _estimated_ages(declared: Names, survey: Survey) -> dict[str, float | None]:
    """Estimate how long the oldest message waits, for the queues of which the broker cannot say."""
    wanted = {name: reading.depth for name, reading in survey.queues.items() if _needs_estimate(reading)}
    if not wanted:
        return {}
    minute = int(survey.at // 60)
    since = minute - _OLDEST_MINUTES
    flows = recorded(declared, since, wanted.keys())
    ids = dict(Name.objects.filter(kind=NAME_KIND, name__in=list(wanted)).values_list("pk", "name"))
    depths: dict[str, dict[int, int]] = {name: {} for name in wanted}
    rows = QueueMinute.objects.filter(start__gte=since, start__lt=minute, name_id__in=list(ids))
    for pk, start, depth in rows.values_list("name_id", "start", "last_depth"):
        depths[ids[pk]][start] = depth
    return {
        name: age_of_oldest(flows.get(name, {}), {**depths[name], minute: depth}, depth, survey.at)
        for name, depth in wanted.items()
    }


def _consumers(beats: Sequence[Heartbeat]) -> dict[str, Consumers]:
    """Count the workers that live, and their processes, by the queues they consume."""
    found: dict[str, Consumers] = defaultdict(Consumers)
    for beat in beats:
        if beat.alive:
            concurrency, busy = beat.state.get("concurrency"), beat.state.get("busy")
            size = min(concurrency, _MAX_CONCURRENCY) if isinstance(concurrency, int) else 1
            idle = not isinstance(busy, int) or busy < size
            for name in set(queues_of(beat)):
                others = found[name]
                found[name] = Consumers(others.workers + 1, others.processes + size, others.idle or idle)
    return dict(found)


def _follow(
    before: QueueState | None, now: float, reading: Reading, flows: Mapping[int, Flow], config: Config
) -> Motion:
    """Compare with the last sample."""
    taken = [(minute, flow.received) for minute, flow in flows.items() if flow.received]
    mark = "{}:{}".format(*max(taken)) if taken else ""
    remembered = None if before is None else _remembered(before)
    return follow(remembered, now, reading.depth, reading.heads, mark, limits_of(config))


def limits_of(config: Config) -> Limits:
    """Return what is too long for a queue; a look that failed or was late is forgiven."""
    return Limits(config.queue_unconsumed_seconds, config.queue_stalled_seconds, 4 * config.watch_interval)


def _remembered(state: QueueState) -> Motion:
    since = None if state.moving_since is None else state.moving_since.timestamp()
    at, moved = state.at.timestamp(), state.moved.timestamp()
    return Motion(at, state.depth, state.heads, state.mark, moved, since)

"""Which of the incidents that fire nobody is to be told of. A pure function over values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from .matchers import Matcher, all_meet

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Quiet:
    """A silence or an open maintenance window.

    Attributes:
        id: Primary key of its row.
        matchers: What it is for; an open window without any is for everything.
        maintenance: Whether it is a window.
    """

    id: int
    matchers: tuple[Matcher, ...]
    maintenance: bool = False


@dataclass(frozen=True)
class Inhibiting:
    """A rule that incidents follow from others.

    Attributes:
        source: What the cause meets.
        target: What follows from it meets.
        equal: Labels that both must have the same value of.
    """

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Muted:
    """What keeps one incident from being told.

    Attributes:
        quiet: The first silence, or else window, that is for it.
        cause: Key of the incident that it follows from.
    """

    quiet: Quiet | None = None
    cause: str | None = None


NOT_MUTED = Muted()


def mute(firing: Mapping[str, Labels], quiets: Sequence[Quiet], inhibiting: Sequence[Inhibiting]) -> dict[str, Muted]:
    """Say what keeps incidents from being told.

    As with Alertmanager, causes that are muted themselves count; and an incident that meets both sides of a rule
    follows from none that does so as well, so that nothing keeps itself quiet. Otherwise than there, nothing is a cause
    of what it follows from itself, over however many others: of those that follow from each other, one is told.

    Args:
        firing: What matchers see of each incident that fires, by its key.
        quiets: Silences and windows that are for now.
        inhibiting: Which incidents follow from which.

    Returns:
        Those that are muted, by key.
    """
    causes, quiet_of = _causes(firing, inhibiting), _Quiets(quiets)
    muted = {}
    for key, labels in firing.items():
        quiet = quiet_of.first(labels)
        cause = causes.get(key)
        if quiet is not None or cause is not None:
            muted[key] = Muted(quiet, cause)
    return muted


class _Quiets:
    """Silences and windows by a label that each wants, so that few of many are held against an incident."""

    def __init__(self, quiets: Sequence[Quiet]) -> None:
        self._wanting = defaultdict[tuple[str, str], list[tuple[int, Quiet]]](list)
        self._others: list[tuple[int, Quiet]] = []
        for place, one in enumerate(quiets):
            wanted = next(((it.name, it.value) for it in one.matchers if it.op == "=" and it.value), None)
            (self._others if wanted is None else self._wanting[wanted]).append((place, one))

    def first(self, labels: Labels) -> Quiet | None:
        """Return the first one that is for an incident of these labels."""
        near = [self._wanting[label] for label in labels.items() if label in self._wanting]
        for _, one in merge(self._others, *near, key=itemgetter(0)):
            if all_meet(one.matchers, labels):
                return one
        return None


def _causes(firing: Mapping[str, Labels], inhibiting: Iterable[Inhibiting]) -> dict[str, str]:
    """Return the key of the cause of each incident that has one; the first rule decides, and none closes a circle."""
    found: dict[str, str] = {}
    for rule in inhibiting:
        # By the values of the labels that must be equal: the cost is one look-up a target, however many causes; only
        # those of a circle are looked at one by one.
        sources = defaultdict[tuple[str, ...], list[str]](list)
        pure = defaultdict[tuple[str, ...], list[str]](list)
        targets = defaultdict[tuple[str, ...], list[tuple[str, bool]]](list)
        for key, labels in firing.items():
            is_source, is_target = all_meet(rule.source, labels), all_meet(rule.target, labels)
            if not is_source and not is_target:
                continue
            values = tuple(labels.get(name, "") for name in rule.equal)
            if is_source:
                sources[values].append(key)
            if is_source and not is_target:
                pure[values].append(key)
            if is_target and key not in found:
                targets[values].append((key, is_source))
        for values, keys in targets.items():
            for key, both in keys:
                causes = (pure if both else sources)[values]
                cause = next((one for one in causes if not _follows(one, key, found)), None)
                if cause is not None:
                    found[key] = cause
    return found


def _follows(key: str, cause: str, causes: Mapping[str, str]) -> bool:
    """Whether an incident is another one, or follows from it."""
    one: str | None = key
    while one is not None and one != cause:
        one = causes.get(one)
    return one is not None

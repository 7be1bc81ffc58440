"""Errors in a sliding window: their latest times, exactly, and how many there were of them. Pure values.

Whether a limit was crossed needs one time more than the limit allows: the latest of them, whatever order they came in.
How many there were beyond that is counted in buckets of a sixtieth of the window.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from monitoring.error_rate import get_error_rate

BUCKETS = 60
SAMPLES = 20
"""Errors that are kept with what led to them."""
_TIME = struct.Struct("<q")
_PAIR = struct.Struct("<II")
_MOST = 2**32 - 1

Key = tuple[str, str, str]
"""Client, service, route; an empty client stands for all of them, an empty route (and service) for all of these."""
Sample = dict[str, Any]
"""An error: `at` in milliseconds since the epoch, `client`, `status`, `trace`, `user` and the `error`'s id."""


@dataclass(frozen=True)
class Window:
    """What is a crossed limit.

    Attributes:
        limit: So many errors change nothing.
        milliseconds: For so long an error counts.
    """

    limit: int
    milliseconds: int

    @property
    def kept(self) -> int:
        """How many times have to be kept."""
        return self.limit + 1

    @property
    def bucket(self) -> int:
        """Seconds that are counted together."""
        return max(1, self.milliseconds // 1000 // BUCKETS)


@dataclass
class Tally:
    """Errors of one client, of one route, or of the one on the other.

    Attributes:
        recent: The latest times in milliseconds since the epoch, the oldest first.
        buckets: Counts by the first second of their bucket.
        samples: The latest of the errors, the oldest first.
    """

    recent: list[int] = field(default_factory=list)
    buckets: Counter[int] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    @property
    def last(self) -> int:
        """Time of the latest error; 0 for none."""
        return self.recent[-1] if self.recent else 0

    @property
    def seen(self) -> int:
        """How many errors there are, a part of a bucket too many at the window's beginning."""
        return sum(self.buckets.values())

    def add(self, other: Tally, window: Window) -> None:
        """Take the errors of another one in, and leave out what the window has passed."""
        self.recent = sorted(nlargest(window.kept, [*self.recent, *other.recent]))
        beginning = self.last - window.milliseconds
        self.recent = [at for at in self.recent if at > beginning]
        self.buckets.update(other.buckets)
        oldest = beginning // 1000 - window.bucket
        self.buckets = Counter({second: count for second, count in self.buckets.items() if second > oldest})
        samples = sorted([*self.samples, *other.samples], key=lambda sample: int(sample["at"]))
        self.samples = [sample for sample in samples[-SAMPLES:] if sample["at"] > beginning]

    def crosses(self, window: Window, since: int, now: int) -> bool:
        """Whether more errors than the limit allows lie within the window that ends with the latest one.

        Args:
            window: What is a crossed limit.
            since: Only later errors count.
            now: The latest one must lie in the window that ends here.
        """
        counted = [at for at in self.recent if at > since][-window.kept :]
        if len(counted) < window.kept or counted[-1] <= now - window.milliseconds:
            return False
        return counted[-1] - counted[0] < window.milliseconds

    def count(self, window: Window, since: int, now: int) -> int:
        """Return how many errors there were since then within the window that ends now, exactly up to the limit.

        Beyond the limit, those of the bucket in which it begins are left out.
        """
        beginning = max(since, now - window.milliseconds)
        exact = sum(at > beginning for at in self.recent)
        return max(exact, self.at_least(window, since, now))

    def at_least(self, window: Window, since: int, now: int) -> int:
        """Return how many errors there were since then, without any of the bucket in which that is."""
        beginning = max(since, now - window.milliseconds)
        return sum(count for second, count in self.buckets.items() if second * 1000 > beginning)

    def at_most(self, window: Window, since: int, now: int) -> int:
        """Return how many errors there were since then, with all of the bucket in which that is."""
        beginning = max(since, now - window.milliseconds)
        return sum(count for second, count in self.buckets.items() if (second + window.bucket) * 1000 > beginning)


def current_window() -> Window:
    """Return what is a crossed limit by the settings."""
    settings = get_error_rate()
    return Window(settings.error_rate_limit_count, settings.error_rate_limit_window_seconds * 1000)


def total(tallies: Iterable[Tally], window: Window) -> Tally:
    """Put together what shards have seen of the same."""
    found = Tally()
    for tally in tallies:
        found.add(tally, window)
    return found


def pack_times(times: Iterable[int]) -> bytes:
    """Write times down."""
    return b"".join(map(_TIME.pack, times))


def pack_buckets(buckets: Mapping[int, int]) -> bytes:
    """Write counts by second down."""
    return b"".join(_PAIR.pack(second, min(count, _MOST)) for second, count in sorted(buckets.items()))


def pack_samples(samples: list[Sample]) -> str:
    """Write samples down."""
    return json.dumps(samples, separators=(",", ":"))


def unpack(recent: bytes, buckets: bytes, samples: str) -> Tally:
    """Read what was written down."""
    times = [at for (at,) in _TIME.iter_unpack(recent)]
    return Tally(times, Counter(dict(_PAIR.iter_unpack(buckets))), json.loads(samples))

"""Which errors keep their payload: by what they add to what is known, not by luck.

The first of a group, and turning points (a release it was not seen in, a return after it was resolved, one after a
quiet day) are kept; rare ones too. Of the others a share that halves each time their number doubles, and one an hour,
so that there is always a recent one to look at.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NEW, TURNING, RARE, SAMPLE = "new", "turning", "rare", "sample"
RARE_UP_TO = 20
_QUIET_MILLISECONDS = 86_400_000
_HOUR_MILLISECONDS = 3_600_000


@dataclass
class Memory:
    """What a drain knows of a group while it counts its errors.

    Attributes:
        count: How many there were.
        last_at: When the last one was, in milliseconds since the epoch; 0 for none.
        releases: In which releases it was seen.
        returned: Whether it comes back although it was resolved.
    """

    count: int
    last_at: int
    releases: set[str] = field(default_factory=set)
    returned: bool = False


def judge(memory: Memory, at: int, release: str) -> str:
    """Count one more error of a group; return why it keeps its payload, or an empty text.

    Args:
        memory: Of the group; is brought up to date.
        at: When it occurred, in milliseconds since the epoch.
        release: In which release.
    """
    memory.count += 1
    number, before = memory.count, memory.last_at
    turning = memory.returned or release not in memory.releases or at - before >= _QUIET_MILLISECONDS
    recent = at // _HOUR_MILLISECONDS > before // _HOUR_MILLISECONDS
    memory.last_at, memory.returned = max(before, at), False
    memory.releases.add(release)
    if number == 1:
        return NEW
    if turning:
        return TURNING
    if number <= RARE_UP_TO:
        return RARE
    return SAMPLE if recent or number % share(number) == 0 else ""


def share(number: int) -> int:
    """Return of how many errors one is kept, when there were `number`: about twenty of each doubling."""
    return 1 << max(0, (number // RARE_UP_TO).bit_length() - 1)

"""`blocked_ip:<address>`: there as long as an address is blocked, and whoever deletes it unblocks the client.

Beside the keys stands a hash of what was written, changed in the same transaction. A key that is in the hash and yet
not there was deleted by somebody; where both are gone, Redis was flushed, restarted or failed over, and both are
written again. Both are looked at in one transaction too. A key that somebody else writes blocks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from django.db import router

from monitoring.protection.blocks import actions
from monitoring.protection.blocks.models import Block, BlockState
from monitoring.stream.connection import Client

PREFIX = "blocked_ip:"
VALUE = "True"
MOST = 100_000
"""Blocks whose keys are written, the newest."""
ENDED_BY = "deletion of a key in Redis"
_SLICE = 500

Wanted = dict[str, tuple[int, int]]
"""The block and its end in milliseconds since the epoch, by key."""


def synchronize(client: Client, prefix: str, now: datetime | None = None) -> int:
    """End the blocks whose keys somebody deleted, and make the keys what the database says.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation, among which the hash is.
        now: The current time.

    Returns:
        How many blocks were ended.

    Raises:
        redis.RedisError: Redis does not answer, or refuses.
    """
    now = now or datetime.now(UTC)
    marks = f"{prefix}:protection:keys"
    wanted = _wanted(now)
    deleted: set[int] = set()
    missing: Wanted = {}
    for part in _parts(wanted):
        if _is_as_wanted(client, marks, part):
            continue
        for key, value, held, there in _look(client, marks, part):
            if held != _mark(value):
                missing[key] = value
            elif not there:
                deleted.add(value[0])
    stale = [key for key in _marked(client, marks) if key not in wanted]
    ended = _end(deleted, now)
    _write(client, marks, {key: value for key, value in missing.items() if value[0] not in deleted})
    _remove(client, marks, [*stale, *(key for key, value in wanted.items() if value[0] in deleted)])
    return ended


def _wanted(now: datetime) -> Wanted:
    """Return the keys that there should be."""
    rows = Block.objects.using(router.db_for_write(Block)).in_state(BlockState.ACTIVE, now).order_by("-id")
    found: Wanted = {}
    for pk, network, addresses, expires in rows.values_list("id", "network", "addresses", "expires")[:MOST]:
        for name in addresses or [network]:
            found.setdefault(PREFIX + name, (pk, int(expires.timestamp() * 1000)))
    return found


def _is_as_wanted(client: Client, marks: str, part: Wanted) -> bool:
    """Whether all keys are there as they are marked: what is true nearly always is asked in one command for all."""
    with client.pipeline(transaction=True) as pipeline:
        pipeline.hmget(marks, list(part))
        pipeline.exists(*part)
        held, there = cast(Any, pipeline.execute())
    return bool(there == len(part) and held == [_mark(value) for value in part.values()])


def _mark(value: tuple[int, int]) -> bytes:
    return b"%d %d" % value


def _look(
    client: Client, marks: str, part: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[str, tuple[int, int], bytes | None, bool]]:
    """Yield each key with what is wanted, what is marked, and whether it is there or its time has passed."""
    with client.pipeline(transaction=True) as pipeline:
        pipeline.time()
        pipeline.hmget(marks, list(part))
        for key in part:
            pipeline.exists(key)
        (seconds, _), held, *there = cast(Any, pipeline.execute())
    for (key, value), mark, is_there in zip(part.items(), held, there, strict=True):
        over = value[1] <= (seconds + 1) * 1000  # by the clock of the server, which is the one that drops keys
        yield key, value, mark, bool(is_there) or over


def _marked(client: Client, marks: str) -> Iterator[str]:
    for name, _ in client.hscan_iter(marks, count=_SLICE):
        yield cast(bytes, name).decode("utf-8", "replace")


def _end(blocks: set[int], now: datetime) -> int:
    if not blocks:
        return 0
    rows = Block.objects.using(router.db_for_write(Block))
    return sum(
        actions.end(rows.filter(pk__in=part, withheld=""), ENDED_BY, now) for part in _parts(dict.fromkeys(blocks))
    )


def _write(client: Client, marks: str, keys: Wanted) -> None:
    for part in _parts(keys):
        with client.pipeline(transaction=True) as pipeline:
            for key, (block, until) in part.items():
                pipeline.set(key, VALUE, pxat=until)
                pipeline.hset(marks, key, cast(Any, _mark((block, until))))
            pipeline.execute()


def _remove(client: Client, marks: str, keys: Iterable[str]) -> None:
    for part in _parts(dict.fromkeys(keys)):
        with client.pipeline(transaction=True) as pipeline:
            pipeline.delete(*part)
            pipeline.hdel(marks, *part)
            pipeline.execute()


def _parts(items: Mapping[Any, Any]) -> Iterator[dict[Any, Any]]:
    """Cut into parts, so that Redis serves others in between."""
    left = iter(items.items())
    while part := dict(islice(left, _SLICE)):
        yield part

"""Projecting decisions from the database to Redis: only what differs is written, and never over what is newer.

Whoever projects notes what was written last *before* reading the database, and writes only if that has not changed.
Everybody who finds the projection to be right says so as well: their reading may be newer than that of somebody who is
still about to write. So each of two that are at it at the same time either goes by the newer rows or starts over.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from .connection import Client
from .decisions import HEAD, LOG_ENTRIES, MOST_DIGITS, Delta, Entry, Head, Kinds, Replica, encode, field_of, stored

Entries = Mapping[str, Entry]
Provider = Callable[[], Entries]
"""Reads all decisions of one kind, by key, from the database that is written to, as last committed."""

_ATTEMPTS = 10
_PART_DELTAS, _PART_BYTES = 250, 32 * 1024
_STAGED_SECONDS = 120

# Appending comes first: it is what can fail, and a script's earlier writes stay. A log in which a stranger wrote is
# begun anew: followers see that it does not go on from what they hold, and read the state.
_PUBLISH = """
if redis.call('HGET', KEYS[1], 'head') ~= ARGV[1] then return 0 end
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'stream' and kind ~= 'none' then redis.call('UNLINK', KEYS[2]) end
if ARGV[2] ~= '' then
  local function append(call)
    return call('XADD', KEYS[2], 'MAXLEN', ARGV[3], ARGV[2], 'previous', ARGV[4], 'deltas', ARGV[5])
  end
  local done = append(redis.pcall)
  if type(done) == 'table' and done.err then
    if string.find(done.err, 'equal or smaller', 1, true) then redis.call('UNLINK', KEYS[2]) end
    append(redis.call)
  end
end
local sets = 7 + tonumber(ARGV[6])
for place = 7, sets - 1 do redis.call('HDEL', KEYS[1], ARGV[place]) end
redis.call('HSET', KEYS[1], unpack(ARGV, sets))
return 1
"""

# The new state was written aside, and takes the place of nothing, or of what is no head of ours, in one step.
_REPLACE = f"""
local head = redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'head') or ''
local epoch, number, mark, version = string.match(head, '^([0-9a-f]+) (%d+)%-(%d+) (%d+)$')
if epoch and math.max(#epoch, #number, #mark, #version) <= {MOST_DIGITS} then
  redis.call('UNLINK', KEYS[3])
  return 0
end
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('RENAME', KEYS[3], KEYS[1])
redis.call('PERSIST', KEYS[1])
redis.call('XADD', KEYS[2], ARGV[1], 'previous', '', 'deltas', '[]')
return 1
"""


def rebuild(client: Client, replica: Replica, providers: Mapping[str, Provider]) -> int:
    """Make the projection what the database says, and write only what differs.

    Call it outside of transactions: inside of one, the providers may not see what others have committed since.

    Args:
        client: Connection to Redis.
        replica: A copy of the projection; it is brought up to date, and kept from one call to the next it saves
            reading everything.
        providers: Who reads which kind; kinds that are not among them are left alone.

    Returns:
        How many changes were written; 0 also if others were faster, whose readings were not older.

    Raises:
        Exception: What a provider raised; the kinds of the others are projected all the same, unless Redis holds no
            decisions at all: what it holds then must be complete.
        redis.RedisError: Redis does not answer, or refuses.
    """
    first: Head | None = None
    for _ in range(_ATTEMPTS):
        head = replica.catch_up(client)
        first = first or head
        if _projected_since(first, head):
            break
        wanted, failures = _read(providers)
        if head is None:
            if failures:
                raise failures[0]
            if _begin(client, replica, wanted):
                return sum(map(len, wanted.values()))
            continue
        changes = difference(replica.kinds, wanted)
        if _publish(client, replica, changes, known=not failures):
            if failures:
                raise failures[0]
            return len(changes)
    return 0


def difference(held: Kinds, wanted: Mapping[str, Entries]) -> list[Delta]:
    """Return what turns the held decisions of the wanted kinds into the wanted ones."""
    deltas: list[Delta] = []
    for kind, entries in wanted.items():
        there = held.get(kind, {})
        deltas += (Delta(kind, key, None) for key in there.keys() - entries.keys())
        deltas += (Delta(kind, key, entry) for key, entry in entries.items() if there.get(key) != entry)
    return deltas


def _projected_since(first: Head | None, now: Head | None) -> bool:
    """Whether somebody has begun *and* ended since: the second of two who ended began after the first one had."""
    return first is not None and now is not None and first.epoch == now.epoch and now.version >= first.version + 2


def _read(providers: Mapping[str, Provider]) -> tuple[Kinds, list[Exception]]:
    wanted: Kinds = {}
    failures: list[Exception] = []
    for kind, provider in providers.items():
        try:
            wanted[kind] = dict(provider())
        except Exception as error:  # one that fails must not hold back the decisions of the others
            failures.append(error)
    return wanted, failures


def _publish(client: Client, replica: Replica, changes: list[Delta], *, known: bool) -> bool:
    """Write changes, each part of them in one step.

    Args:
        client: Connection to Redis.
        replica: What the changes start from; it takes them over.
        changes: What to write, or nothing: then only that there was nothing to write.
        known: Whether the projection is as the database is after them.

    Returns:
        Whether all was written; False if somebody else wrote meanwhile.
    """
    parts = list(_parts(changes)) or [[]]
    for place, part in enumerate(parts, start=1):
        held = cast(Head, replica.head)
        last = f"{held.number + 1}-{_mark()}" if part else held.last
        head = Head(held.epoch, last, held.version + int(known and place == len(parts)))
        removed = [field_of(delta.kind, delta.key) for delta in part if delta.entry is None]
        sets: list[str] = [HEAD.decode(), head.encode()]
        for kind, key, entry in part:
            if entry is not None:
                sets += (field_of(kind, key), stored(entry))
        appended = (last if part else "", LOG_ENTRIES, held.last, encode(part))
        arguments: list[Any] = [held.encode(), *appended, len(removed), *removed, *sets]
        if not client.eval(_PUBLISH, 2, replica.keys.state, replica.keys.log, *arguments):
            return False
        replica.apply(part, head)
    return True


def _parts(changes: list[Delta]) -> Iterator[list[Delta]]:
    """Cut changes so that one script and one entry of the log stay small."""
    part: list[Delta] = []
    size = 0
    for delta in changes:
        part.append(delta)
        size += len(delta.key) + (len(delta.entry.value) if delta.entry is not None else 0)
        if len(part) >= _PART_DELTAS or size >= _PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _begin(client: Client, replica: Replica, wanted: Kinds) -> bool:
    """Begin a new epoch with everything; return False if somebody else did meanwhile.

    Numbers go on from the server's time, so that those who wait for a later change than the last one of the lost epoch
    wake up.
    """
    seconds, microseconds = client.time()
    head = Head(secrets.token_hex(8), f"{seconds * 1000 + microseconds // 1000}-{_mark()}", 1)
    staged = f"{replica.keys.state}:{head.epoch}"
    everything = [Delta(kind, key, entry) for kind, entries in wanted.items() for key, entry in entries.items()]
    for part in [[], *_parts(everything)]:
        fields = {field_of(kind, key): stored(entry) for kind, key, entry in part if entry is not None}
        with client.pipeline(transaction=True) as pipeline:
            pipeline.hset(staged, mapping=cast(Any, fields or {HEAD: head.encode()}))
            pipeline.expire(staged, _STAGED_SECONDS)
            pipeline.execute()
    keys = (replica.keys.state, replica.keys.log, staged)
    if not client.eval(_REPLACE, 3, *keys, head.last):
        return False
    replica.kinds, replica.head = {kind: dict(entries) for kind, entries in wanted.items()}, head
    return True


def _mark() -> int:
    return secrets.randbelow(2**32)

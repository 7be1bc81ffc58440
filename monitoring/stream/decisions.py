"""The decisions in Redis, as those who follow them read them: a log of changes, and the whole state beside it.

Decisions are rows of the database; what lies here is a projection of them (`projection` writes it). The log names for
each entry the one before it, so that whoever follows sees at once where it does not go on from what they hold: they
fell behind its beginning, Redis was flushed, or a failover took back what they had read. Then they read the state anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import msgspec
import redis
from msgspec import Struct

from .connection import Client

LOG_ENTRIES = 500
"""Changes that the log holds; who is further behind reads everything."""
HEAD = b"head"
"""The field of the state that says what was written last. Fields of decisions hold a colon."""
# So few digits that every number of them is one of 64 bits, as Redis has them.
MOST_DIGITS = 19
_HEAD = re.compile(rb"([0-9a-f]{1,%d}) ([0-9]{1,%d}-[0-9]{1,%d}) ([0-9]{1,%d})" % ((MOST_DIGITS,) * 4))
_PAGE = 20
_SLICE = 300
_TRIES = 5
_PAUSE_SECONDS = 0.001
_GRACE_SECONDS = 0.05
"""So long, at least, those who found what is replaced a moment ago may still look at it."""


class Entry(Struct, frozen=True, gc=False, array_like=True):
    """One decision. The garbage collector need not know of it: with 100,000 of them that is a pause of its own.

    Attributes:
        value: What was decided, as a small text.
        expires: Milliseconds since the epoch from which it is void, or None.
    """

    value: str
    expires: int | None = None


class Delta(NamedTuple):
    """A decision that was made, changed, or (without an entry) taken back."""

    kind: str
    key: str
    entry: Entry | None


Kinds = dict[str, dict[str, Entry]]
"""Decisions by kind and key."""


Pause = Callable[[float], object]
"""Sleeps for so many seconds."""


class UnsettledError(redis.RedisError):
    """What lies in Redis changed, time and again, while it was read."""


@dataclass(frozen=True)
class Keys:
    """Where the decisions of an installation lie."""

    prefix: str

    @property
    def state(self) -> str:
        """Key of the hash that holds all of them."""
        return f"{self.prefix}:decisions"

    @property
    def log(self) -> str:
        """Key of the stream that holds the latest changes."""
        return f"{self.prefix}:decisions:log"


@dataclass(frozen=True)
class Head:
    """What was written last.

    Attributes:
        epoch: Random; another one after everything was written anew.
        last: Id of the last entry of the log: its number, and a random mark that tells it from one of this number
            that a failover has lost.
        version: How often the projection was known to be as the database is, in this epoch.
    """

    epoch: str
    last: str
    version: int

    @property
    def number(self) -> int:
        """Number of the last change: the next higher one with each."""
        return int(self.last.partition("-")[0])

    def encode(self) -> str:
        """Return it as it stands in Redis."""
        return f"{self.epoch} {self.last} {self.version}"


def parse_head(value: bytes | None) -> Head | None:
    """Read a head; None for what is none."""
    match = _HEAD.fullmatch(value or b"")
    return Head(match[1].decode(), match[2].decode(), int(match[3])) if match else None


def field_of(kind: str, key: str) -> str:
    """Return the field of a decision; a kind holds no colon."""
    return f"{kind}:{key}"


def stored(entry: Entry) -> str:
    """Return a decision as it stands in the state."""
    return f"{'' if entry.expires is None else entry.expires} {entry.value}"


def encode(deltas: list[Delta]) -> bytes:
    """Return changes as they stand in the log."""
    return msgspec.json.encode(deltas)


class Replica:
    """A copy of the decisions. One thread keeps it up to date; any may look at it meanwhile.

    Args:
        prefix: First part of the keys of this installation.
        pause: How its thread rests between two slices of much work, so that no other thread of the process waits for
            all of it: releasing the interpreter for a moment is not enough where somebody else wants it, too.

    Attributes:
        keys: Where they lie.
        head: What it holds everything up to; None while it holds nothing.
        kinds: The decisions; expired ones may be among them.
        mark: Another object after each change, for those who keep what follows from the decisions; None before the
            first.
    """

    def __init__(self, prefix: str, pause: Pause | None = None) -> None:
        self.keys = Keys(prefix)
        self.head: Head | None = None
        self.kinds: Kinds = {}
        self.mark: object = None
        self._pause = pause

    def catch_up(self, client: Client) -> Head | None:
        """Take over everything up to the last change.

        Args:
            client: Connection to Redis.

        Returns:
            What was written last, which this copy now is; None where Redis holds no decisions: the copy is left alone.

        Raises:
            UnsettledError: It changed too fast. The copy is good, but old.
            redis.RedisError: Redis does not answer.
        """
        for _ in range(_TRIES):
            head = self._ask(client)
            if head is None:
                return None
            if self._reach(client, head):
                return head
            # Another object, so that nobody sees the state while older entries of the log go over it.
            fresh = Replica(self.keys.prefix, self._pause)
            fresh.kinds, fresh.head = self._scan(client), head
            head = self._ask(client)
            if head is not None and fresh._reach(client, head):
                replaced = self.kinds
                self.kinds, self.head, self.mark = fresh.kinds, head, object()
                self._dismantle(replaced)
                return head
        raise UnsettledError("decisions change faster than they can be read")

    def wait(self, client: Client, seconds: float) -> bool:
        """Wait until the log goes on; return whether it did. The answer takes as long as that."""
        last = self.head.last if self.head is not None else "0-0"
        return bool(client.xread({self.keys.log: last}, count=1, block=int(seconds * 1000)))

    def apply(self, deltas: list[Delta], head: Head | None) -> None:
        """Take changes over.

        Args:
            deltas: What changed.
            head: What the copy is after them.
        """
        for kind, key, entry in deltas:
            held = self.kinds.setdefault(kind, {})
            if entry is None:
                held.pop(key, None)
            else:
                held[key] = entry
        self.head, self.mark = head, object()

    def _ask(self, client: Client) -> Head | None:
        try:
            return parse_head(cast("bytes | None", client.hget(self.keys.state, cast(Any, HEAD))))
        except redis.ResponseError as error:
            if _is_foreign(error):
                return None
            raise

    def _reach(self, client: Client, head: Head) -> bool:
        """Follow the log up to a head; return whether it led there."""
        if self.head is None or self.head.epoch != head.epoch:
            return False
        while self.head.last != head.last:
            page = self._page(client, self.head.last)
            if not page:
                return False
            for entry_id, fields in page:
                if self.head.last == head.last:
                    break
                if not self._follow(entry_id.decode(), fields):
                    return False
                if len(page) > 1:
                    self._rest()
        self.head = head
        return True

    def _page(self, client: Client, last: str) -> Any:
        try:
            return client.xrange(self.keys.log, min=f"({last}", count=_PAGE)
        except redis.ResponseError as error:
            if _is_foreign(error):
                return []
            raise

    def _follow(self, entry_id: str, fields: Mapping[bytes, bytes]) -> bool:
        """Take one entry of the log over, if it is the next one."""
        held = cast(Head, self.head)
        if fields.get(b"previous") != held.last.encode():
            return False
        try:
            deltas = msgspec.json.decode(fields.get(b"deltas", b""), type=list[Delta])
        except (msgspec.DecodeError, ValueError):
            return False
        self.apply(deltas, Head(held.epoch, entry_id, held.version))
        return True

    def _scan(self, client: Client) -> Kinds:
        """Read the state in slices, so that neither Redis nor the other threads of this process wait for all of it."""
        found: Kinds = {}
        cursor = -1
        while cursor:
            cursor, part = cast(Any, client.hscan(self.keys.state, max(cursor, 0), count=_SLICE))
            for name, value in part.items():
                kind, colon, key = name.decode("utf-8", "replace").partition(":")
                if colon and (entry := _parse(value)) is not None:
                    found.setdefault(kind, {})[key] = entry
            if cursor:
                self._rest()
        return found

    def _dismantle(self, kinds: Kinds) -> None:
        """Give back the memory of many decisions in slices, too: all at once takes tens of milliseconds."""
        if self._pause is None or sum(map(len, kinds.values())) <= _SLICE:
            return
        self._pause(_GRACE_SECONDS)
        for held in kinds.values():
            while held:
                for _ in range(min(len(held), _SLICE)):
                    held.popitem()
                self._rest()

    def _rest(self) -> None:
        if self._pause is not None:
            self._pause(_PAUSE_SECONDS)


def _is_foreign(error: redis.ResponseError) -> bool:
    """Whether somebody else left a value of another type there. Whoever projects next replaces it."""
    return str(error).startswith("WRONGTYPE")


def _parse(value: bytes) -> Entry | None:
    """Read a decision of the state; None for what is none."""
    expires, space, text = value.decode("utf-8", "replace").partition(" ")
    if not space or (expires and not (expires.isdecimal() and len(expires) <= MOST_DIGITS)):
        return None
    return Entry(text, int(expires) if expires else None)

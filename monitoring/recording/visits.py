"""What clients ask for: noted on the request's thread by references alone, folded and looked at on the flusher's.

A note is one tuple of what the request holds anyhow. Addresses are read, patterns matched and tokens digested when the
flusher gathers what was noted: as counts per client (`Visit`), as distinct things that were tried (`Tried`), and, of
requests that look like attacks, as entries for the journal (`pattern.<kind>`).

Everything is bounded, whoever comes; what is over is counted in the counters of `COUNTED`.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic, thread_time_ns, time_ns
from typing import Any

from monitoring.address import FORWARDED_FOR

from . import attacks, patterns, scrub
from .client import address_of
from .enforcement.asked import digest_of
from .events import Counter, Entry, Event, Tried, TriedOf, Visit
from .ids import getrandbits

MOST_NOTES = 20_000
"""Requests that wait to be looked at; beyond them the oldest go."""
MOST_CLIENTS = 2_000
"""Clients that one gathering tells apart: those with the most requests."""
MOST_TRIED = 2_000
"""Distinct things that one gathering tells of."""
MOST_PATHS = 100
"""Distinct missing paths of one client that are told of in a minute."""
MOST_KNOWN = 20_000
"""Things of which it is known that they were told of in this minute."""
MOST_LOOKED_AT = 500
"""Requests of one gathering whose texts are matched, of those that are worth it."""
MOST_SPENT = 10_000_000
"""Nanoseconds of processor time in which texts are matched in one gathering; what is left is counted, unseen."""
_MAX_NOTE = 4_096
"""Characters of a note from which on its texts are cut."""
HITS_OF_CLIENT, HITS_IN_ALL = 20, 300
"""Requests that look like attacks and are told of in a minute: of one client, and of all."""

NOTES_DROPPED = "security_notes_dropped_total"
CLIENTS_FOLDED = "security_clients_folded_total"
TRIED_DROPPED = "security_tried_dropped_total"
HITS_DROPPED = "security_hits_dropped_total"
COUNTED = (NOTES_DROPPED, CLIENTS_FOLDED, TRIED_DROPPED, HITS_DROPPED)
"""Counters of what was over a bound."""

_MISSING, _UNAUTHORIZED, _FORBIDDEN = 404, 401, 403
_MAX_WHAT = 120
_DIGITS = 16
_MINUTE = 60.0

Note = tuple[Any, Any, int, str, Any, Any, Any]


class _Known:
    """What this process has told of in the minute that runs."""

    def __init__(self) -> None:
        self.ends = 0.0
        self.begin()

    def begin(self) -> None:
        """Begin a minute."""
        self.told: set[tuple[int, str, int]] = set()
        self.paths: Tally[str] = Tally()
        self.hits: Tally[str] = Tally()

    def turn(self, now: float) -> None:
        """Begin anew when the minute is over."""
        if now >= self.ends:
            self.ends = now + _MINUTE
            self.begin()

    def is_new(self, of: TriedOf, client: str, what: str) -> bool:
        """Whether something was not told of in this minute; what does not fit any more counts as new."""
        key = (of, client, hash(what))
        if key in self.told:
            return False
        if len(self.told) < MOST_KNOWN:
            self.told.add(key)
        return True


_notes: deque[Note] = deque()
_sign_ins: deque[tuple[str, str, bool]] = deque(maxlen=MOST_TRIED)
_known = _Known()
_own: list[Callable[[], frozenset[str]]] = []
_dropped: Tally[str] = Tally()


def note(
    peer: Any, forwarded: Any, status: int, path: str, query: Any = "", authorization: Any = "", agent: Any = ""
) -> None:
    """Note a request that was answered. It keeps references and returns.

    Args:
        peer: Who is connected (`REMOTE_ADDR`).
        forwarded: The header `X-Forwarded-For`, or None.
        status: Of the answer.
        path: As the server has it.
        query: As it came, without its question mark.
        authorization: The header `Authorization`, or None; it is digested, and leaves the process in no other form.
        agent: The header `User-Agent`, or None.
    """
    if len(path) + len(query or "") + len(forwarded or "") + len(authorization or "") + len(agent or "") > _MAX_NOTE:
        path, query, forwarded = (
            path[: patterns.MAX_TEXT],
            query and query[: patterns.MAX_TEXT],
            forwarded and forwarded[-patterns.MAX_TEXT :],
        )
        authorization, agent = (
            authorization and authorization[: patterns.MAX_TEXT],
            agent and agent[: patterns.MAX_TEXT],
        )
    _notes.append((peer, forwarded, status, path, query, authorization, agent))
    if len(_notes) > MOST_NOTES:
        _shed()


def note_request(request: Any, status: int) -> None:
    """Note a request that was answered.

    Args:
        request: Whatever has `path` and `META`, as Django's does.
        status: Of the answer.
    """
    get = request.META.get
    note(
        get("REMOTE_ADDR"),
        get(FORWARDED_FOR),
        status,
        request.path,
        get("QUERY_STRING"),
        get("HTTP_AUTHORIZATION"),
        get("HTTP_USER_AGENT"),
    )


def sign_in(client: str, account: str, *, success: bool) -> None:
    """Note that a client signed in to an account, or failed to.

    Args:
        client: Its address; where it is not known nothing is noted.
        account: What people sign in by. It is scrubbed, so that an e-mail address leaves as a digest.
        success: Whether it did.
    """
    if client and account:
        _sign_ins.append((client, account, success))


def disregard(paths: Callable[[], frozenset[str]]) -> None:
    """Let requests for some paths be no evidence: those of health probes and scrapers.

    Args:
        paths: Returns them; asked when the flusher gathers.
    """
    if paths not in _own:
        _own.append(paths)


def gather() -> list[Event]:
    """Return what was noted since the last time, as events. Runs on the flusher's thread; one call at a time."""
    notes = [_notes.popleft() for _ in range(len(_notes))]
    if not (notes or _sign_ins or _dropped):
        return []
    _known.turn(monotonic())
    own: frozenset[str] = frozenset().union(*(paths() for paths in _own))
    at, seen, tried, found = time_ns(), dict[str, list[int]](), Tally[tuple[int, str, str]](), list[Event]()
    looked_at = spent = 0
    for one in notes:
        peer, forwarded, status, path, query, authorization, agent = one
        client = address_of(peer, forwarded)
        if not client or path in own:
            continue
        counts = seen.setdefault(client, [0, 0, 0])
        counts[0] += 1
        if status == _MISSING:
            counts[1] += 1
            _add_path(tried, client, path)
        elif status in (_UNAUTHORIZED, _FORBIDDEN):
            counts[2] += 1
        if authorization and status != _FORBIDDEN:
            _add_token(tried, client, str(authorization), refused=status == _UNAUTHORIZED)
        path, query, agent = str(path), str(query or ""), str(agent or "")
        if patterns.worth(path, query, agent):
            looked_at += 1
            if looked_at <= MOST_LOOKED_AT and spent < MOST_SPENT:
                began = thread_time_ns()
                found += _hits(at, client, status, (path, query, agent))
                spent += thread_time_ns() - began
            else:
                _dropped[HITS_DROPPED] += 1
    _add_sign_ins(tried)
    found += _visits(at, seen)
    found += _tried(at, tried)
    found += [Counter(at, name, float(count)) for name, count in _dropped.items() if count]
    _dropped.clear()
    return found


def forget() -> None:
    """Begin with nothing: in a fork's child, and when settings change."""
    _notes.clear()
    _sign_ins.clear()
    _dropped.clear()
    _known.begin()


def what_hash(text: str) -> int:
    """Return by what distinct texts are counted, the same in all processes: 63 bits."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _shed() -> None:
    try:
        _notes.popleft()
    except IndexError:  # the flusher took them meanwhile
        return
    _dropped[NOTES_DROPPED] += 1


def _add_path(tried: Tally[tuple[int, str, str]], client: str, path: str) -> None:
    of = TriedOf.PROBE if patterns.is_probe(path) else TriedOf.PATH
    if of is TriedOf.PATH and patterns.is_asset(path):
        return  # where a release lacks its files, every visitor asks for all of them
    if _known.paths[client] < MOST_PATHS and _known.is_new(of, client, path):
        _known.paths[client] += 1
        tried[of, client, scrub.text(path, _MAX_WHAT)] += 1


def _add_token(tried: Tally[tuple[int, str, str]], client: str, authorization: str, *, refused: bool) -> None:
    token = digest_of(authorization)[:_DIGITS]
    of = TriedOf.REFUSED if refused else TriedOf.USED
    if token and _known.is_new(of, client, token):
        tried[of, client, token] += 1


def _add_sign_ins(tried: Tally[tuple[int, str, str]]) -> None:
    for _ in range(len(_sign_ins)):
        client, account, success = _sign_ins.popleft()
        tried[TriedOf.SIGNED_IN if success else TriedOf.FAILED, client, scrub.person(account)] += 1


def _hits(at: int, client: str, status: int, texts: tuple[str, str, str]) -> Iterator[Entry]:
    for hit in _told(patterns.hits(*texts)):
        if _known.hits[client] >= HITS_OF_CLIENT or _known.hits[""] >= HITS_IN_ALL:
            _dropped[HITS_DROPPED] += 1
            continue
        _known.hits[client] += 1
        _known.hits[""] += 1
        details = {
            "pattern": hit.name,
            "weight": round(hit.weight, 2),
            "where": hit.where,
            "path": scrub.text(texts[0], _MAX_WHAT),
            "fragment": scrub.text(hit.fragment, patterns.MAX_FRAGMENT),
            "status": status,
        }
        values = {"client": client, "outcome": "success" if status < 400 else "failure", "details": details}
        yield Entry(at, getrandbits(128) or 1, "security", f"pattern.{hit.kind}", values)


def _told(hits: list[patterns.Hit]) -> list[patterns.Hit]:
    """Return what is told of a request: the weightiest hit, as one request is one piece of evidence; and its tool."""
    tools = [hit for hit in hits if hit.kind == attacks.TOOL]
    others = [hit for hit in hits if hit.kind != attacks.TOOL]
    return [*tools, max(others, key=lambda hit: hit.weight)] if others else tools


def _visits(at: int, seen: dict[str, list[int]]) -> Iterator[Visit]:
    if len(seen) > MOST_CLIENTS:
        kept = sorted(seen.items(), key=lambda item: -item[1][0])[:MOST_CLIENTS]
        _dropped[CLIENTS_FOLDED] += len(seen) - len(kept)
        seen = dict(kept)
    for client, (requests, missing, denied) in seen.items():
        yield Visit(at, client, requests, missing, denied)


def _tried(at: int, tried: Tally[tuple[int, str, str]]) -> Iterator[Tried]:
    _dropped[TRIED_DROPPED] += max(0, len(tried) - MOST_TRIED)
    for (of, client, what), count in tried.most_common(MOST_TRIED):
        yield Tried(at, client, of, what, count)


os.register_at_fork(after_in_child=forget)

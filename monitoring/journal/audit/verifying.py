"""Proving that a chain is what was written: nothing changed, missing, moved, cut off or made anew.

What is found is as exact as can be told: the first sequence at which the chain is not what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.core.files.storage import Storage

from . import canonical, seals
from .models import JournalEntry, StreamHead
from .seals import Seal

EDITED, MISSING, MOVED, BROKEN = "edited", "missing", "moved", "broken"
TRUNCATED, REWRITTEN, UNPROVED = "truncated", "rewritten", "unproved"
SEAL_MISSING, SEAL_FORGED = "seal missing", "seal forged"
_MOST_PROBLEMS = 100
_CHUNK = 2_000


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was written.

    Attributes:
        sequence: Of the entry or seal.
        kind: What was done, as far as can be told.
        says: A sentence.
    """

    sequence: int
    kind: str
    says: str


@dataclass
class Proof:
    """What looking at a chain has shown.

    Attributes:
        entries: How many were looked at.
        sealed: Up to this entry a seal proves them; what comes after only hangs together.
        problems: What is wrong, the first ones.
    """

    stream: str
    entries: int = 0
    last: int = 0
    sealed: int = 0
    problems: list[Problem] = field(default_factory=list)

    def note(self, sequence: int, kind: str, says: str) -> None:
        """Note a problem."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(sequence, kind, says))


@dataclass(frozen=True)
class Chain:
    """What is to be proved.

    Attributes:
        rows: Entries by their sequence.
        first: Sequence of the first one that must be there.
        previous: Digest of the one before it; None where nobody signed for it.
        sealed: Digests by sequence, as seals say.
        last: Sequence and digest of the last one as its head says; None where none is known.
    """

    stream: str
    rows: Iterable[JournalEntry]
    first: int = 1
    previous: str | None = canonical.GENESIS
    sealed: Mapping[int, str] = field(default_factory=dict)
    last: tuple[int, str] | None = None


def verify(
    stream: str,
    using: str,
    where: Storage | None,
    trusted: frozenset[str],
    progress: Callable[[int], None] = lambda _done: None,
    overdue: datetime | None = None,
) -> Proof:
    """Prove the chain of a stream, in constant memory.

    Args:
        stream: Which.
        using: Alias of the database.
        where: Where seals lie, if anywhere.
        trusted: Public keys whose seals count.
        progress: Called now and then with the number of entries that were looked at.
        overdue: Entries that became part of the chain before then must have been sealed outside by now.
    """
    for last_try in (False, True):
        proof, head = Proof(stream), _head(stream, using)
        _prove(proof, head, using, where, trusted, progress)
        if overdue is not None and where is not None:
            _look_for_unsealed(proof, using, overdue)
        # What retention let go meanwhile is not missing.
        if last_try or not proof.problems or _head(stream, using).pruned == head.pruned:
            return proof
    raise AssertionError("the last try returns")


def _look_for_unsealed(proof: Proof, using: str, overdue: datetime) -> None:
    """Note entries that nobody has sealed in time: where seals are taken away, that is what is left to see."""
    rows = JournalEntry.objects.using(using).filter(stream=proof.stream, sequence__lte=proof.last)
    first = rows.filter(sequence__gt=proof.sealed).order_by("sequence").first()
    if first is not None and first.sealed_at < overdue and not proof.problems:
        says = f"entries {first.sequence} to {proof.last} are not sealed, since {first.sealed_at:%Y-%m-%d %H:%M} UTC"
        proof.note(first.sequence, UNPROVED, f"{says}: the platform was stopped, or seals were taken away")


def _head(stream: str, using: str) -> StreamHead:
    return StreamHead.objects.using(using).filter(stream=stream).first() or StreamHead(stream=stream)


def _prove(
    proof: Proof,
    head: StreamHead,
    using: str,
    where: Storage | None,
    trusted: frozenset[str],
    progress: Callable[[int], None],
) -> None:
    """Prove a chain up to where it ended when its head was read: others go on with it meanwhile."""
    noted = _seals(proof, where, trusted, head, using) if where is not None else {}
    first = head.pruned + 1
    previous = canonical.GENESIS if not head.pruned else _let_go(proof, where, trusted, head.pruned)
    rows = JournalEntry.objects.using(using).filter(stream=proof.stream, sequence__gte=first)
    rows = rows.filter(sequence__lte=head.sequence).order_by("sequence")
    sealed = {sequence: digest for sequence, digest in noted.items() if sequence >= first}
    last = (head.sequence, head.digest) if head.sequence else None
    walk(Chain(proof.stream, _watched(_pages(rows), proof, progress), first, previous, sealed, last), proof)


def verify_part(
    stream: str, using: str, where: Storage | None, trusted: frozenset[str], first: int, last: int
) -> Proof:
    """Prove the entries between two sequences, these included, and the seals among them.

    Args:
        stream: Which.
        using: Alias of the database.
        where: Where seals lie, if anywhere.
        trusted: Public keys whose seals count.
        first: Sequence of the first entry.
        last: Sequence of the last one.
    """
    proof, sealed = Proof(stream), {}
    for sequence in seals.sequences(where, seals.SEAL, stream) if where is not None else ():
        if first <= sequence <= last:
            sealed.update(_one(proof, where, trusted, sequence))
    begun = JournalEntry.objects.using(using).filter(stream=stream, sequence=first - 1).first()
    rows = JournalEntry.objects.using(using).filter(stream=stream, sequence__gte=first, sequence__lte=last)
    chain = Chain(stream, _watched(_pages(rows.order_by("sequence")), proof), first, None, sealed)
    if begun is not None:
        chain = replace(chain, previous=begun.digest)
    walk(chain, proof)
    if proof.last < last and not any(one.kind == TRUNCATED for one in proof.problems):
        proof.note(proof.last + 1, MISSING, f"entries {proof.last + 1} to {last} are not there")
    return proof


def _one(proof: Proof, where: Storage | None, trusted: frozenset[str], sequence: int) -> dict[int, str]:
    try:
        seal = seals.read(where, seals.SEAL, proof.stream, sequence) if where is not None else None
    except seals.SealError:
        seal = None
    if seal is None or (seal.stream, seal.sequence) != (proof.stream, sequence) or not seal.is_signed(trusted):
        proof.note(sequence, SEAL_FORGED, f"the seal of entry {sequence} is not signed by a key that is trusted")
        return {}
    return {sequence: seal.digest}


def verify_ends(stream: str, using: str, where: Storage | None, trusted: frozenset[str]) -> Proof:
    """Look at where a chain begins and ends only: whether that is what its head, its seals and retention say.

    Args:
        stream: Which.
        using: Alias of the database.
        where: Where seals lie, if anywhere.
        trusted: Public keys whose seals count.
    """
    proof, head = Proof(stream), _head(stream, using)
    rows = JournalEntry.objects.using(using).filter(stream=stream)
    last = rows.filter(sequence=head.sequence).first()
    if head.sequence and (last is None or last.digest != head.digest):
        proof.note(head.sequence, TRUNCATED if last is None else BROKEN, f"entry {head.sequence} is not the last one")
    there = seals.sequences(where, seals.SEAL, stream) if where is not None else []
    reached = there[-1] if there else 0
    if reached > _head(stream, using).sequence:
        proof.note(head.sequence + 1, TRUNCATED, f"entries up to {reached} were sealed and are not there")
    if where is not None and head.sealed > head.pruned and head.sealed > reached:
        proof.note(head.sealed, SEAL_MISSING, f"the seal of entry {head.sealed} is not there")
    if head.pruned:
        _let_go(proof, where, trusted, head.pruned)
    return proof if _head(stream, using).pruned == head.pruned else Proof(stream)


def walk(chain: Chain, proof: Proof) -> None:
    """Go along a chain, and note what is wrong with it."""
    expected, previous = chain.first, chain.previous
    odd: list[JournalEntry] = []
    for row in chain.rows:
        if row.sequence != expected:
            says = f"entries {expected} to {row.sequence - 1} are not there"
            proof.note(expected, MISSING, says if row.sequence - expected > 1 else f"entry {expected} is not there")
            previous = None
        if row.form != canonical.FORM or canonical.digest(row, row.sequence, row.previous) != row.digest:
            odd.append(row) if len(odd) < _MOST_PROBLEMS else None
        elif previous is not None and row.previous != previous:
            proof.note(row.sequence, BROKEN, f"entry {row.sequence} does not follow the one before it")
        sealed = chain.sealed.get(row.sequence)
        if sealed is not None and sealed != row.digest:
            says = f"entry {row.sequence} is not the one that was sealed: the chain was made anew before it"
            proof.note(row.sequence, REWRITTEN, says)
        elif sealed is not None:
            proof.sealed = row.sequence
        previous, expected = row.digest, row.sequence + 1
    proof.last = expected - 1
    _tell_odd(odd, proof)
    _look_at_the_end(chain, proof, previous)
    proof.problems.sort(key=lambda one: one.sequence)


def _tell_odd(odd: Sequence[JournalEntry], proof: Proof) -> None:
    """Tell those that were moved from those that were changed: a moved one fits in the place of another."""
    places = [row.sequence for row in odd]
    for row in odd:
        own = next((at for at in places if canonical.digest(row, at, row.previous) == row.digest), None)
        if own is None:
            proof.note(row.sequence, EDITED, f"entry {row.sequence} is not what was written")
        else:
            proof.note(row.sequence, MOVED, f"entry {row.sequence} was number {own}")


def _look_at_the_end(chain: Chain, proof: Proof, digest: str | None) -> None:
    reached = max(chain.sealed, default=0)
    if reached > proof.last:
        proof.note(proof.last + 1, TRUNCATED, f"entries {proof.last + 1} to {reached} were sealed and are not there")
    elif chain.last is not None and chain.last[0] > proof.last:
        proof.note(proof.last + 1, TRUNCATED, f"the chain ended with entry {chain.last[0]}, and does with {proof.last}")
    elif chain.last is not None and proof.last >= chain.first and chain.last != (proof.last, digest):
        proof.note(proof.last, BROKEN, "the chain does not end with the entry that its head names")


def _seals(proof: Proof, where: Storage, trusted: frozenset[str], head: StreamHead, using: str) -> dict[int, str]:
    """Return the digests of the seals that count, up to the chain's end, after looking at them as a chain as well."""
    found: dict[int, str] = {}
    before: Seal | None = None
    last = 0
    for sequence, seal in seals.each(where, seals.SEAL, proof.stream):
        if sequence > head.sequence and _head(proof.stream, using).sequence >= sequence:
            break  # the chain went on meanwhile
        last = sequence
        good = seal is not None and (seal.sequence, seal.stream, seal.kind) == (sequence, proof.stream, seals.SEAL)
        if seal is None or not good or not seal.is_signed(trusted):
            proof.note(sequence, SEAL_FORGED, f"the seal of entry {sequence} is not signed by a key that is trusted")
            before = None
            continue
        if before is not None and seal.before != before.fingerprint():
            proof.note(sequence, SEAL_MISSING, f"a seal between entries {before.sequence} and {sequence} is not there")
        found[sequence], before = seal.digest, seal
    if head.sealed > last and head.sealed > head.pruned:
        proof.note(head.sealed, SEAL_MISSING, f"the seal of entry {head.sealed} is not there")
    return found


def _let_go(proof: Proof, where: Storage | None, trusted: frozenset[str], pruned: int) -> str | None:
    """Return the digest of the last entry that retention let go, if that was signed for."""
    try:
        note = seals.read(where, seals.PRUNED, proof.stream, pruned) if where is not None else None
    except seals.SealError:
        note = None
    if note is None or not note.is_signed(trusted) or note.sequence != pruned or note.stream != proof.stream:
        proof.note(pruned, UNPROVED, f"nobody has signed that entries up to {pruned} were let go")
        return None
    return note.digest


def _pages(rows: Any) -> Iterator[JournalEntry]:
    """Read rows page by page, so that no transaction stays open and no more than a page is held."""
    reached = -1
    while True:
        page = list(rows.filter(sequence__gt=reached)[:_CHUNK])
        yield from page
        if len(page) < _CHUNK:
            return
        reached = page[-1].sequence


def _watched(
    rows: Iterator[JournalEntry], proof: Proof, progress: Callable[[int], None] = lambda _done: None
) -> Iterator[JournalEntry]:
    for row in rows:
        proof.entries += 1
        if proof.entries % _CHUNK == 0:
            progress(proof.entries)
        yield row
    progress(proof.entries)

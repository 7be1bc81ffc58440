"""Seals: signed notes of where a chain ended, kept outside of the database, where who rewrites it does not reach.

Each is a file of its own that is never written again, and names the one before it by its digest. Where they lie is a
storage of Django: a folder, or with a storage for it, a bucket whose objects nobody may overwrite.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from monitoring.conf import Config

from . import canonical, keys

FORM = 1
SEAL, PRUNED = "seal", "pruned"
_PREFIX = b"enginel seal 1\n"
_NAME = re.compile(r"(\d{19})\.(seal|pruned)\.json")


class SealError(Exception):
    """A seal cannot be written or read; the message says why."""


class Point(NamedTuple):
    """A place in a chain: the entry at `sequence` of a stream has `digest`; of what kind the note of that is."""

    kind: str
    stream: str
    sequence: int
    digest: str


@dataclass(frozen=True)
class Seal:
    """A signed note: the entry at `sequence` had `digest`; or, of kind `pruned`, all up to it were let go.

    Attributes:
        before: Digest of the file of the seal before it of the same kind; empty for the first.
        key: Public key, in Base64.
        signature: Of all the rest, in Base64.
    """

    kind: str
    stream: str
    sequence: int
    digest: str
    at: str
    before: str
    key: str
    signature: str = ""
    form: int = FORM

    def signed(self) -> bytes:
        """Return the bytes that the signature is of."""
        said = asdict(self)
        del said["signature"]
        return _PREFIX + canonical.text(said)

    def is_signed(self, trusted: frozenset[str]) -> bool:
        """Whether a key that is trusted has signed it."""
        return self.key in trusted and keys.is_signed(self.key, self.signed(), self.signature)

    def content(self) -> bytes:
        """Return what its file holds."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"

    def fingerprint(self) -> str:
        """Return the digest of its file."""
        return hashlib.sha256(self.content()).hexdigest()


def place(config: Config) -> Storage | None:
    """Return where seals lie, or None where they are not wanted."""
    if config.journal_seals_storage:
        return storages[config.journal_seals_storage]
    if not config.journal_seals_folder:
        return None
    return FileSystemStorage(
        config.journal_seals_folder, file_permissions_mode=0o400, directory_permissions_mode=0o700, base_url=None
    )


def write(where: Storage, key: keys.SigningKey, point: Point, before: int, now: datetime) -> Seal:
    """Write a seal, or return the one that is there already because somebody was faster, or died afterwards.

    Args:
        where: Where seals lie.
        key: What it is signed with.
        point: What it says.
        before: Sequence of the seal before it; 0 for none.
        now: The current time.

    Raises:
        SealError: There is one that says something else, or the one before is gone.
    """
    kind, stream, sequence, digest = point
    name = _name(kind, stream, sequence)
    _clear(where, name)
    if not where.exists(name):
        earlier = read(where, kind, stream, before).fingerprint() if before else ""
        unsigned = Seal(kind, stream, sequence, digest, now.isoformat(), earlier, key.public)
        made = Seal(**{**asdict(unsigned), "signature": key.sign(unsigned.signed())})
        try:
            saved = where.save(name, ContentFile(made.content()))
        except OSError:
            _clear(where, name)  # a disk that is full takes a part of it
            raise
        if saved == name:
            _settle(where, name)
            return made
        where.delete(saved)  # somebody was faster
    found = read(where, kind, stream, sequence)
    if found.digest != digest:
        raise SealError(f"the seal {name} says that this entry was another one")
    return found


def _clear(where: Storage, name: str) -> None:
    """Take away what is no seal: whoever wrote it died, or ran out of space, in the middle."""
    if not where.exists(name):
        return
    with where.open(name) as file:
        content = file.read()
    try:
        of(content)
    except SealError:
        where.delete(name)


def read(where: Storage, kind: str, stream: str, sequence: int) -> Seal:
    """Return one seal.

    Raises:
        SealError: It is not there, or is none.
    """
    name = _name(kind, stream, sequence)
    try:
        with where.open(name) as file:
            return of(file.read())
    except OSError as error:
        raise SealError(f"the seal {name} cannot be read: {type(error).__name__}") from error


def of(content: bytes) -> Seal:
    """Read what the file of a seal holds.

    Raises:
        SealError: It is none.
    """
    try:
        return msgspec.json.decode(content, type=Seal)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise SealError(f"what should be a seal is none: {error}") from error


def exists(where: Storage, kind: str, stream: str, sequence: int) -> bool:
    """Whether there is a seal of an entry."""
    return where.exists(_name(kind, stream, sequence))


def sequences(where: Storage, kind: str, stream: str) -> list[int]:
    """Return which seals of a stream there are, in order."""
    try:
        _folders, files = where.listdir(stream)
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (_NAME.fullmatch(name) for name in files)
    return sorted(int(match[1]) for match in found if match and match[2] == kind)


def streams(where: Storage) -> list[str]:
    """Return of which streams there are seals."""
    try:
        return sorted(where.listdir("")[0])
    except FileNotFoundError:
        return []


def each(where: Storage, kind: str, stream: str) -> Iterator[tuple[int, Seal | None]]:
    """Go through the seals of a stream in order; what cannot be read is None."""
    for sequence in sequences(where, kind, stream):
        try:
            yield sequence, read(where, kind, stream, sequence)
        except SealError:
            yield sequence, None


def delete(where: Storage, kind: str, stream: str, sequence: int) -> None:
    """Delete a seal that retention has let go."""
    where.delete(_name(kind, stream, sequence))


def _name(kind: str, stream: str, sequence: int) -> str:
    return f"{stream}/{sequence:019d}.{kind}.json"


def _settle(where: Storage, name: str) -> None:
    """Make sure that it outlives a loss of power, where it lies on a disk of this machine."""
    with contextlib.suppress(NotImplementedError, OSError):
        descriptor = os.open(where.path(name), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

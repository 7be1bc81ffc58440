"""The key that seals are signed with (Ed25519, RFC 8032), and those that are trusted when they are verified."""

from __future__ import annotations

import base64
import contextlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitoring.conf import Config


class UnreadableKeyError(ValueError):
    """A key cannot be read; the message says which."""


class SigningKey:
    """A private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = _text(key.public_key())

    def sign(self, data: bytes) -> str:
        """Return the signature of some bytes, in Base64."""
        return base64.b64encode(self._key.sign(data)).decode()


def signing_key(config: Config) -> SigningKey:
    """Return the key of this installation; the first process that asks makes it, readable by its owner alone.

    A key that was put in its place is in use at once.

    Raises:
        UnreadableKeyError: The file holds none.
    """
    path = Path(config.journal_key_file)
    _make(path)
    there = path.stat()
    return _read(path, (there.st_ino, there.st_size, there.st_mtime_ns))


@lru_cache(maxsize=8)
def _read(path: Path, _version: tuple[int, ...] = ()) -> SigningKey:
    """Read a key, once for each version of its file: workers live longer than keys."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise UnreadableKeyError(f"{path} holds no private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UnreadableKeyError(f"{path} holds a key of another kind than Ed25519")
    return SigningKey(key)


def _make(path: Path) -> None:
    """Make a key, whole or not at all: another process may look for it meanwhile."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Its name is nobody else's: not another thread's, and not that of one who died with the same process id.
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        os.unlink(unfinished)


def trusted(config: Config) -> frozenset[str]:
    """Return the public keys whose signatures count: this installation's, and its earlier ones."""
    own = {signing_key(config).public} if config.journal_key_file and Path(config.journal_key_file).exists() else set()
    return frozenset({*own, *config.journal_trusted_keys})


def is_public(text: str) -> bool:
    """Whether this is a public key: 32 bytes in Base64."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except ValueError:
        return False
    return True


def is_signed(public: str, data: bytes, signature: str) -> bool:
    """Whether some bytes were signed with the private part of a key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _text(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()

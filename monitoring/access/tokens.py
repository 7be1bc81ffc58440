"""API tokens on knox's table: only a digest is stored, and every token has an expiry.

A token is looked up by its whole digest, so how long the look-up takes says nothing of the token, and no part of a
token that somebody chose is stored readable.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from knox.crypto import create_token_string, hash_token
from knox.models import get_token_model

MIN_LENGTH = 20
MAX_LENGTH = 500
_KEY_LENGTH = 15


def issue(user: Any, days: int) -> str:
    """Create a token for a user and return it; it cannot be read again later."""
    token: str = create_token_string()
    store(token, user, days)
    return token


def store(token: str, user: Any, days: int) -> None:
    """Accept a token for a user for so many days from now, whether it is stored already or not."""
    digest = hash_token(token)
    values = {"user": user, "token_key": digest[:_KEY_LENGTH], "expiry": timezone.now() + timedelta(days=days)}
    get_token_model().objects.update_or_create(digest=digest, defaults=values)


def find(token: str) -> Any | None:
    """Return the stored token with its user; None if there is none, and if it expired, which also removes it."""
    tokens = get_token_model().objects
    row = tokens.select_related("user").filter(digest=hash_token(token)).first()
    if row is not None and row.expiry is not None and row.expiry <= timezone.now():
        tokens.filter(digest=row.digest, expiry__lte=timezone.now()).delete()
        return None
    return row


def digest_of(token: str) -> str:
    """Return the digest under which a token is stored, or would be."""
    digest: str = hash_token(token)
    return digest


def revoke(token: str) -> int:
    """Remove a token; return how many there were."""
    return _delete(digest=hash_token(token))


def revoke_all(user: Any) -> int:
    """Remove all tokens of a user; return how many there were."""
    return _delete(user=user)


def forget_expired(user: Any) -> int:
    """Remove the expired tokens of a user; return how many there were."""
    return _delete(user=user, expiry__lte=timezone.now())


def problem_of(token: str) -> str | None:
    """Say what keeps a chosen token from being one: it has to fit into a header and be hard to guess."""
    if not MIN_LENGTH <= len(token) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    if not all("!" <= character <= "~" for character in token):
        return "must consist of ASCII characters without spaces"
    return None


def _delete(**conditions: Any) -> int:
    deleted: int = get_token_model().objects.filter(**conditions).delete()[0]
    return deleted

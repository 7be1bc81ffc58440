"""The account that an admin token belongs to."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction


class AccountError(Exception):
    """The account cannot have an admin token; the message says why."""


def find(name: str) -> Any | None:
    """Return the user of a name, or None."""
    users: Any = get_user_model()
    return users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()


def find_or_create_admin(name: str, password: str | None) -> Any:
    """Return the staff member of a name, who is created as a superuser where nobody has that name.

    Args:
        name: What the user logs in with.
        password: Set when the user is created; with None nobody can log in by password.

    Raises:
        AccountError: The user is not active, not on the staff, or cannot be created from a name alone.
    """
    user = find(name) or _create(name, password)
    if not user.is_active:
        raise AccountError(f"user {name!r} is not active")
    if not getattr(user, "is_staff", False):
        raise AccountError(f"user {name!r} is not on the staff")
    return user


def _create(name: str, password: str | None) -> Any:
    users: Any = get_user_model()
    needed = set(users.REQUIRED_FIELDS) - {"email"}
    if needed:
        raise AccountError(f"a new user needs {', '.join(sorted(needed))}; create it first with createsuperuser")
    extra = {"email": ""} if "email" in users.REQUIRED_FIELDS else {}
    try:
        with transaction.atomic():
            return users._default_manager.create_superuser(**{users.USERNAME_FIELD: name}, **extra, password=password)
    except IntegrityError:  # somebody else created it at the same moment
        user = find(name)
        if user is None:
            raise
        return user

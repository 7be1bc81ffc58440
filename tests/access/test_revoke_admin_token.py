"""`revoke_admin_token` makes tokens worthless, and says so when there was nothing to revoke."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from monitoring.access import tokens

pytestmark = pytest.mark.django_db


def revoke(monkeypatch: pytest.MonkeyPatch, typed: str = "", **options: Any) -> str:
    output = StringIO()
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    call_command("revoke_admin_token", stdout=output, **options)
    return output.getvalue().strip()


def test_it_revokes_the_token_it_reads(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tokens.issue(admin, 1), tokens.issue(admin, 1)
    assert revoke(monkeypatch, first + "\n") == "1 revoked"
    assert tokens.find(first) is None
    assert tokens.find(second) is not None


def test_it_revokes_all_tokens_of_a_user(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    issued = [tokens.issue(admin, 1) for _ in range(3)]
    assert revoke(monkeypatch, user="admin") == "3 revoked"
    assert not any(map(tokens.find, issued))


@pytest.mark.parametrize(
    ("typed", "options"), [("", {}), ("wrong\n", {}), ("", {"user": "admin"}), ("", {"user": "x"})]
)
def test_nothing_to_revoke_is_an_error(
    admin: Any, monkeypatch: pytest.MonkeyPatch, typed: str, options: dict[str, str]
) -> None:
    with pytest.raises(CommandError):
        revoke(monkeypatch, typed, **options)

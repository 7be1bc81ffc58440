"""`create_admin_token` makes a user and a token, and makes neither twice."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken

from monitoring.access import tokens

Create = Callable[..., str]
CHOSEN = "a-token-of-my-own-choice"

pytestmark = pytest.mark.django_db


def test_it_prints_a_valid_token_of_a_new_superuser_without_a_password(create: Create) -> None:
    row = tokens.find(create())
    assert row.user.get_username() == "admin"
    assert row.user.is_staff
    assert row.user.is_superuser
    assert not row.user.has_usable_password()


def test_the_token_is_valid_for_as_long_as_asked(create: Create) -> None:
    row = tokens.find(create(days=3))
    assert timedelta(days=2, hours=23) < row.expiry - timezone.now() <= timedelta(days=3)


def test_it_lasts_a_year_by_default(create: Create) -> None:
    assert tokens.find(create()).expiry - timezone.now() > timedelta(days=364)


@pytest.mark.parametrize("days", [0, -1, 100_000])
def test_impossible_lifetimes_are_refused(create: Create, days: int) -> None:
    with pytest.raises(CommandError, match="days"):
        create(days=days)


def test_every_run_without_a_file_makes_a_new_token(create: Create) -> None:
    assert create() != create()
    assert get_user_model().objects.count() == 1


def test_a_password_file_is_read_for_a_new_user_alone(create: Create, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("correct horse\n")
    create(password_file=path)
    path.write_text("another\n")
    create(password_file=path)
    assert get_user_model().objects.get().check_password("correct horse")


@pytest.mark.parametrize("content", [None, "\n"])
def test_a_password_file_without_a_password_is_an_error(create: Create, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match="password"):
        create(password_file=path)
    assert not get_user_model().objects.exists()


def test_a_file_keeps_its_token_while_that_is_valid(create: Create, tmp_path: Path) -> None:
    path = tmp_path / "token"
    first = create(file=path)
    assert path.read_text() == first + "\n"
    assert create(file=str(path)) == first
    assert AuthToken.objects.count() == 1


def test_only_the_owner_may_read_the_file(create: Create, tmp_path: Path) -> None:
    path = tmp_path / "token"
    create(file=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    create(file=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "nonsense\n", "\xff\xfe"])
def test_a_file_without_a_valid_token_gets_one(create: Create, tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    assert tokens.find(create(file=path)) is not None
    assert tokens.find(path.read_text().strip()) is not None


def test_an_expired_token_in_the_file_is_replaced_and_forgotten(create: Create, tmp_path: Path) -> None:
    path = tmp_path / "token"
    first = create(file=path)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert create(file=path) != first
    assert AuthToken.objects.count() == 1


def test_the_token_of_somebody_else_in_the_file_is_not_taken_over(create: Create, tmp_path: Path) -> None:
    path = tmp_path / "token"
    first = create("eve", file=path)
    assert create("admin", file=path) != first
    assert tokens.find(first).user.get_username() == "eve"


def test_a_folder_that_does_not_exist_is_an_error_that_leaves_no_token(create: Create, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        create(file=tmp_path / "nowhere" / "token")
    assert not AuthToken.objects.exists()


def test_the_environment_chooses_the_token(create: Create, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", CHOSEN)
    path = tmp_path / "token"
    assert [create(), create(), create(file=path)] == [CHOSEN] * 3
    assert path.read_text().strip() == CHOSEN
    assert AuthToken.objects.count() == 1
    assert tokens.find(CHOSEN).user.get_username() == "admin"


def test_a_chosen_token_replaces_the_one_in_the_file(
    create: Create, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    first = create(file=path)
    monkeypatch.setenv("ADMIN_TOKEN", CHOSEN)
    assert create(file=path) == CHOSEN
    assert tokens.find(first) is None


def test_a_chosen_token_of_another_user_is_not_taken_away(create: Create, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", CHOSEN)
    create("eve")
    with pytest.raises(CommandError, match="another user"):
        create("admin")
    assert tokens.find(CHOSEN).user.get_username() == "eve"


@pytest.mark.parametrize("chosen", ["short", "x" * 19, "x" * 501, "with a space in the middle", "caf\u00e9" * 6])
def test_a_chosen_token_that_cannot_be_one_is_refused(
    create: Create, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", chosen)
    with pytest.raises(CommandError, match="ADMIN_TOKEN must") as caught:
        create()
    assert chosen not in str(caught.value)
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize(("field", "words"), [("is_active", "not active"), ("is_staff", "not on the staff")])
def test_a_user_who_could_not_use_the_token_gets_none(create: Create, admin: Any, field: str, words: str) -> None:
    setattr(admin, field, False)
    admin.save()
    with pytest.raises(CommandError, match=words):
        create()


def test_a_user_model_with_more_required_fields_is_a_clear_error(
    create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_user_model(), "REQUIRED_FIELDS", ["email", "birthday"])
    with pytest.raises(CommandError, match=r"birthday.*createsuperuser"):
        create()


def test_a_user_who_appears_at_the_last_moment_is_taken(create: Create, admin: Any, monkeypatch: Any) -> None:
    from monitoring.access import accounts

    answers = iter([None, admin])
    monkeypatch.setattr(accounts, "find", lambda name: next(answers))
    assert tokens.find(create()).user == admin


@pytest.mark.django_db(transaction=True)
def test_runs_at_the_same_time_agree_on_one_user_and_one_token(tmp_path: Path) -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("an in-memory database has one connection")
    path = tmp_path / "token"

    def run(_: int) -> str:
        output = StringIO()
        try:
            call_command("create_admin_token", user="admin", file=path, stdout=output)
        finally:
            connection.close()
        return output.getvalue().strip()

    with ThreadPoolExecutor(4) as pool:
        printed = set(pool.map(run, range(4)))
    assert printed == {path.read_text().strip()}
    assert get_user_model().objects.count() == AuthToken.objects.count() == 1


@pytest.mark.system
def test_processes_at_the_same_time_agree_on_sqlite_too(tmp_path: Path) -> None:
    environment = os.environ | {"ENGINEL_VAR": str(tmp_path), "DATABASE_URL": "", "REDIS_URL": "redis://127.0.0.1:1/0"}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0", "--skip-checks"], env=environment, check=True, timeout=120)
    command = [*manage, "create_admin_token", "--user", "admin", "--file", str(tmp_path / "token")]
    runs = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = {run.communicate(timeout=120)[0].strip() for run in runs}
    assert printed == {(tmp_path / "token").read_text().strip()}
    assert [run.returncode for run in runs] == [0, 0, 0]

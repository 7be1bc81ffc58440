"""Requests as tests send them, and what each endpoint has to refuse."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

JSON = "application/json"
HOSTILE: tuple[Any, ...] = (
    "",
    "null",
    "[]",
    "[[1]]",
    '"text"',
    "7",
    "{",
    "\0",
    '{"": 1}',
    '{"\\u0000": "\\ud800"}',
    "{" + '"a":{' * 20_000,
)
"""Bodies that are none."""
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        [],
        {},
        [1],
        {"a": 1},
        "",
        " ",
        "x",
        "\0",
        "\ud800",
        "x" * 100_000,
        "\N{MATHEMATICAL BOLD DIGIT ONE}",
    ),
    *(-1, 0, 10**400, 1e308, float("inf"), float("nan"), "1e999", "NaN", "0x10", "1_0", "2026-13-40", "1;drop"),
)
"""Values of the wrong type, or out of all bounds, whatever the member is."""


def assert_problem(response: Any, *statuses: int) -> dict[str, Any]:
    """The response says in the one error format what is wrong; return that."""
    assert response.status_code in statuses, (response.status_code, response.content[:500])
    assert response["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert told["status"] == response.status_code
    assert told["detail"]
    return told


def assert_for_staff_alone(method: str, path: str) -> None:
    """Neither strangers nor users who are not on the staff get through."""
    assert_problem(Client().generic(method, path, "{}", JSON), 401)
    bearer = Client(headers={"authorization": "Bearer wrong"})
    assert_problem(bearer.generic(method, path, "{}", JSON), 401)
    users = get_user_model().objects
    member = Client()
    member.force_login(users.filter(username="bob").first() or users.create_user("bob"))
    assert_problem(member.generic(method, path, "{}", JSON), 403)
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(users.filter(username="admin").first() or users.create_superuser("admin", password=None))
    if method != "GET":
        assert_problem(forged.generic(method, path, "{}", JSON), 403)

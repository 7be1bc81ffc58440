from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.causes.chain import ordered
from monitoring.analysis.causes.dependencies import of_error, of_type
from monitoring.analysis.causes.judging import Failure, judge
from monitoring.analysis.causes.links import By, Clue, Link, LinkKind
from tests.properties import MANY

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("exception_type", "dependency"),
    [
        ("django.db.utils.OperationalError", "database"),
        ("django.db.utils.IntegrityError", ""),
        ("psycopg.OperationalError", "database"),
        ("psycopg_pool.PoolTimeout", "database"),
        ("redis.exceptions.ConnectionError", "redis"),
        ("redis.exceptions.ResponseError", ""),
        ("kombu.exceptions.OperationalError", "broker"),
        ("requests.exceptions.ReadTimeout", "network"),
        ("builtins.ConnectionRefusedError", "network"),
        ("ConnectionResetError", "network"),
        ("builtins.ConnectionError", ""),
        ("builtins.ValueError", ""),
        ("shop.errors.ConnectionError", ""),
        ("", ""),
    ],
)
def test_classes_tell_which_dependency_failed(exception_type: str, dependency: str) -> None:
    assert of_type(exception_type) == dependency


def test_what_code_told_comes_first_then_the_root_of_the_chain() -> None:
    chain = [
        {"type": "shop.CheckoutError"},
        {"type": "requests.exceptions.Timeout"},
        {"type": "redis.exceptions.TimeoutError"},
    ]

    assert of_error({"dependency": "payments"}, chain, "") == "payments"
    assert of_error({}, chain, "") == "redis"
    assert of_error(None, "no list", "django.db.utils.InterfaceError") == "database"
    assert of_error({"dependency": 7}, [7], "") == ""


def test_a_database_that_refuses_a_row_has_not_failed_and_one_that_gives_up_has() -> None:
    refused = {"type": "psycopg.errors.UniqueViolation", "mro": ["psycopg.IntegrityError", "psycopg.DatabaseError"]}
    gave_up = {"type": "psycopg.errors.QueryCanceled", "mro": ["psycopg.OperationalError", "psycopg.DatabaseError"]}

    assert of_error({}, [{"type": "django.db.utils.IntegrityError", "mro": []}, refused], "") == ""
    assert of_error({}, [{"type": "django.db.utils.OperationalError", "mro": []}, gave_up], "") == "database"


def test_the_first_error_of_the_trace_that_has_a_dependency_names_it() -> None:
    failures = [
        Failure(at(5), "CheckoutError", "POST api/checkout/"),
        Failure(at(2), "ReadTimeout", "tasks.pay.charge", "payments"),
        Failure(at(1), "ValueError", "tasks.pay.charge"),
        Failure(at(3), "OperationalError", "tasks.pay.book", "database"),
    ]
    clues = [
        Clue("circuit", "payments", at(-40), "was open (12 of 20 calls failed)"),
        Clue("health", "database", at(-100), "is unhealthy"),
    ]

    cause = judge(at(5), failures, clues)
    assert (cause.kind, cause.name, cause.by, cause.at) == ("dependency", "payments", By.TRACE, at(-40))
    assert cause.words == (
        "payments failed first: ReadTimeout in tasks.pay.charge came of it; "
        "its circuit was open (12 of 20 calls failed) since 45 seconds before"
    )


def test_what_was_only_wrong_at_the_same_time_is_said_to_be_no_more_than_that() -> None:
    clues = [Clue("health", "database", at(-30), "is unhealthy"), Clue("health", "mailer", at(-90), "is degraded")]

    cause = judge(at(0), [Failure(at(0), "KeyError", "GET api/cart/")], clues)
    assert (cause.kind, cause.name, cause.by) == ("component", "database", By.TIME)
    assert cause.words.endswith("nothing of the trace says that it is the cause")


def test_where_nothing_points_anywhere_it_is_the_code_that_failed_first() -> None:
    failures = [
        Failure(at(1), "KeyError", "GET api/cart/"),
        Failure(at(0), "ValueError", "tasks.tax", "", "shop.tax.rate"),
    ]

    cause = judge(at(1), failures, [Clue("finding", "celery@a", at(0), "worker down")])
    assert (cause.kind, cause.name, cause.by) == ("code", "shop.tax.rate", By.CODE)


def test_links_follow_what_they_happened_within_by_time() -> None:
    links = [
        Link("e", LinkKind.ERROR, "ValueError", at(3), "t"),
        Link("r", LinkKind.REQUEST, "POST api/"),
        Link("u", LinkKind.TASK, "second", at(2), "r"),
        Link("t", LinkKind.TASK, "first", at(1), "r"),
    ]

    assert [link.id for link in ordered(links, 10)[0]] == ["r", "t", "e", "u"]
    assert ordered(links, 2)[1]


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(0, 9)), max_size=20), st.integers(1, 12))
@MANY
def test_whatever_claims_to_be_within_what_all_are_shown_once(pairs: list[tuple[int, int | None]], limit: int) -> None:
    links = [Link(str(one), LinkKind.TASK, "t", at(one), None if up is None else str(up)) for one, up in pairs]
    found, more = ordered(links, limit)

    ids = {link.id for link in links}
    assert len(found) == len({link.id for link in found}) == min(limit, len(ids))
    assert more == (len(ids) > limit)

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from monitoring.errors.groups import users
from monitoring.errors.groups.models import ErrorGroup, GroupUser
from tests.faults.conftest import database
from tests.faults.processes import Thread

from .making import group, meet, scope

__all__ = ["database"]


def known(one: ErrorGroup) -> int:
    return ErrorGroup.objects.get(pk=one.pk).users


@pytest.mark.django_db
def test_users_are_counted_once_however_often_they_come() -> None:
    one, other = group(), group()

    users.add(scope(), {one.pk: {"anna", "ben"}, other.pk: {"anna"}})
    users.add(scope(), {one.pk: {"anna", "carl", ""}, other.pk: set()})

    assert (known(one), known(other)) == (3, 1)
    assert set(GroupUser.objects.filter(group=one).values_list("user", flat=True)) == {"anna", "ben", "carl"}


@pytest.mark.django_db
def test_a_thousand_are_known_by_name_and_the_next_one_makes_a_sketch() -> None:
    one = group()
    meet(one, [f"user-{number}" for number in range(999)])

    users.add(scope(), {one.pk: {"the thousandth"}})
    assert (known(one), one.affected.count()) == (1000, 1000)

    users.add(scope(), {one.pk: {"one more"}})
    assert 1000 <= known(one) <= 1050
    assert one.affected.count() == 0


@pytest.mark.django_db
def test_beyond_a_thousand_they_are_estimated() -> None:
    one = group()
    users.add(scope(), {one.pk: {f"user-{number}" for number in range(5000)}})
    users.add(scope(), {one.pk: {f"user-{number}" for number in range(4000, 9000)}})

    assert abs(known(one) - 9000) < 450


@pytest.mark.django_db
def test_an_estimate_never_falls_and_is_not_written_when_nobody_is_new() -> None:
    one = group()
    users.add(scope(), {one.pk: {f"user-{number}" for number in range(2000)}})
    ErrorGroup.objects.filter(pk=one.pk).update(users=5000)

    with CaptureQueriesContext(connection) as queries:
        users.add(scope(), {one.pk: {"user-7"}})
    users.add(scope(), {one.pk: {f"other-{number}" for number in range(100)}})

    assert not any("UPDATE" in query["sql"] for query in queries)
    assert known(one) == 5000


@pytest.mark.django_db
def test_long_names_fit_and_stay_apart() -> None:
    one = group()

    users.add(scope(), {one.pk: {"x" * 100 + "1", "x" * 100 + "2", "with\0nul"}})

    assert known(one) == 3
    assert max(len(user) for user in one.affected.values_list("user", flat=True)) == 64


@pytest.mark.django_db
def test_what_it_costs_does_not_grow_with_the_batch() -> None:
    def cost(groups: int) -> int:
        few, many, moving, estimated = ([group() for _ in range(groups)] for _ in range(4))
        met: dict[int, set[str]] = {one.pk: {"anna"} for one in few} | {one.pk: {"a", "b", "c"} for one in many}
        for one in moving:
            met[one.pk] = {f"user-{number}" for number in range(1001)}
        users.add(scope(), {one.pk: {f"user-{number}" for number in range(1001)} for one in estimated})
        met |= {one.pk: {"somebody else"} for one in estimated}
        with CaptureQueriesContext(connection) as queries:
            users.add(scope(), met)
        return sum(query["sql"] != "" for query in queries)

    assert cost(1) == cost(4)


@pytest.mark.usefixtures("database")
def test_two_drains_that_meet_users_of_one_group_at_once_count_each_once() -> None:
    one = group()
    together = threading.Barrier(2)

    def drain(number: int) -> None:
        together.wait(30)
        for turn in range(10):
            with transaction.atomic():
                ErrorGroup.objects.filter(pk=one.pk).update(count=1)
                users.add(scope(), {one.pk: {f"{turn}-{user}" for user in range(number * 60, number * 60 + 100)}})

    for thread in [Thread(lambda: drain(0)), Thread(lambda: drain(1))]:
        thread.result()

    assert one.affected.count() == 0
    assert abs(known(one) - 1600) < 80

"""Who asks for a recovery when errors are taken in: once a fault, and everybody who wants an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.statements import counting
from monitoring.intake.connections import write_connection
from monitoring.recording import wire
from monitoring.recovery.models import Recovery
from monitoring.recovery.states import State
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import Shop, error, now
from tests.pipeline import drain_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]


def _failure(kind: str = "builtins.TimeoutError", function: str = "buy", **values: Any) -> wire.Record:
    """An exception of a class, raised in a function."""
    record = error(function, **values)
    (raised,) = record.values["chain"]
    raised |= {"type": kind, "mro": [kind.removeprefix("builtins."), "Exception"]}
    return record


def _asked(of: wire.Record, trigger: str = "decorator", *, waits: bool = True) -> wire.Record:
    """A caller asks for the recovery of an error."""
    return wire.Record("recovery", now(), {"error_id": of.values["id"], "trigger": trigger, "waits": waits})


def _take(*events: wire.Record, shop: Shop | None = None) -> list[Recovery]:
    (shop or Shop()).send(*events)
    drain_all(FACTS)
    return list(Recovery.objects.order_by("requested_at", "trigger"))


def test_an_error_of_a_type_with_a_remedy_asks_once_however_often_it_occurs() -> None:
    shop = Shop()
    shop.send(*(_failure() for _ in range(20)))
    drain_all(FACTS)
    (row,) = _take(*(_failure() for _ in range(20)), shop=shop)
    assert (row.trigger, row.error_type, row.severity, row.priority) == ("automatic", "TimeoutError", "high", 3)
    assert (row.state, row.waits, row.name) == (State.REQUESTED, False, "POST orders/")
    assert row.fingerprint
    assert row.next_at == row.requested_at


def test_other_faults_ask_for_themselves_and_an_error_without_a_documented_remedy_does_not() -> None:
    rows = _take(_failure(), _failure(function="sell"), error("forget"))
    assert len(rows) == 2


@pytest.mark.parametrize(
    "silent",
    [
        {"kind": "response"},
        {"name": "tasks.recovery.recover"},
        {"status": 404, "handled": True},
        {"status": 401, "handled": True},
    ],
)
def test_what_is_no_exception_our_own_or_the_clients_does_not_ask(silent: dict[str, Any]) -> None:
    assert _take(_failure(**silent)) == []


def test_what_no_view_handled_asks_also_where_it_was_answered_with_400() -> None:
    (row,) = _take(_failure(status=400, handled=False))
    assert row.error_type == "TimeoutError"


def test_what_failed_inside_of_a_declared_dependency_asks_whatever_its_type() -> None:
    (row,) = _take(error(context={"dependency": "payments"}))
    assert row.dependency == "payments"


def test_with_recovery_off_errors_do_not_ask_but_callers_get_an_answer(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RECOVERY": "off"}
    failed = _failure()
    (row,) = _take(failed, _failure(function="sell"), _asked(failed))
    assert (row.trigger, row.waits) == ("decorator", True)


def test_a_caller_whose_error_came_with_the_request_is_known_with_its_fault() -> None:
    failed = _failure()
    (row,) = _take(failed, _asked(failed))
    assert (row.trigger, row.waits, row.error_type) == ("decorator", True, "TimeoutError")
    assert row.fingerprint


@pytest.mark.parametrize(
    ("trigger", "expected"), [("decorator", ("high", 3)), ("middleware", ("high", 3)), ("manual", ("low", 9))]
)
def test_what_ends_a_request_is_as_grave_before_it_is_answered(trigger: str, expected: tuple[str, int]) -> None:
    failed = _failure("shop.APIError", handled=True, status=0)
    (row,) = _take(failed, _asked(failed, trigger))
    assert (row.severity, row.priority) == expected


def test_callers_of_a_fault_that_is_under_way_join_it() -> None:
    first, second, third = _failure(), _failure(), _failure()
    _take(first)
    rows = _take(second, _asked(second), third, _asked(third, waits=False))
    leader = next(row for row in rows if row.trigger == "automatic")
    joined = sorted((row for row in rows if row.state == State.JOINED), key=lambda row: not row.waits)
    assert [row.leader_id for row in joined] == [leader.pk, leader.pk]
    # The leader tells who waits; nobody works on those who do not, however many a storm brings.
    assert [(row.waits, row.settled_at is None, row.next_at is None) for row in joined] == [
        (True, True, False),
        (False, False, True),
    ]
    assert joined[0].next_at > leader.next_at


def test_who_asks_for_an_error_that_is_under_way_is_told_of_it_and_what_is_over_is_done_again() -> None:
    failed = _failure()
    _take(failed)
    Recovery.objects.update(next_at=None)
    (row,) = _take(_asked(failed, "manual"))
    assert (row.trigger, row.waits) == ("automatic", True)
    assert row.next_at is not None
    Recovery.objects.update(state=State.SETTLED, settled_at=datetime.now(UTC))
    rows = _take(_asked(failed, "manual"))
    assert [row.state for row in rows] == [State.SETTLED, State.REQUESTED]


def test_a_fault_that_was_recovered_lately_asks_again_after_the_pause() -> None:
    _take(_failure())
    Recovery.objects.update(state=State.SETTLED, settled_at=datetime.now(UTC))
    assert len(_take(_failure())) == 1
    Recovery.objects.update(requested_at=datetime.now(UTC) - timedelta(seconds=301))
    assert len(_take(_failure())) == 2


@pytest.mark.parametrize("values", [{"error_id": "x"}, {"trigger": "nobody"}, {"error_id": None}, {}])
def test_a_request_of_another_form_is_left_out(values: dict[str, Any]) -> None:
    assert _take(wire.Record("recovery", now(), values)) == []


def test_many_errors_cost_as_many_statements_as_a_few() -> None:
    def statements(count: int, part: str) -> int:
        failures = [_failure(function=f"{part}_{number}") for number in range(count)]
        Shop().send(*failures, *(_asked(one) for one in failures[: count // 2]))
        with counting(write_connection()) as seen:
            drain_all(FACTS)
        return len(seen)

    statements(2, "warm")
    assert statements(4, "few") == statements(24, "many")

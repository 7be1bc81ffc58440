"""What an error tells beside its name: source, local variables, causes; and what it costs in events."""

from __future__ import annotations

import asyncio
import pickle
import random
from typing import Any

import pytest

from monitoring.errors.models import ErrorLog
from monitoring.recording import errors
from monitoring.recording.errors import capture
from monitoring.recording.events import Error, Occurrence
from monitoring.recording.raised import frames
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

pytestmark = pytest.mark.usefixtures("eager")


def fail(secret: str = "hunter2") -> None:
    password, order = secret, {"id": 12, "items": ["bolt"]}
    raise LookupError(f"nothing at {len(password)} {order['id']}")


def report(**given: Any) -> None:
    try:
        fail()
    except LookupError as error:
        errors.report(error, **given)


def configure(settings: Any, **values: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, **values}


def test_the_first_of_a_place_come_with_their_source_and_the_others_without(settings: Any) -> None:
    configure(settings, ERROR_DETAILS=2)
    for _ in range(4):
        report()
    rows = ErrorLog.objects.order_by("id")
    assert [bool(row.chain[0].get("source")) for row in rows] in ([True, True, False, False], [True] * 3 + [False])
    first, lines = rows[0].chain[0]["source"]["1"]
    assert any("raise LookupError" in line for line in lines)
    assert first > 0


def test_local_variables_are_off_unless_asked_for(settings: Any) -> None:
    report()
    assert "locals" not in ErrorLog.objects.get().chain[0]


def test_local_variables_are_those_of_where_it_was_raised_and_scrubbed(settings: Any) -> None:
    configure(settings, ERROR_LOCALS=True)
    report()
    chain = ErrorLog.objects.get().chain[0]
    (shown,) = chain["locals"].values()
    assert shown["password"] == shown["secret"] == "[filtered]"
    assert "bolt" in shown["order"]
    assert list(chain["locals"]) == [str(len(chain["frames"]) - 1)]


def test_a_chain_is_told_with_how_one_came_of_the_other() -> None:
    try:
        try:
            fail()
        except LookupError as error:
            raise RuntimeError("outer") from error
    except RuntimeError as error:
        errors.report(error)
    row = ErrorLog.objects.get()
    assert [(raised["type"], raised["link"]) for raised in row.chain] == [
        ("RuntimeError", ""),
        ("LookupError", "cause"),
    ]
    assert "direct cause" in row.traceback
    assert row.traceback.index("LookupError: nothing") < row.traceback.index("RuntimeError: outer")


def test_a_group_of_exceptions_tells_of_its_first() -> None:
    async def boil() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(fail))

    try:
        asyncio.run(boil())
    except* LookupError as error:
        errors.report(error)
    assert [raised["link"] for raised in ErrorLog.objects.get().chain] == ["", "group"]


def test_an_explicit_fingerprint_is_all_that_counts() -> None:
    report(fingerprint=["bills", "unpaid"])
    try:
        raise ValueError("another")
    except ValueError as error:
        error.enginel_fingerprint = ["bills", "unpaid"]  # type: ignore[attr-defined]
        errors.report(error)
    assert len(set(ErrorLog.objects.values_list("fingerprint", flat=True))) == 1


def test_an_exception_that_cannot_be_marked_or_printed_is_still_told() -> None:
    class Stubborn(Exception):
        __slots__ = ()

        def __str__(self) -> str:
            raise RuntimeError

    try:
        raise Stubborn
    except Stubborn as error:
        assert errors.report(error)
    assert ErrorLog.objects.get().message == "<unprintable>"


def test_endless_recursion_keeps_its_ends() -> None:
    def down(depth: int) -> None:
        down(depth + 1)

    try:
        down(0)
    except RecursionError as error:
        (codes, _, _), innermost = frames.take(error)
        errors.report(error)
    assert len(codes) <= 151
    assert innermost is not None
    assert codes[0].co_name.startswith("test_endless")
    assert ErrorLog.objects.get().chain[0]["frames"][-1][2].endswith("down")


def test_the_same_exception_in_another_request_is_another_error() -> None:
    from monitoring.recording.context import Context, current

    single = LookupError("made once")
    for _ in range(3):
        token = current.set(Context("shop.task", None, "t"))
        try:
            raise single
        except LookupError as error:
            errors.report(error)
            errors.report(error)
        finally:
            current.reset(token)
    assert ErrorLog.objects.count() == 3


def test_repetitions_travel_as_keys_and_are_counted_exactly(settings: Any) -> None:
    configure(settings, ERRORS_PER_MINUTE=2, EAGER=False)
    recorder.reset()
    for _ in range(50):
        report(user_id=5)
    kinds = {kind: len(buffer) for kind, buffer in recorder._buffers.items() if kind in (Error, Occurrence)}
    assert sum(kinds.values()) + ErrorLog.objects.count() <= 50
    assert recorder.flush()
    drain_all()
    assert ErrorLog.objects.count() == 50
    assert ErrorLog.objects.exclude(kept="").count() <= 4
    group = ErrorLog.objects.values_list("group", flat=True).distinct().get()
    assert ErrorLog.objects.filter(group=group, error_type="LookupError").count() <= 4


def test_switched_off_nothing_is_told(settings: Any) -> None:
    settings.ERROR_TRACKING = {"ENABLED": False}
    try:
        fail()
    except LookupError as error:
        assert errors.report(error) is None
        assert errors.identify(error) == ("", "")
    assert not ErrorLog.objects.exists()


def test_what_goes_wrong_inside_is_counted_and_raised_at_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(capture, "take", explode)
    report()
    assert recorder.flusher.losses.take({"failure"}) == {"failure": 1}


def test_a_program_that_seeds_pythons_generator_does_not_make_ids_repeat() -> None:
    for _ in range(2):
        random.seed(7)
        report()
    assert ErrorLog.objects.count() == 2


def test_an_exception_that_was_recorded_can_be_read_where_enginel_is_not() -> None:
    try:
        fail()
    except LookupError as error:
        errors.report(error)
        pickled = pickle.dumps(error)
    assert b"monitoring" not in pickled
    assert isinstance(pickle.loads(pickled), LookupError)

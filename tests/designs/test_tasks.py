"""The tasks, called in-process, against a real database and stored files."""

import weakref
from datetime import timedelta
from uuid import uuid4

import pytest
from celery.exceptions import Retry, SoftTimeLimitExceeded
from django.db import DatabaseError, DataError, OperationalError
from django.utils import timezone

from designs import dispatch, extraction
from designs.exceptions import BOMExtractionError, ExternalServiceError, GeometryProcessingError, TaskTimeoutError
from designs.models import MAX_ATTEMPTS, Design, Failure, Status
from designs.parsing import ParseError
from tasks.designs import bom_extraction, geometry_extraction, resume_designs


def reread(design: Design) -> Design:
    return Design.objects.get(pk=design.pk)


@pytest.mark.parametrize("name", ["plate.step", "gearbox.step", "bracket.igs"])
def test_both_tasks_make_a_design_ready(anna, make_design, name):
    design = make_design(anna, name)

    geometry_extraction(str(design.pk))
    bom_extraction(str(design.pk))

    design = reread(design)
    assert design.status == Status.READY
    assert design.geometry["bounding_box"]["size"]
    assert design.bom["tree"]
    assert (design.attempts, design.error_message) == (0, "")


@pytest.mark.parametrize("task", [geometry_extraction, bom_extraction])
def test_a_broken_file_fails_the_design_with_a_message_and_the_task_with_it(anna, make_design, task):
    design = make_design(anna, "broken.step")

    with pytest.raises(
        (GeometryProcessingError, BOMExtractionError), match=r"^Failed to .* ends in the middle"
    ) as raised:
        task(str(design.pk))

    assert isinstance(raised.value.__cause__, ParseError)
    assert reread(design).status == Status.FAILED
    assert "ends in the middle" in reread(design).error_message


def test_a_task_delivered_again_changes_nothing(anna, make_design, monkeypatch):
    design = make_design(anna)
    geometry_extraction(str(design.pk))
    before = reread(design).updated
    monkeypatch.setattr(extraction, "read_geometry", lambda *args: pytest.fail("read again"))

    geometry_extraction(str(design.pk))

    assert reread(design).updated == before


def test_a_task_for_a_deleted_design_does_nothing(db):
    geometry_extraction(str(uuid4()))


def test_a_lost_file_fails_the_design(anna, make_design):
    design = make_design(anna)
    design.file.storage.delete(design.file.name)

    with pytest.raises(GeometryProcessingError):
        geometry_extraction(str(design.pk))

    assert reread(design).error_message == "The stored file is gone."


def test_a_storage_out_of_order_is_tried_again_and_does_not_count_as_an_attempt(anna, make_design, monkeypatch):
    design = make_design(anna)
    monkeypatch.setattr(extraction, "read_geometry", _raise(ConnectionError("storage")))

    with pytest.raises((Retry, ExternalServiceError)):
        geometry_extraction(str(design.pk))

    assert (reread(design).status, reread(design).attempts) == (Status.PROCESSING, 0)


def test_reading_that_takes_too_long_fails_the_design(anna, make_design, monkeypatch):
    design = make_design(anna)
    monkeypatch.setattr(extraction, "extract_geometry", _raise(SoftTimeLimitExceeded()))

    with pytest.raises(TaskTimeoutError) as raised:
        geometry_extraction(str(design.pk))

    assert isinstance(raised.value.__cause__, SoftTimeLimitExceeded)
    assert reread(design).failure == Failure.TIMEOUT
    assert "longer than 240 seconds" in reread(design).error_message


def test_an_assembly_that_takes_too_long_fails_the_design(anna, make_design, monkeypatch):
    design = make_design(anna, geometry={"a": 1}, status=Status.PROCESSING)
    monkeypatch.setattr(extraction, "extract_bom", _raise(SoftTimeLimitExceeded()))

    with pytest.raises(TaskTimeoutError):
        bom_extraction(str(design.pk))

    assert "longer than 240 seconds" in reread(design).error_message


def test_a_file_too_large_for_memory_fails_the_design(anna, make_design, monkeypatch):
    design = make_design(anna)
    monkeypatch.setattr(extraction, "read_geometry", _raise(MemoryError()))

    with pytest.raises(GeometryProcessingError):
        geometry_extraction(str(design.pk))

    assert reread(design).status == Status.FAILED


def test_memory_that_ran_out_is_free_again_before_the_design_is_told(anna, make_design, monkeypatch):
    design = make_design(anna)
    held: list[weakref.ref] = []

    def read_until_memory_is_gone(*args):
        much = {1, 2, 3}
        held.append(weakref.ref(much))
        raise MemoryError

    monkeypatch.setattr(extraction, "read_geometry", read_until_memory_is_gone)
    free: list[bool] = []
    monkeypatch.setattr(Design, "fail", lambda self, message, failure: free.append(held[0]() is None))

    with pytest.raises(GeometryProcessingError):
        geometry_extraction(str(design.pk))

    assert free == [True]


@pytest.mark.parametrize("error", [OverflowError(), KeyError(1), IndexError(), TypeError(), ValueError()])
def test_a_slip_of_the_reader_fails_the_design_with_a_message(anna, make_design, monkeypatch, error):
    design = make_design(anna)
    monkeypatch.setattr(extraction, "read_geometry", _raise(error))

    with pytest.raises(GeometryProcessingError):
        geometry_extraction(str(design.pk))

    assert reread(design).status == Status.FAILED
    assert "unexpected" in reread(design).error_message


@pytest.mark.parametrize("error", [OperationalError(), DataError()])
def test_a_database_out_of_order_is_no_fault_of_the_file(anna, make_design, monkeypatch, error):
    design = make_design(anna)
    monkeypatch.setattr(extraction, "read_geometry", _raise(error))

    with pytest.raises((Retry, DatabaseError)):
        geometry_extraction(str(design.pk))

    assert reread(design).status == Status.PROCESSING


def test_designs_nobody_works_on_are_queued_again_for_what_they_lack(anna, make_design, queued):
    long_ago = timezone.now() - timedelta(minutes=1)
    lost = make_design(anna, lease_until=long_ago)
    half = make_design(anna, lease_until=long_ago, status=Status.PROCESSING, geometry={"a": 1})
    make_design(anna)
    make_design(anna, lease_until=long_ago, status=Status.READY)
    queued.clear()

    assert resume_designs() == 2
    assert resume_designs() == 0

    by_design = {str(arguments[0][0]): names for names, arguments, _ in queued.read()}
    assert by_design == {
        str(lost.pk): ["tasks.designs.geometry_extraction", "tasks.designs.bom_extraction"],
        str(half.pk): ["tasks.designs.bom_extraction"],
    }


def test_a_design_that_took_several_workers_down_is_given_up(anna, make_design, queued):
    long_ago = timezone.now() - timedelta(minutes=1)
    design = make_design(anna, status=Status.PROCESSING, lease_until=long_ago, attempts=MAX_ATTEMPTS)
    queued.clear()

    assert resume_designs() == 0

    assert queued.read() == []
    assert "Gave up" in reread(design).error_message


def test_while_the_broker_is_away_designs_stay_due(anna, make_design, broker):
    long_ago = timezone.now() - timedelta(minutes=1)
    designs = [make_design(anna, lease_until=long_ago) for _ in range(3)]
    broker("redis://127.0.0.1:1/0")

    assert resume_designs() == 0
    assert Design.objects.overdue().count() == len(designs)


def test_the_names_used_for_publishing_are_those_of_the_tasks():
    assert [geometry_extraction.name, bom_extraction.name] == list(dispatch.TASKS.values())


def _raise(error: BaseException):
    def raiser(*args, **kwargs):
        raise error

    return raiser

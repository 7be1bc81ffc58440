"""Word to the workers, through the real Celery app and a real broker."""

import time

import pytest

from designs.dispatch import queue_extraction
from designs.models import Design
from tests.designs.impatience import HungBroker

GEOMETRY, BOM = "tasks.designs.geometry_extraction", "tasks.designs.bom_extraction"


def test_the_first_task_is_published_and_carries_the_second(queued):
    design = Design()

    assert queue_extraction(design)

    assert queued.read() == [([GEOMETRY, BOM], [(str(design.pk),), (str(design.pk),)], {"designs"})]


def test_only_what_is_missing_is_published(queued):
    assert queue_extraction(Design(geometry={"a": 1}))

    assert [names for names, _, _ in queued.read()] == [[BOM]]


def test_nothing_missing_means_nothing_to_publish(queued):
    assert queue_extraction(Design(geometry={"a": 1}, bom={"b": 2}))

    assert queued.read() == []


@pytest.mark.parametrize("silent_from", [b"", b"LPUSH"], ids=["when greeted", "when given the message"])
def test_a_broker_that_hangs_is_waited_for_once(anna, make_design, broker, redis_url, silent_from):
    design = make_design(anna)
    hung = HungBroker(redis_url, silent_from)
    broker(hung.url)
    began = time.monotonic()
    try:
        assert not queue_extraction(design)
    finally:
        hung.close()

    assert 2.5 < time.monotonic() - began < 5

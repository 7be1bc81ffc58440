"""Word to the workers, through the real Celery app and a broker in memory."""

import pytest
from celery import current_app
from kombu import Connection

from designs.dispatch import queue_extraction
from designs.models import Design


@pytest.fixture
def queue(monkeypatch):
    """The queue of the workers, empty, on a broker that lives in this process."""
    app = current_app._get_current_object()
    monkeypatch.setattr(app, "connection_for_write", lambda **options: Connection("memory://"))
    with Connection("memory://") as connection:
        messages = connection.SimpleQueue("designs")
        messages.clear()
        yield messages
        messages.clear()


def test_the_first_task_is_published_and_carries_the_second(queue):
    design = Design()

    assert queue_extraction(design)

    message = queue.get(block=False)
    arguments, _, embedded = message.payload
    assert (message.headers["task"], arguments) == ("tasks.designs.geometry_extraction", [str(design.pk)])
    [following] = embedded["chain"]
    assert (following["task"], following["args"]) == ("tasks.designs.bom_extraction", [str(design.pk)])
    assert following["options"]["queue"] == "designs"


def test_only_what_is_missing_is_published(queue):
    assert queue_extraction(Design(geometry={"a": 1}))

    assert queue.get(block=False).headers["task"] == "tasks.designs.bom_extraction"
    assert queue.qsize() == 0


def test_nothing_missing_means_nothing_to_publish(queue):
    assert queue_extraction(Design(geometry={"a": 1}, bom={"b": 2}))

    assert queue.qsize() == 0

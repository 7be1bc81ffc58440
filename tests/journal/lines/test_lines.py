"""Which lines are kept, what is known of them, and how they are found."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from monitoring.journal.lines.models import LogLine
from monitoring.metrics.models import CounterMinute
from monitoring.recording.context import Context, current
from monitoring.recording.lines import DROPPED
from monitoring.storage.names import Name

logger = logging.getLogger("shop.orders")
pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Any:
    """A task whose trace is kept."""
    context = Context("shop.pay", None, "t-1")
    context.keeps = True
    token = current.set(context)
    yield context
    current.reset(token)


@pytest.mark.usefixtures("eager")
def test_a_warning_is_kept_and_info_is_not() -> None:
    logger.info("order %s came in", 17)
    logger.warning("order %s is late", 17, extra={"customer": "c-9", "password": "hunter2"})
    line = LogLine.objects.get()
    assert (line.text, line.level, line.logger, line.service) == ("order 17 is late", 30, "shop.orders", "enginel")
    assert line.fields == {"customer": "c-9", "password": "[filtered]"}


@pytest.mark.usefixtures("eager")
def test_where_a_trace_is_kept_info_is_kept_with_its_ids(kept: Context) -> None:
    logger.debug("no")
    logger.info("order %s came in", 17)
    line = LogLine.objects.get()
    assert (line.text, line.trace_id, line.task_id, line.task) == ("order 17 came in", kept.trace_id, "t-1", "shop.pay")


@pytest.mark.usefixtures("eager")
def test_lines_of_structlog_are_kept_as_they_say() -> None:
    logging.getLogger("shop").warning({"event": "order is late", "order": 18, "level": "warning"})
    line = LogLine.objects.get()
    assert (line.text, line.fields) == ("order is late", {"order": 18})


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "hostile",
    ["a\0b", "\ud800", "x" * 100_000, 5, None, {"a": 1}, ["\udfff"]],
    ids=["nul", "surrogate", "huge", "number", "none", "dict", "list"],
)
def test_whatever_is_said_is_kept_as_far_as_it_can_be(hostile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger, "propagate", False)  # a report with a lone surrogate in it cannot travel
    monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])
    logger.warning(hostile, extra={"given": hostile, "k\0": {"deep": [hostile]}})
    assert LogLine.objects.count() == 1


@pytest.mark.usefixtures("eager")
def test_a_flood_of_one_logger_is_bounded_and_counted(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "LOG_LINES_PER_MINUTE": 5}
    for number in range(9):
        logger.warning("line %s", number)
    logging.getLogger("shop.other").warning("heard")
    assert LogLine.objects.filter(logger="shop.orders").count() in {5, 9}  # a new minute may begin meanwhile
    assert LogLine.objects.filter(logger="shop.other").count() == 1
    dropped = Name.objects.filter(name=DROPPED)
    counted = sum(CounterMinute.objects.filter(name_id__in=dropped.values("id")).values_list("value", flat=True))
    assert counted == 9 - LogLine.objects.filter(logger="shop.orders").count()


@pytest.mark.usefixtures("eager")
def test_they_are_listed_and_narrowed_down(admin_client: Client, kept: Context) -> None:
    for number in range(3):
        logger.info("order %s came in", number)
    kept.keeps = False
    logging.getLogger("shop.other").error("something else")

    def found(**asked: Any) -> list[str]:
        answer = admin_client.get("/api/monitoring/logs/", asked)
        assert answer.status_code == 200, answer.content
        return [line["event"] for line in answer.json()["results"]]

    assert found(logger="shop.orders") == ["order 2 came in", "order 1 came in", "order 0 came in"]
    assert found(trace_id=kept.trace_id, level="error") == ["something else"]
    assert found(task_id="t-1", text="ORDER 1") == ["order 1 came in"]
    assert found(level="critical") == []
    assert len(found(logger="shop.orders", limit=2)) == 2
    assert admin_client.get("/api/monitoring/logs/?level=loud").status_code == 400
    assert admin_client.get("/api/monitoring/logs/?nonsense=1").status_code == 400


def test_they_are_for_admins(client: Client) -> None:
    assert client.get("/api/monitoring/logs/").status_code in {401, 403}

"""What is logged at ERROR is an error, once; what else is logged is heard by nobody but the next error."""

from __future__ import annotations

import functools
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.recording import errors
from monitoring.recording.logs import install, take

pytestmark = pytest.mark.usefixtures("eager")
logger = logging.getLogger("shop.orders")


def test_a_line_at_error_is_an_error_grouped_by_its_template() -> None:
    for number in range(3):
        logger.error("order %s cannot be sent", number)
    error = ErrorLog.objects.order_by("id")[0]
    assert (error.error_type, error.message, error.severity) == ("log", "order 0 cannot be sent", "high")
    group = ErrorGroup.objects.get()
    assert (group.count, group.title, group.kind) == (3, "order %s cannot be sent", "log")
    assert group.culprit.endswith("test_a_line_at_error_is_an_error_grouped_by_its_template")


def test_a_critical_line_is_critical() -> None:
    logger.critical("the house burns")
    assert ErrorLog.objects.get().severity == "critical"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
def test_other_lines_are_no_errors(level: int) -> None:
    logger.log(level, "all is well")
    assert not ErrorLog.objects.exists()


def test_a_line_with_an_exception_is_that_exception_once_however_often_it_is_logged() -> None:
    try:
        raise LookupError("nothing there")
    except LookupError as error:
        logger.exception("looked for %s", "it")
        logging.getLogger("shop.bills").error("again", exc_info=error)
        errors.report(error, context={"third": True})
    error_log = ErrorLog.objects.get()
    assert (error_log.error_type, error_log.context["log"], error_log.context["third"]) == (
        "LookupError",
        "looked for it",
        True,
    )


@pytest.mark.parametrize(
    "name", ["celery.app.trace", "celery.worker.request", "django.request", "monitoring.jobs", "multiprocessing"]
)
def test_lines_about_what_is_recorded_already_are_passed_over(name: str) -> None:
    logging.getLogger(name).error("Internal Server Error: /x/")
    assert not ErrorLog.objects.exists()


def test_a_logger_whose_name_begins_alike_is_heard() -> None:
    logging.getLogger("monitoringtools").error("broken")
    assert ErrorLog.objects.exists()


def test_a_line_whose_arguments_do_not_fit_is_told_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.error("%d orders", "many")
    try:
        raise LookupError("nothing there")
    except LookupError:
        logger.exception("failed for %s %s", *["a"])
    rows = ErrorLog.objects.order_by("id").values_list("error_type", "message")
    assert list(rows) == [("log", "%d orders"), ("LookupError", "nothing there")]


def test_a_soft_time_limit_goes_through_what_listens() -> None:
    class Slow:
        def __str__(self) -> str:
            raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        take(logging.LogRecord("shop", logging.ERROR, __file__, 1, Slow(), (), None))


def test_listening_takes_no_ones_console_away() -> None:
    script = (
        "import os, logging; os.environ['DJANGO_SETTINGS_MODULE'] = 'enginel.settings'; import django;"
        "from django.conf import settings; settings.LOGGING_CONFIG = None; django.setup();"
        "logging.getLogger('shop').warning('last resort'); logging.basicConfig(format='basic %(message)s');"
        "logging.getLogger('shop').warning('line')"
    )
    root = Path(__file__).resolve().parents[3]
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root).stderr
    assert said.splitlines() == ["last resort", "basic line"]


def paint() -> None:
    for colour in ("red", "green", "blue"):
        logger.error(f"cannot open '{colour}' at /srv/{colour}.txt")  # noqa: G004
        logger.error(f"no {colour} paint")  # noqa: G004
    logger.error("out of paint")


def test_texts_put_together_before_are_grouped_by_the_statement_that_logged_them() -> None:
    paint()
    assert list(ErrorGroup.objects.order_by("id").values_list("title", "count", "culprit")) == [
        ("cannot open 'red' at /srv/red.txt", 3, f"{__name__}.paint"),
        ("no red paint", 3, f"{__name__}.paint"),
        ("out of paint", 1, f"{__name__}.paint"),
    ]


def test_what_the_consumer_logs_of_itself_is_heard_but_for_what_its_signal_told() -> None:
    consumer = logging.getLogger("celery.worker.consumer.consumer")
    consumer.error("Can't decode message body of %s", "redis://:secret@broker/0")
    try:
        raise KeyError("shop.renamed")
    except KeyError:
        consumer.exception("Received unregistered task of type %s", "'shop.renamed'")
    (error,) = ErrorLog.objects.all()
    assert "decode" in error.message
    assert "secret" not in error.message


def test_who_listened_before_is_still_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    installed = logging.Logger.callHandlers

    @functools.wraps(installed)
    def another(self: logging.Logger, record: logging.LogRecord) -> None:
        heard.append(record.getMessage())

    del another.__dict__["_enginel_listens"]
    monkeypatch.setattr(logging.Logger, "callHandlers", another)
    install()
    logger.error("heard by both")
    assert heard == ["heard by both"]
    assert ErrorLog.objects.get().message == "heard by both"

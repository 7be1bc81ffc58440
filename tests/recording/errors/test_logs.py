"""What is logged at ERROR is an error, once; what else is logged is heard by nobody but the next error."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.recording import errors

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


@pytest.mark.parametrize("name", ["celery.app.trace", "django.request", "monitoring.jobs", "django.server"])
def test_lines_about_what_is_recorded_already_are_passed_over(name: str) -> None:
    logging.getLogger(name).error("Internal Server Error: /x/")
    assert not ErrorLog.objects.exists()


def test_a_logger_whose_name_begins_alike_is_heard() -> None:
    logging.getLogger("monitoringtools").error("broken")
    assert ErrorLog.objects.exists()


def test_a_line_that_cannot_be_formatted_harms_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    logging.raiseExceptions, before = False, logging.raiseExceptions
    try:
        logger.error("%d orders", "many")
    finally:
        logging.raiseExceptions = before
    logger.error("the next one")
    assert [error.message for error in ErrorLog.objects.all()] == ["the next one"]


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

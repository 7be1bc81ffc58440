"""Every line is written once, in the documented form, with the ids of what runs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from monitoring.journal import LoggingUtilities
from monitoring.journal.logs.setting_up import LoggingError
from monitoring.recording.context import Context, current

ROOT = Path(__file__).resolve().parents[3]


class Written:
    """What goes to stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """What goes to stderr, with logging as it was afterwards."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    root.handlers = []
    yield Written(capsys)
    root.handlers, root.level = handlers, level
    structlog.configure(**configured)


def lines(written: Written) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_has_the_documented_shape(written: Written) -> None:
    LoggingUtilities.setup_structured_logging(log_level="INFO", log_format="json", include_timestamp=True)
    context = Context("shop.pay", None, "t-1")
    token = current.set(context)
    structlog.get_logger("shop.orders").info("Request received", method="POST", endpoint="/videos")
    logging.getLogger("shop.stock").info("order %s is sold", 17, extra={"left": 3})
    current.reset(token)
    first, second = lines(written)
    assert list(first)[:4] == ["timestamp", "level", "logger", "event"]
    assert first["timestamp"].endswith("Z")
    assert (first["level"], first["logger"], first["event"]) == ("info", "shop.orders", "Request received")
    assert (first["method"], first["endpoint"]) == ("POST", "/videos")
    assert (second["event"], second["left"], second["logger"]) == ("order 17 is sold", 3, "shop.stock")
    for line in (first, second):
        assert (line["trace_id"], line["task_id"], line["task"]) == (context.trace_id, "t-1", "shop.pay")


def test_setting_it_up_again_writes_nothing_twice(written: Written) -> None:
    logging.basicConfig()
    own = logging.getLogger("uvicorn.access")
    own.addHandler(logging.StreamHandler(sys.stderr))
    own.propagate = False
    for _ in range(3):
        LoggingUtilities.setup_structured_logging("INFO", "json")
    logging.getLogger("shop").warning("once")
    own.warning("once as well")
    assert [line["event"] for line in lines(written)] == ["once", "once as well"]


def test_levels_below_are_not_written(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("WARNING", "json")
    logging.getLogger("shop").info("no")
    structlog.get_logger("shop").info("no")
    structlog.get_logger("shop").warning("yes")
    assert [line["event"] for line in lines(written)] == ["yes"]


def test_without_a_timestamp(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("INFO", "json", include_timestamp=False)
    logging.getLogger("shop").info("hello")
    assert list(lines(written)[0])[:3] == ["level", "logger", "event"]


def test_people_get_columns(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("INFO", "console")
    logging.getLogger("shop").info("hello %s", "you", extra={"left": 3})
    assert "hello you" in written.getvalue()
    assert "left=3" in written.getvalue()
    assert not written.getvalue().startswith("{")


def test_an_exception_is_told_in_members(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("INFO", "json")
    for logger in (logging.getLogger("shop"), structlog.get_logger("shop")):
        try:
            raise ValueError("password=hunter2 is wrong")  # noqa: TRY301  # it is caught on purpose
        except ValueError:
            logger.exception("it failed")
    for line in lines(written):
        assert line["exception"]["type"] == "ValueError"
        assert "test_setup.py" in line["exception"]["traceback"]
        assert "hunter2" not in json.dumps(line)
    assert len(lines(written)) == 2


SECRETS = {"password": "hunter2", "exception": {"password": "hunter2"}, "stack": "password=hunter2"}


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_is_written_wherever_it_stands(written: Written, log_format: str) -> None:
    LoggingUtilities.setup_structured_logging("INFO", log_format)
    for logger in (logging.getLogger("shop"), structlog.get_logger("shop")):
        try:
            password = "hunter2"  # noqa: F841  # tracebacks that tell of local variables would show it
            raise ValueError("password=hunter2 postgres://u:hunter2@h/d")  # noqa: TRY301  # it is caught on purpose
        except ValueError:
            logger.exception("it failed")
    logging.getLogger("shop").info("said", extra=SECRETS | {"stack": "x" * 100_000})
    structlog.get_logger("shop").info("said", **SECRETS)
    assert "hunter2" not in written.getvalue().replace('password = "hunter2"', "")
    assert len(written.getvalue()) < 60_000


def test_what_is_given_with_a_line_takes_the_place_of_nothing(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("INFO", "json")
    forged = {"level": 3, "logger": "x", "timestamp": "y", "service": "z", "trace_id": "1", "exception": "e"}
    context = Context("shop.pay", None, "t-1")
    token = current.set(context)
    logging.getLogger("shop").info("order paid", extra={"event": "webhook", **forged})
    structlog.get_logger("shop").info("order paid", **forged)
    current.reset(token)
    for line in lines(written):
        assert (line["event"], line["level"], line["logger"], line["service"]) == (
            "order paid",
            "info",
            "shop",
            "enginel",
        )
        assert (line["trace_id"], line["extra_trace_id"], line["extra_level"]) == (context.trace_id, "1", 3)
        assert (line["extra_service"], line["extra_exception"], line["extra_timestamp"]) == ("z", "e", "y")
        assert line["timestamp"].endswith("Z")
    assert lines(written)[0]["extra_event"] == "webhook"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_arguments_that_do_not_fit_end_nobody(written: Written, log_format: str) -> None:
    LoggingUtilities.setup_structured_logging("INFO", log_format)
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if hasattr(handler, "_enginel")]  # pytest's own raises
    logging.getLogger("shop").info("hi %d", "x")
    structlog.get_logger("shop").info("hi %s %s", "one")
    first, second = written.getvalue().splitlines()
    assert "hi %d" in first
    assert "hi %s %s" in second
    assert "one" in second


def test_nobody_forges_a_line_on_the_console(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("INFO", "console")
    logging.getLogger("shop").info("one\n2026 [error] forged \x1b[31mred\u2028x", extra={"a\nb": "c\nd\x1b[0m"})
    try:
        raise ValueError("one\n2026 [error] forged\x1b[0m")  # noqa: TRY301  # it is caught on purpose
    except ValueError:
        logging.getLogger("shop").exception("it failed")
    text = written.getvalue()
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.startswith("2026 [error]")]


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "value", ["\ud800", "a\0b", "x" * 10**6, Hostile(), CIRCLE, b"\xff", float("nan"), {1: {2: object()}}, 10**4000]
)
def test_whatever_is_logged_one_line_comes_of_it(written: Written, value: Any, log_format: str) -> None:
    LoggingUtilities.setup_structured_logging("INFO", log_format)
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if hasattr(handler, "_enginel")]  # pytest's own raises
    logging.getLogger("shop").info("said", extra={"value": value})
    logging.getLogger("shop").info(value)
    logging.getLogger("shop").info("%s", value)
    logging.getLogger("shop").info("%d of %s", value)  # noqa: PLE1206  # this is what is tried
    structlog.get_logger("shop").info("said", value=value)
    structlog.get_logger("shop").info(value)
    text = written.getvalue()
    assert len(text) < 400_000
    if log_format == "json":
        assert len(lines(written)) >= 5
    assert "Traceback" not in text or log_format == "console"


def test_secrets_are_filtered(written: Written) -> None:
    LoggingUtilities.setup_structured_logging("INFO", "json")
    logging.getLogger("shop").info(
        "token=abcdefgh12345678 given", extra={"password": "hunter2", "deep": {"secret": "x9"}}
    )
    assert not {"hunter2", "abcdefgh12345678", "x9"} & set(
        written.getvalue().replace('"', " ").replace("=", " ").split()
    )


@pytest.mark.parametrize(("level", "form"), [("LOUD", "json"), ("INFO", "xml")])
def test_what_is_not_known_is_refused(level: str, form: str) -> None:
    with pytest.raises(LoggingError, match="must be one of"):
        LoggingUtilities.setup_structured_logging(level, form)


def test_it_needs_no_django() -> None:
    code = (
        "import sys\n"
        "sys.modules['django'] = None\n"
        "from monitoring.journal import LoggingUtilities\n"
        "LoggingUtilities.setup_structured_logging('INFO', 'json')\n"
        "import logging; logging.getLogger('shop').info('hello')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "SERVICE": "x"},
    )
    assert json.loads(done.stderr.splitlines()[-1])["event"] == "hello"

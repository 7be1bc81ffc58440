"""What real exceptions of the libraries are taken for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from monitoring.classification import (
    ErrorClassifier,
    ErrorSeverity,
    ErrorType,
    classify,
    classify_exception,
    lookup,
    retryable,
    severity_of,
)
from monitoring.classification.kinds import RECOVERY, STRATEGIES
from monitoring.classification.tables import TABLE

from .raising import CALLS, raised

ROWS = [
    ("ValueError", "ValueError", "internal_error", "medium", 500, False),
    ("KeyError", "KeyError", "internal_error", "medium", 500, False),
    ("IndexError", "IndexError", "internal_error", "low", 500, False),
    ("TypeError", "TypeError", "internal_error", "medium", 500, False),
    ("AttributeError", "AttributeError", "internal_error", "medium", 500, False),
    ("ZeroDivisionError", "ZeroDivisionError", "internal_error", "low", 500, False),
    ("RecursionError", "RecursionError", "internal_error", "low", 500, False),
    ("AssertionError", "AssertionError", "internal_error", "critical", 500, False),
    ("MemoryError", "MemoryError", "resource_error", "critical", 500, False),
    ("SystemError", "SystemError", "internal_error", "critical", 500, False),
    ("UnicodeDecodeError", "UnicodeDecodeError", "validation_error", "medium", 500, False),
    ("JSONDecodeError", "JSONDecodeError", "validation_error", "medium", 500, False),
    ("ModuleNotFoundError", "ModuleNotFoundError", "configuration_error", "low", 500, False),
    ("FileNotFoundError", "FileNotFoundError", "resource_error", "high", 500, False),
    ("IsADirectoryError", "IsADirectoryError", "resource_error", "high", 500, False),
    ("PermissionError", "PermissionError", "resource_error", "high", 500, False),
    ("OSError", "OSError", "resource_error", "high", 500, True),
    ("TimeoutError", "TimeoutError", "timeout_error", "high", 500, True),
    ("ConnectionRefusedError", "ConnectionError", "network_error", "high", 500, True),
    ("gaierror", "ConnectionError", "network_error", "high", 500, True),
    ("SSLError", "ConnectionError", "network_error", "high", 500, True),
    ("SSLCertVerificationError", "ConnectionError", "security_error", "high", 500, False),
    ("TimeoutExpired", "TimeoutError", "timeout_error", "high", 500, True),
    ("KeyboardInterrupt", "KeyboardInterrupt", "internal_error", "low", 500, True),
    ("Http404", "Http404", "not_found", "low", 404, False),
    ("django PermissionDenied", "PermissionDenied", "authorization_error", "low", 403, False),
    ("django BadRequest", "ValidationError", "validation_error", "low", 400, False),
    ("django SuspiciousOperation", "SuspiciousFileOperation", "security_error", "low", 400, False),
    ("django RequestDataTooBig", "ValidationError", "validation_error", "low", 400, False),
    ("django MultiPartParserError", "ValidationError", "validation_error", "low", 400, False),
    ("django ValidationError", "ValidationError", "validation_error", "low", 500, False),
    ("django ObjectDoesNotExist", "ObjectDoesNotExist", "not_found", "low", 500, False),
    ("django ImproperlyConfigured", "ImproperlyConfigured", "configuration_error", "medium", 500, False),
    ("django NoReverseMatch", "NoReverseMatch", "configuration_error", "medium", 500, False),
    ("django TemplateSyntaxError", "TemplateSyntaxError", "configuration_error", "medium", 500, False),
    ("django BadSignature", "BadSignature", "security_error", "low", 500, False),
    ("django UnreadablePostError", "UnreadablePostError", "network_error", "low", 500, False),
    ("django OperationalError", "DatabaseError", "database_error", "critical", 500, True),
    ("django IntegrityError", "DatabaseError", "database_error", "critical", 500, False),
    ("django InterfaceError", "DatabaseError", "database_error", "critical", 500, True),
    ("django ProgrammingError", "DatabaseError", "database_error", "critical", 500, False),
    ("django ProtectedError", "DatabaseError", "conflict", "critical", 500, False),
    ("django around psycopg", "DatabaseError", "conflict", "critical", 500, False),
    ("sqlite3 OperationalError", "DatabaseError", "database_error", "critical", 500, True),
    ("sqlite3 IntegrityError", "DatabaseError", "database_error", "critical", 500, False),
    ("psycopg OperationalError", "DatabaseError", "database_error", "critical", 500, True),
    ("psycopg DeadlockDetected", "DatabaseError", "database_error", "critical", 500, True),
    ("psycopg QueryCanceled", "DatabaseError", "timeout_error", "critical", 500, True),
    ("psycopg DiskFull", "DatabaseError", "resource_error", "critical", 500, False),
    ("psycopg InvalidPassword", "DatabaseError", "authentication_error", "critical", 500, False),
    ("psycopg TooManyConnections", "DatabaseError", "resource_error", "critical", 500, True),
    ("psycopg UndefinedTable", "DatabaseError", "database_error", "critical", 500, False),
    ("psycopg_pool PoolTimeout", "DatabaseError", "resource_error", "critical", 500, True),
    ("drf ValidationError", "ValidationError", "validation_error", "low", 400, False),
    ("drf ParseError", "ValidationError", "validation_error", "low", 400, False),
    ("drf NotAuthenticated", "AuthenticationError", "authentication_error", "low", 401, False),
    ("drf AuthenticationFailed", "AuthenticationError", "authentication_error", "low", 401, False),
    ("drf PermissionDenied", "PermissionDenied", "authorization_error", "low", 403, False),
    ("drf NotFound", "NotFound", "not_found", "low", 404, False),
    ("drf MethodNotAllowed", "MethodNotAllowed", "validation_error", "low", 405, False),
    ("drf UnsupportedMediaType", "UnsupportedMediaType", "validation_error", "low", 415, False),
    ("drf Throttled", "Throttled", "rate_limit_error", "low", 429, True),
    ("drf APIException", "APIException", "internal_error", "high", 500, False),
    ("drf, of one's own", "SoldOut", "conflict", "low", 409, False),
    ("redis ConnectionError", "ConnectionError", "cache_error", "high", 500, True),
    ("redis TimeoutError", "TimeoutError", "timeout_error", "high", 500, True),
    ("redis AuthenticationError", "AuthenticationError", "authentication_error", "high", 500, False),
    ("redis ReadOnlyError", "ServiceUnavailableError", "cache_error", "high", 500, True),
    ("redis OutOfMemoryError", "MemoryError", "resource_error", "critical", 500, True),
    ("redis ResponseError", "ResponseError", "cache_error", "medium", 500, False),
    ("redis LockError", "LockError", "conflict", "medium", 500, True),
    ("kombu OperationalError", "ConnectionError", "queue_error", "high", 500, True),
    ("kombu EncodeError", "ValidationError", "validation_error", "medium", 500, False),
    ("kombu ContentDisallowed", "ContentDisallowed", "security_error", "medium", 500, False),
    ("amqp ConnectionForced", "ConnectionError", "queue_error", "high", 500, True),
    ("amqp NotFound", "NotFound", "queue_error", "high", 500, False),
    ("celery TimeoutError", "TimeoutError", "timeout_error", "high", 500, True),
    ("celery SoftTimeLimitExceeded", "TimeoutError", "timeout_error", "high", 500, True),
    ("celery WorkerLostError", "ServiceUnavailableError", "resource_error", "high", 500, True),
    ("celery NotRegistered", "NotRegistered", "configuration_error", "medium", 500, False),
    ("celery MaxRetriesExceededError", "MaxRetriesExceededError", "queue_error", "medium", 500, False),
    ("celery Retry", "Retry", "queue_error", "low", 500, True),
    ("requests ConnectionError", "ConnectionError", "external_service_error", "high", 500, True),
    ("requests ReadTimeout", "TimeoutError", "timeout_error", "high", 500, True),
    ("requests HTTPError", "APIError", "external_service_error", "high", 500, True),
    ("requests MissingSchema", "APIError", "validation_error", "medium", 500, False),
    ("requests SSLError", "ConnectionError", "security_error", "high", 500, False),
    ("urllib3 MaxRetryError", "ConnectionError", "external_service_error", "high", 500, True),
    ("urllib3 ReadTimeoutError", "TimeoutError", "timeout_error", "high", 500, True),
    ("another DatabaseError", "DatabaseError", "database_error", "critical", 500, False),
]
"""What is raised, error type, kind, severity, status, and whether it may pass."""


@pytest.mark.parametrize(
    ("name", "error_type", "kind", "severity", "status", "passing"), ROWS, ids=[r[0] for r in ROWS]
)
def test_an_exception_is_taken_for(
    name: str, error_type: str, kind: str, severity: str, status: int, passing: bool
) -> None:
    exception = raised(CALLS[name])
    found = classify_exception(exception)
    assert (found.error_type, found.kind, found.severity, found.status) == (error_type, kind, severity, status)
    assert retryable(exception) is found.retryable is passing


def test_the_rows_are_all_there_is() -> None:
    assert [row[0] for row in ROWS] == list(CALLS)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_names_alone_say_the_same_in_another_process(name: str) -> None:
    exception = raised(CALLS[name])
    asked = getattr(exception, "status_code", 0)
    names, module = lookup.names_of(exception), lookup.module_of(exception)
    assert classify(names, asked, module) == classify_exception(exception)


def test_every_class_with_a_row_exists() -> None:
    for name in TABLE:
        module, _, bare = name.rpartition(".")
        if module != "psycopg2":  # another driver for the same server, which is not installed here
            assert isinstance(getattr(import_module(module or "builtins"), bare), type), name


@pytest.mark.parametrize("error_type", sorted(RECOVERY))
def test_the_documented_types_bring_their_strategies_in_order(error_type: str) -> None:
    assert classify([f"shop.errors.{error_type}", "Exception"]).recovery == RECOVERY[error_type]


@pytest.mark.parametrize(
    ("names", "severity", "answer"),
    [
        (["django.db.utils.DatabaseError"], "critical", 500),
        (["torch.cuda.OutOfMemoryError", "RuntimeError"], "critical", 500),
        (["SystemError"], "critical", 500),
        (["AssertionError"], "critical", 500),
        (["TimeoutError", "OSError"], "high", 503),
        (["ConnectionError", "OSError"], "high", 503),
        (["OSError"], "high", 503),
        (["ValueError"], "medium", 400),
        (["KeyError", "LookupError"], "medium", 400),
        (["AttributeError"], "medium", 400),
        (["TypeError"], "medium", 400),
        (["shop.errors.SoldOut", "Exception"], "low", 400),
        (["django.http.response.Http404", "Exception"], "low", 404),
    ],
)
def test_the_documented_severities_and_answers_of_recovery(names: list[str], severity: str, answer: int) -> None:
    found = classify(names)
    assert (found.severity, found.answer_status) == (severity, answer)


@pytest.mark.parametrize(
    ("name", "status", "severity"),
    [
        ("shop.Weird", 500, "high"),
        ("shop.Weird", 503, "high"),
        ("shop.Weird", 404, "low"),
        ("shop.Weird", 0, "low"),
        ("shop.ServiceUnavailableError", 500, "high"),
        ("shop.APIError", 500, "high"),
        ("ZeroDivisionError", 500, "high"),
        ("rest_framework.exceptions.ValidationError", 500, "high"),
        ("rest_framework.exceptions.ValidationError", 400, "low"),
        ("django.core.exceptions.DisallowedHost", 400, "low"),
        ("django.core.exceptions.SuspiciousOperation", 400, "low"),
        # What a row says holds whatever it ends.
        ("ValueError", 500, "medium"),
        ("DatabaseError", 404, "critical"),
        ("asyncio.exceptions.CancelledError", 500, "low"),
        ("KeyboardInterrupt", 500, "low"),
    ],
)
def test_a_class_of_which_no_row_says_how_bad_it_is_is_as_bad_as_what_it_ends(
    name: str, status: int, severity: str
) -> None:
    assert classify([name, "Exception"], status).severity == severity


def test_what_it_ends_decides_before_the_environment_shifts_it() -> None:
    found = classify(["shop.Weird", "Exception"], 500, environment="staging")
    assert (found.severity, found.answer_status, found.status) == ("medium", 503, 500)


def test_the_most_specific_class_wins_and_bases_fill_in_what_it_leaves_out() -> None:
    found = classify(
        ["shop.Broken", "requests.exceptions.InvalidURL", "requests.exceptions.RequestException", "OSError"]
    )
    assert (found.error_type, found.kind, found.severity) == ("APIError", ErrorType.VALIDATION_ERROR, "medium")
    assert not found.retryable


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("smtplib", ErrorType.EXTERNAL_SERVICE_ERROR),
        ("redis.connection", ErrorType.CACHE_ERROR),
        ("django.db.models.query", ErrorType.DATABASE_ERROR),
        ("kombu.transport.redis", ErrorType.QUEUE_ERROR),
        ("redistribution", ErrorType.INTERNAL_ERROR),
        ("", ErrorType.INTERNAL_ERROR),
    ],
)
def test_where_a_builtin_exception_was_raised_says_whose_trouble_it_is(module: str, kind: ErrorType) -> None:
    found = classify(["ValueError", "Exception"], module=module)
    assert (found.kind, found.severity) == (kind, "medium")
    assert classify(["TimeoutError", "OSError"], module="shop").kind is ErrorType.TIMEOUT_ERROR


def test_the_module_is_that_of_the_innermost_frame() -> None:
    assert lookup.module_of(raised(lambda: __import__("json").loads("{"))) == "json.decoder"
    assert lookup.module_of(ValueError()) == ""


@pytest.mark.parametrize(
    ("status", "error_type", "expected"),
    [
        (404, "", ("404", ErrorType.NOT_FOUND, "low", False)),
        (403, "csrf", ("csrf", ErrorType.SECURITY_ERROR, "medium", False)),
        (401, "", ("401", ErrorType.AUTHENTICATION_ERROR, "low", False)),
        (418, "", ("418", ErrorType.VALIDATION_ERROR, "low", False)),
        (429, "", ("429", ErrorType.RATE_LIMIT_ERROR, "low", True)),
        (500, "", ("500", ErrorType.INTERNAL_ERROR, "high", False)),
        (503, "", ("503", ErrorType.RESOURCE_ERROR, "high", True)),
    ],
)
def test_a_response_without_an_exception_is_known_by_its_status(
    status: int, error_type: str, expected: tuple[Any, ...]
) -> None:
    found = classify([], status, error_type=error_type)
    assert (found.error_type, found.kind, found.severity, found.retryable) == expected
    assert found.status == status


def test_a_line_of_a_log_is_as_bad_as_the_level_it_takes_to_be_kept() -> None:
    found = classify([])
    assert (found.error_type, found.severity, found.recovery[0]) == ("", "high", "timeout_increase")


@pytest.mark.parametrize("status", [402, 503])
def test_an_answer_of_ones_own_is_known_by_its_status(status: int) -> None:
    names = ["shop.errors.Answer", "rest_framework.exceptions.APIException", "Exception"]
    found, plain = classify(names, status), classify([], status)
    assert (found.error_type, found.status) == ("Answer", status)
    assert (found.kind, found.severity, found.retryable) == (plain.kind, plain.severity, plain.retryable)


@pytest.mark.parametrize(("status", "passing"), [(404, False), (429, True), (500, True)])
def test_what_another_service_refused_is_not_tried_again(status: int, passing: bool) -> None:
    response = requests.Response()
    response.status_code = status
    assert retryable(raised(response.raise_for_status)) is passing


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("production", ["critical", "high", "medium", "low"]),
        ("staging", ["high", "medium", "low", "low"]),
        ("development", ["medium", "low", "low", "low"]),
        ("qa", ["critical", "high", "medium", "low"]),
    ],
)
def test_the_environment_shifts_severity_and_nothing_else(environment: str, expected: list[str]) -> None:
    classes = ["AssertionError", "OSError", "ValueError", "Warning"]
    assert [classify([name], environment=environment).severity for name in classes] == expected
    for name in classes:
        here, there = classify([name], environment=environment), classify([name])
        assert (here.answer_status, here.recovery) == (there.answer_status, there.recovery)


def test_the_classifier_knows_where_it_is(settings: Any) -> None:
    assert ErrorClassifier().classify_error(ValueError()).severity is ErrorSeverity.MEDIUM
    assert ErrorClassifier("development").classify_error(ValueError()).severity is ErrorSeverity.LOW
    settings.MONITORING = {**settings.MONITORING, "ENVIRONMENT": "staging"}
    assert ErrorClassifier().classify_error(OSError()).severity is ErrorSeverity.MEDIUM


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("critical", "critical"), ("ERROR", "high"), (" Warning ", "medium"), ("INFO", "low"), ("fatal", "critical"),
        ("debug", "low"), (50, "critical"), (45, "high"), (40, "high"), (30, "medium"), (10, "low"), ("loud", None),
    ],
)  # fmt: skip
def test_severities_and_log_levels_name_each_other(text: Any, expected: str | None) -> None:
    assert severity_of(text) == expected
    assert [severity.level for severity in ErrorSeverity] == ["CRITICAL", "ERROR", "WARNING", "INFO"]


def test_the_setting_says_more_of_classes_and_of_their_subclasses(settings: Any) -> None:
    names = ["shop.errors.LastOne", "shop.errors.SoldOut", "ValueError", "Exception"]
    before = classify(names)
    row = {"status": 409, "kind": "conflict", "severity": "INFO", "retryable": True, "recovery": ["retry"]}
    settings.MONITORING = {**settings.MONITORING, "ERROR_CLASSES": {"shop.errors.SoldOut": row, "OSError": {}}}
    found = classify(names)
    assert (found.error_type, found.status, found.answer_status) == ("LastOne", 409, 409)
    assert (found.kind, found.severity, found.retryable, found.recovery) == ("conflict", "low", True, ("retry",))
    del settings.MONITORING["ERROR_CLASSES"]
    settings.MONITORING = {**settings.MONITORING}
    assert classify(names) == before


def test_a_class_that_the_setting_calls_a_documented_type_is_like_it(settings: Any) -> None:
    rows = {"shop.Jam": {"error_type": "ServiceUnavailableError"}}
    settings.MONITORING = {**settings.MONITORING, "ERROR_CLASSES": rows}
    found, like = classify(["shop.Jam", "Exception"]), classify(["other.ServiceUnavailableError", "Exception"])
    assert found == like


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"color": "red"}, "'color'"),
        ({"severity": "loud"}, "critical, high, medium, low"),
        ({"severity": 40}, "critical, high, medium, low"),
        ({"kind": "mishap"}, "validation_error"),
        ({"kind": []}, "validation_error"),
        ({"status": 200}, "400 to 599"),
        ({"status": True}, "400 to 599"),
        ({"retryable": "yes"}, "true or false"),
        ({"recovery": "retry"}, ", ".join(sorted(STRATEGIES))),
        ({"error_type": ""}, "1 to 200"),
    ],
)
def test_a_wrong_row_is_named_by_manage_check_and_says_nothing(settings: Any, row: dict[str, Any], said: str) -> None:
    settings.MONITORING = {**settings.MONITORING, "ERROR_CLASSES": {"shop.Broken": row}}
    with pytest.raises(SystemCheckError) as refused:
        call_command("check")
    assert "monitoring.E005" in str(refused.value)
    assert "MONITORING['ERROR_CLASSES']['shop.Broken']" in str(refused.value)
    assert said in str(refused.value)
    assert classify(["shop.Broken", "Exception"]).severity is ErrorSeverity.LOW


@pytest.mark.parametrize("value", [["shop.SoldOut"], {"shop.SoldOut": 409}, {"shop.SoldOut": {1: 2}}])
def test_a_setting_of_another_form_is_refused_whole(settings: Any, value: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ERROR_CLASSES": value}
    with pytest.raises(SystemCheckError, match=r"ERROR_CLASSES.*must be a dict of dicts"):
        call_command("check")


def test_endless_different_classes_do_not_fill_the_memory() -> None:
    lookup.forget()
    for number in range(5_000):
        classify([f"generated.Error{number}", "Exception"] + ["generated.Base"] * 100)
    assert lookup._known.cache_info().currsize == lookup._known.cache_info().maxsize < 5_000


def test_it_needs_neither_django_nor_the_libraries_it_knows() -> None:
    code = (
        "import sys; from monitoring.classification import ErrorClassifier;"
        "print(ErrorClassifier().classify_error(TimeoutError()).error_type);"
        "print(sorted({'requests', 'celery', 'rest_framework'} & set(sys.modules)))"
    )
    environment = {"MONITORING": "{}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["TimeoutError", "[]"]

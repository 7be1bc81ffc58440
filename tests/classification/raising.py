"""Exceptions as the libraries really raise them, by a name that tells which."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amqp.exceptions
import billiard.exceptions
import celery.exceptions
import django.http
import kombu
import kombu.exceptions
import psycopg
import psycopg.errors
import psycopg_pool
import redis
import redis.exceptions
import requests
import urllib3
from django.core import exceptions as core
from django.core import signing
from django.db import utils
from django.db.models.deletion import ProtectedError
from django.http.multipartparser import MultiPartParserError
from django.template import Template
from django.urls import resolve, reverse
from rest_framework import exceptions as drf

CLOSED = "127.0.0.1:1"
"""Nothing listens here."""


def raised(call: Callable[[], Any]) -> BaseException:
    """Return what a call raises."""
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError("it raised nothing")


def _sqlite(statement: str) -> Callable[[], Any]:
    def run() -> None:
        connection = sqlite3.connect(":memory:")
        try:
            connection.execute("create table t (a integer unique)")
            connection.execute("insert into t values (1)")
            connection.execute(statement)
        finally:
            connection.close()

    return run


def _through_django() -> None:
    """Raise as Django does around a driver."""
    with utils.DatabaseErrorWrapper(_Wrapper()):
        raise psycopg.errors.UniqueViolation("duplicate key")


class _Wrapper:
    Database = psycopg
    errors_occurred = False


def _assertion() -> None:
    assert not CLOSED, "an address"


def _name_nobody_has() -> None:
    socket.getaddrinfo("nobody.invalid", 80)


def _not_tls() -> None:
    left, right = socket.socketpair()
    with left, right:
        right.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        ssl.create_default_context().wrap_socket(left, server_hostname="localhost")


def _recursion() -> None:
    _recursion()


def _answered(status: int) -> Callable[[], Any]:
    def run() -> None:
        response = requests.Response()
        response.status_code = status
        response.raise_for_status()

    return run


def _instance(kind: type[BaseException], *arguments: Any) -> Callable[[], Any]:
    def run() -> None:
        raise kind(*arguments)

    return run


class SoldOut(drf.APIException):
    """An answer that a project made for itself."""

    status_code = 409


class DatabaseError(Exception):
    """Another library's, of the documented name."""


CALLS: dict[str, Callable[[], Any]] = {
    "ValueError": lambda: int("x"),
    "KeyError": lambda: {}["x"],
    "IndexError": lambda: list(CLOSED)[99],
    "TypeError": lambda: len(1),  # type: ignore[arg-type]
    "AttributeError": lambda: None.x,  # type: ignore[attr-defined]
    "ZeroDivisionError": lambda: 1 / 0,
    "RecursionError": _recursion,
    "AssertionError": _assertion,
    "MemoryError": lambda: bytearray(sys.maxsize - 1000),
    "SystemError": _instance(SystemError),
    "UnicodeDecodeError": b"\xff".decode,
    "JSONDecodeError": lambda: json.loads("{"),
    "ModuleNotFoundError": lambda: __import__("no_such_module"),
    "FileNotFoundError": Path("/no/such/file").read_text,
    "IsADirectoryError": Path("/").read_text,
    "PermissionError": _instance(PermissionError, 13, "denied"),
    "OSError": lambda: os.read(-1, 1),
    "TimeoutError": _instance(TimeoutError),
    "ConnectionRefusedError": lambda: socket.create_connection(("127.0.0.1", 1)),
    "gaierror": _name_nobody_has,
    "SSLError": _not_tls,
    "SSLCertVerificationError": _instance(ssl.SSLCertVerificationError, 1, "self signed"),
    "TimeoutExpired": lambda: subprocess.run(["sleep", "9"], check=False, timeout=0.01),
    "KeyboardInterrupt": _instance(KeyboardInterrupt),
    "Http404": lambda: resolve("/no/such/page/"),
    "django PermissionDenied": _instance(core.PermissionDenied),
    "django BadRequest": _instance(core.BadRequest),
    "django SuspiciousOperation": _instance(core.SuspiciousFileOperation, "../"),
    "django RequestDataTooBig": _instance(core.RequestDataTooBig),
    "django MultiPartParserError": _instance(MultiPartParserError),
    "django ValidationError": _instance(core.ValidationError, "no"),
    "django ObjectDoesNotExist": _instance(core.ObjectDoesNotExist),
    "django ImproperlyConfigured": _instance(core.ImproperlyConfigured),
    "django NoReverseMatch": lambda: reverse("no-such-view"),
    "django TemplateSyntaxError": lambda: Template("{% no_such_tag %}"),
    "django BadSignature": lambda: signing.loads("x"),
    "django UnreadablePostError": _instance(django.http.UnreadablePostError, "gone"),
    "django OperationalError": _instance(utils.OperationalError, "database is locked"),
    "django IntegrityError": _instance(utils.IntegrityError),
    "django InterfaceError": _instance(utils.InterfaceError),
    "django ProgrammingError": _instance(utils.ProgrammingError),
    "django ProtectedError": _instance(ProtectedError, "in use", set()),
    "django around psycopg": _through_django,
    "sqlite3 OperationalError": _sqlite("select * from missing"),
    "sqlite3 IntegrityError": _sqlite("insert into t values (1)"),
    "psycopg OperationalError": lambda: psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2"),
    "psycopg DeadlockDetected": _instance(psycopg.errors.DeadlockDetected),
    "psycopg QueryCanceled": _instance(psycopg.errors.QueryCanceled),
    "psycopg DiskFull": _instance(psycopg.errors.DiskFull),
    "psycopg InvalidPassword": _instance(psycopg.errors.InvalidPassword),
    "psycopg TooManyConnections": _instance(psycopg.errors.TooManyConnections),
    "psycopg UndefinedTable": _instance(psycopg.errors.UndefinedTable),
    "psycopg_pool PoolTimeout": _instance(psycopg_pool.PoolTimeout),
    "drf ValidationError": _instance(drf.ValidationError, "no"),
    "drf ParseError": _instance(drf.ParseError),
    "drf NotAuthenticated": _instance(drf.NotAuthenticated),
    "drf AuthenticationFailed": _instance(drf.AuthenticationFailed),
    "drf PermissionDenied": _instance(drf.PermissionDenied),
    "drf NotFound": _instance(drf.NotFound),
    "drf MethodNotAllowed": _instance(drf.MethodNotAllowed, "PUT"),
    "drf UnsupportedMediaType": _instance(drf.UnsupportedMediaType, "text/x"),
    "drf Throttled": _instance(drf.Throttled, 9),
    "drf APIException": _instance(drf.APIException),
    "drf, of one's own": _instance(SoldOut),
    "redis ConnectionError": lambda: redis.Redis.from_url(f"redis://{CLOSED}").ping(),
    "redis TimeoutError": _instance(redis.exceptions.TimeoutError),
    "redis AuthenticationError": _instance(redis.exceptions.AuthenticationError),
    "redis ReadOnlyError": _instance(redis.exceptions.ReadOnlyError),
    "redis OutOfMemoryError": _instance(redis.exceptions.OutOfMemoryError),
    "redis ResponseError": _instance(redis.exceptions.ResponseError),
    "redis LockError": _instance(redis.exceptions.LockError),
    "kombu OperationalError": lambda: kombu.Connection(f"redis://{CLOSED}").ensure_connection(max_retries=1, timeout=1),
    "kombu EncodeError": lambda: kombu.serialization.dumps(object(), "json"),
    "kombu ContentDisallowed": _instance(kombu.exceptions.ContentDisallowed),
    "amqp ConnectionForced": _instance(amqp.exceptions.ConnectionForced, "closed"),
    "amqp NotFound": _instance(amqp.exceptions.NotFound, "no queue"),
    "celery TimeoutError": _instance(celery.exceptions.TimeoutError),
    "celery SoftTimeLimitExceeded": _instance(celery.exceptions.SoftTimeLimitExceeded),
    "celery WorkerLostError": _instance(billiard.exceptions.WorkerLostError),
    "celery NotRegistered": _instance(celery.exceptions.NotRegistered, "x"),
    "celery MaxRetriesExceededError": _instance(celery.exceptions.MaxRetriesExceededError),
    "celery Retry": _instance(celery.exceptions.Retry),
    "requests ConnectionError": lambda: requests.get(f"http://{CLOSED}", timeout=2),
    "requests ReadTimeout": _instance(requests.exceptions.ReadTimeout),
    "requests HTTPError": _answered(503),
    "requests MissingSchema": lambda: requests.get("example.com", timeout=1),
    "requests SSLError": _instance(requests.exceptions.SSLError),
    "urllib3 MaxRetryError": lambda: urllib3.PoolManager().request("GET", f"http://{CLOSED}", retries=0),
    "urllib3 ReadTimeoutError": _instance(urllib3.exceptions.ReadTimeoutError, None, "/", "slow"),
    "another DatabaseError": _instance(DatabaseError),
}

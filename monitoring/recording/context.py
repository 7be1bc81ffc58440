"""Which request or task the running code belongs to: one ContextVar holding one object, in sync and async alike."""

from __future__ import annotations

import re
from collections import deque
from contextvars import ContextVar
from typing import Any, Protocol

from msgspec import Struct

from . import request_data
from .client import client_address
from .events import Started
from .ids import getrandbits
from .stamp import read as read_stamp
from .stamp import read_kept

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,64}")
_NO_TRACE = "0" * 32
_NOTHING: dict[str, Any] = {}


class HttpRequest(Protocol):
    """The part of Django's request that the context looks at."""

    method: str | None
    path: str
    META: dict[str, Any]


class Context(Struct, eq=False):
    """What an event can be tied to. Ids are kept as they came and formatted only when somebody asks.

    Attributes:
        name: What runs: a route (once resolved) or the name of a task.
        task_id: Id of the running task, or an empty string.
        request: The running request, or None.
        message: Celery's request of the running task, or None.
        started: `perf_counter_ns` at the start.
        previous: The context around this one.
        stamp: What the task's message said of its sending, unread.
        start: The event of the task's start, if it is recorded.
        keeps: Whether its runs, and those of what it publishes, are kept; not decided or not read yet if None.
        ended: Whether it was recorded.
        error: The exception that made its answer, as far as is known.
        error_type: What made its answer where that was no exception, such as `csrf`.
        crumbs: What was logged and queried in it lately.
        blameless: Whether its answer is nobody's fault and no error, such as that of a health probe.
        refused: Whether it is refused, as its client is blocked or throttled: it is counted then, and is no error.
        unhandled: Whether it is answered for an exception that nobody handled, whatever the status.
        told: The last error that was reported or logged in it: its id, and whether it travelled in full.
        facets: What the middleware of its request records, as in `facets`.
    """

    name: str = ""
    request: HttpRequest | None = None
    task_id: str = ""
    message: Any = None
    previous: Context | None = None
    started: int = 0
    stamp: str = ""
    start: Started | None = None
    keeps: bool | None = None
    ended: bool = False
    error: BaseException | None = None
    error_type: str = ""
    crumbs: deque[Any] | None = None
    blameless: bool = False
    refused: bool = False
    unhandled: bool = False
    told: tuple[int, bool] | None = None
    facets: int = 0
    _error_id: int = 0
    _token: int = 0
    _trace: str = ""
    _request_id: str = ""
    _user: str = ""

    @property
    def trace_id(self) -> str:
        """W3C trace id, 32 hexadecimal digits: the caller's if it sent one, else a new one."""
        if not self._trace and self.stamp:
            self._read_stamp()
        if not self._trace:
            sent = self.request.META.get("HTTP_TRACEPARENT") if self.request is not None else None
            match = _TRACEPARENT.fullmatch(sent) if sent else None
            self._trace = match[1] if match and match[1] != _NO_TRACE else f"{getrandbits(128) or 1:032x}"
        return self._trace

    @property
    def request_id(self) -> str:
        """The id the client or proxy gave the request (`X-Request-ID`), else the trace id."""
        if not self._request_id and self.stamp:
            self._read_stamp()
        if not self._request_id:
            sent = self.request.META.get("HTTP_X_REQUEST_ID") if self.request is not None else None
            self._request_id = sent if sent and _REQUEST_ID.fullmatch(sent) else self.trace_id
        return self._request_id

    @property
    def user_id(self) -> str:
        """Primary key of the user, only if somebody already loaded it: asking would touch the session."""
        if not self._user and self.stamp:
            self._read_stamp()
        if not self._user and self.request is not None:
            key = getattr(_user_of(self.request), "pk", None)
            self._user = "" if key is None else str(key)[:64]
        return self._user

    @property
    def by_staff(self) -> bool:
        """Whether its request is known to be a staff member's; as with the user's key, nobody is loaded for it."""
        try:
            user = _user_of(self.request) if self.request is not None else None
            return user is not None and bool(getattr(user, "is_staff", False))
        except Exception:  # a property of the project's own user model, which may do anything
            return False

    @property
    def error_id(self) -> int:
        """The id of the error that its answer is, made when somebody first asks: 128 bits."""
        if not self._error_id:
            self._error_id = getrandbits(128) or 1
        return self._error_id

    @property
    def token(self) -> int:
        """A number of its own, by which marks on exceptions know it."""
        if not self._token:
            self._token = getrandbits(63) + 1
        return self._token

    @property
    def client(self) -> str:
        """Address of the client, past trusted proxies alone; empty outside of requests."""
        return client_address(self.request.META) if self.request is not None else ""

    @property
    def first_sent(self) -> int:
        """Nanoseconds since the epoch at which the task's message, or the first of its retries, was sent, or 0."""
        return read_stamp(self.stamp).first

    @property
    def origin(self) -> str:
        """What published the task: a route or the name of a task."""
        return read_stamp(self.stamp).origin

    @property
    def kept(self) -> bool | None:
        """Whether runs are kept, as was decided here or where the task was published; None if nobody has decided."""
        if self.keeps is None and (told := read_kept(self.stamp)):
            self.keeps = told == "1"
        return self.keeps

    @property
    def title(self) -> str:
        """What it is as the origin of others: the method and route of a request, the name of a task."""
        if self.request is None:
            return self.name
        match = getattr(self.request, "resolver_match", None)
        return f"{self.request.method} {getattr(match, 'route', '')}"[:200]

    def _read_stamp(self) -> None:
        """Take the ids over that came with a task, once somebody asks for one."""
        stamp = read_stamp(self.stamp)
        if stamp.trace and not self._trace:
            self.inherit(stamp.trace, stamp.request, stamp.user)

    def inherit(self, trace_id: str, request_id: str, user_id: str) -> None:
        """Take over the ids that came with a task."""
        self._trace, self._request_id, self._user = trace_id, request_id, user_id

    def describe(self) -> dict[str, Any]:
        """Return what a stored sample or error says of its surroundings. Paths come without their query."""
        described: dict[str, Any] = {"trace_id": self.trace_id, "request_id": self.request_id}
        if self.user_id:
            described["user_id"] = self.user_id
        if self.task_id:
            described["task_id"] = self.task_id
            described["task"] = self.name
            if retries := getattr(self.message, "retries", 0):
                described["retries"] = retries
        if self.request is not None:
            described["method"] = self.request.method
            described["path"] = request_data.path_of(self.request)
        return described


def _user_of(request: HttpRequest) -> Any:
    """Return the user of a request if it is known: set by whoever authenticated it, or loaded from its session."""
    given = getattr(request, "__dict__", _NOTHING).get("user")
    if given is None:
        return None
    try:
        held = object.__getattribute__(given, "__dict__")  # as Django's lazy objects look at what is asked of them
    except AttributeError:
        return given
    # Django's lazy one: asking it for anything would load it.
    return getattr(request, "_cached_user", None) if "_setupfunc" in held else given


current: ContextVar[Context | None] = ContextVar("enginel_context", default=None)


def describe_current() -> dict[str, Any]:
    """Describe the running request or task, or return an empty dict outside of one."""
    context = current.get()
    return context.describe() if context is not None else {}

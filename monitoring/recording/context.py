"""Which request or task the running code belongs to: one ContextVar holding one object, in sync and async alike."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from time import time_ns
from typing import Any, Protocol

from msgspec import Struct

from . import keeping, otel, request_data, w3c
from .client import client_address
from .events import Started
from .ids import getrandbits
from .methods import known
from .stamp import read as read_stamp
from .stamp import read_kept, span_of

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,64}")
_NOTHING: dict[str, Any] = {}


CONTEXT = "enginel.context"
"""Where the scope of an ASGI request that is recorded holds its context, while it is answered."""
GUARDED = "enginel.guarded"
"""Where such a scope says that it was asked whether the request is refused."""


class HttpRequest(Protocol):
    """The part of Django's request that the context looks at."""

    @property
    def method(self) -> str | None:
        """Of the request."""

    @property
    def path(self) -> str:
        """Of the request."""

    @property
    def META(self) -> Mapping[str, Any]:  # noqa: N802  # as Django calls it
        """Headers and addresses in WSGI's form."""


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
        spans: How many operations and outgoing calls of it were recorded as spans, or left out.
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
    spans: int = 0
    _error_id: int = 0
    _token: int = 0
    _trace: str = ""
    _span: str = ""
    _parent: str = ""
    _request_id: str = ""
    _user: str = ""
    _asked: bool | None = None

    @property
    def trace_id(self) -> str:
        """W3C trace id, 32 hexadecimal digits: OpenTelemetry's or the caller's if there is one, else a new one."""
        if not self._trace:
            self._find_trace()
        return self._trace

    @property
    def parent_span_id(self) -> str:
        """Id of the span that it came of: the caller's, the publisher's, or OpenTelemetry's; empty for none."""
        if not self._trace:
            self._find_trace()
        return self._parent

    @property
    def span_id(self) -> str:
        """Id of its own span, 16 hexadecimal digits.

        A task's is made of its message, so that the worker's main process, which tells of an execution whose process
        was killed, knows it as well.
        """
        if not self._span:
            self._span = span_of(self.task_id, self.message) if self.task_id else f"{getrandbits(64) or 1:016x}"
        return self._span

    @property
    def active_span_id(self) -> str:
        """Id of the operation that runs in it, here, if that is recorded as a span; else its own."""
        within = inner.get()
        return within.span if within is not None and within.context is self else self.span_id

    @property
    def traceparent(self) -> str:
        """What tells others of its trace, by W3C Trace Context; the flag says whether it is kept here."""
        return w3c.write(self.trace_id, self.active_span_id, sampled=bool(self.kept))

    @property
    def request_id(self) -> str:
        """The id the client or proxy gave the request (`X-Request-ID`), else the trace id."""
        if not self._request_id and not self._trace and (self.stamp or self.previous is not None):
            self._find_trace()
        if not self._request_id:
            sent = self.request.META.get("HTTP_X_REQUEST_ID") if self.request is not None else None
            self._request_id = sent if sent and _REQUEST_ID.fullmatch(sent) else self.trace_id
        return self._request_id

    @property
    def user_id(self) -> str:
        """Primary key of the user, only if somebody already loaded it: asking would touch the session."""
        if not self._user and not self._trace and (self.stamp or self.previous is not None):
            self._find_trace()
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
        """Whether its trace is kept, as was decided here or where the task was published; None if nobody has decided.

        A caller's wish is granted to so many a minute, and asked about once.
        """
        if self.keeps is None and self._asked is None:
            request = self.request
            if request is not None and "HTTP_TRACEPARENT" not in request.META:
                self._asked = False  # nearly every request: nobody asks
            else:
                self._ask_to_keep()
        return self.keeps

    def _ask_to_keep(self) -> None:
        if told := read_kept(self.stamp):
            self.keeps = told == "1"
        elif (outer := self._outer()) is not None:
            self.keeps = outer.kept
        else:
            self._ask(self._told())

    @property
    def title(self) -> str:
        """What it is as the origin of others: the method and route of a request, the name of a task."""
        if self.request is None:
            return self.name
        match = getattr(self.request, "resolver_match", None)
        return f"{known(self.request.method)} {getattr(match, 'route', '')}"[:200]

    def _find_trace(self) -> None:
        """Take over the ids that came with a message or a request, or begin a trace."""
        stamp = read_stamp(self.stamp)
        if stamp.trace:
            self.inherit(stamp.trace, stamp.request, stamp.user)
        elif (outer := self._outer()) is not None:
            self.inherit(outer.trace_id, outer.request_id, outer.user_id)
            again = outer.task_id == self.task_id  # a new try, which came of what the first came of
            self._parent = outer.parent_span_id if again else outer.active_span_id
            return
        came = self._came()
        if came is None:
            self._trace = self._trace or f"{getrandbits(128) or 1:032x}"
        elif self._trace in {"", came.trace}:
            self._trace, self._parent = came.trace, came.span

    def adopt(self) -> None:
        """Take over OpenTelemetry's current span, if there is one, before another takes its place."""
        if not otel.is_set_up():
            return
        came = otel.current_span()
        if came is not None and not self._trace:
            self._trace, self._parent = came.trace, came.span
            self._ask(came)

    def _ask(self, came: w3c.Parent | None) -> None:
        """Keep the trace if what it came of does, and that is granted; once."""
        self._asked = came is not None and came.sampled
        if self._asked and keeping.is_granted(time_ns()):
            self.keeps = True

    def _outer(self) -> Context | None:
        """Return what runs this task in its own place, as `apply` does."""
        return self.previous if self.task_id and not self.stamp else None

    def _told(self) -> w3c.Parent | None:
        """Return what its message or request says that it came of."""
        if self.task_id:
            return w3c.read(getattr(self.message, w3c.HEADER, None))
        return w3c.read(self.request.META.get("HTTP_TRACEPARENT")) if self.request is not None else None

    def _came(self) -> w3c.Parent | None:
        """Return what it came of: OpenTelemetry's current span, or what its message or request says.

        The trace of a message stays what it is, so that a tree of tasks is one trace.
        """
        return self._told() or otel.current_span() if self.task_id else otel.current_span() or self._told()

    def ids(self) -> dict[str, str]:
        """Return what a line or an entry is found by: its ids, of those that there are."""
        found = {"trace_id": self.trace_id, "span_id": self.active_span_id, "request_id": self.request_id}
        if self.task_id:
            found["task_id"], found["task"] = self.task_id, self.name
        if user := self.user_id:
            found["user_id"] = user
        return found

    def inherit(self, trace_id: str, request_id: str, user_id: str) -> None:
        """Take over the ids that came with a task."""
        self._trace, self._request_id, self._user = trace_id, request_id, user_id

    def describe(self) -> dict[str, Any]:
        """Return what a stored sample or error says of its surroundings. Paths come without their query."""
        described: dict[str, Any] = {
            "trace_id": self.trace_id,
            "span_id": self.active_span_id,
            "request_id": self.request_id,
        }
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
        return getattr(request, "known_user", None)
    try:
        held = object.__getattribute__(given, "__dict__")  # as Django's lazy objects look at what is asked of them
    except AttributeError:
        return given
    # Django's lazy one: asking it for anything would load it.
    return getattr(request, "_cached_user", None) if "_setupfunc" in held else given


class Inner(Struct, eq=False):
    """An operation that runs and is recorded as a span.

    Attributes:
        context: What it runs in.
        span: Its id.
        outer: The one around it.
    """

    context: Context
    span: str
    outer: Inner | None = None


current: ContextVar[Context | None] = ContextVar("enginel_context", default=None)
inner: ContextVar[Inner | None] = ContextVar("enginel_span", default=None)


def ids() -> dict[str, str]:
    """Return the ids of the running request or task, or an empty dict outside of one."""
    context = current.get()
    return context.ids() if context is not None else {}


def describe_current() -> dict[str, Any]:
    """Describe the running request or task, or return an empty dict outside of one."""
    context = current.get()
    return context.describe() if context is not None else {}

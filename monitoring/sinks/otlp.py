"""OTLP over HTTP with protobuf: what its sinks have in common.

Whose fault an answer is: 400, 413 and 422 are about what was sent; any other answer but success is about who asked, or
about the receiver's own trouble, of which only 500 and its like may come of what was sent.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from monitoring import __version__
from monitoring.outbound.errors import LateError, OutboundError, TooLargeError
from monitoring.outbound.http import Answer, Session, Timeouts
from monitoring.outbound.judging import retry_after

from . import options
from .base import AwayError, DoubtfulError, OptionsError, RefusedError, Report

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

REQUIRES = "opentelemetry.proto.common:otlp"
NANOSECONDS = 1_000_000
_REFUSED = frozenset({400, 413, 422})
_AWAY = frozenset({429, 502, 503, 504})
MAX_TEXT, _MAX_ATTRIBUTES, _MAX_DEPTH = 8_192, 64, 5
_LEAST_SERVER_ERROR = 500


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Options of an OTLP sink.

    Attributes:
        endpoint: Address of the signal, used as it is, such as `https://collector:4318/v1/logs`.
        headers: Sent with each request; what authenticates is here.
        certificate: File of the certificates by which the receiver is known; the usual ones unless given.
        timeout: Seconds that a request may take.
    """

    endpoint: str
    headers: dict[str, str] = field(default_factory=dict)
    certificate: str = ""
    timeout: float = 10.0

    def __repr__(self) -> str:
        """Show where it goes to, and no header."""
        return f"Options({self.address!r})"

    @property
    def address(self) -> str:
        """Where it is, without what must stay secret."""
        return options.shown(self.endpoint)


def read(given: Mapping[str, Any]) -> Options:
    """Read options.

    Raises:
        OptionsError: They are not what they must be.
    """
    found = options.read(given, Options)
    options.parts(found.endpoint, ("https", "http"))
    if not 0 < found.timeout <= 30:
        raise OptionsError("needs a timeout of up to 30 seconds")
    for name, value in found.headers.items():
        if not (name.isascii() and name.isprintable() and value.isascii() and value.isprintable()):
            raise OptionsError("needs headers of printable ASCII characters")
    return found


def export(chosen: Options, request: Message, answer: Message, rejected: str, count: int) -> Report:
    """Send one request of an exporter.

    Args:
        chosen: Where to.
        request: What.
        answer: An empty answer of the kind that comes back.
        rejected: The field of its `partial_success` that says how many were not taken.
        count: How many records it holds.

    Raises:
        AwayError: The receiver is at fault.
        DoubtfulError: Nobody can tell.
        RefusedError: What was sent is at fault.
    """
    headers = {
        **chosen.headers,
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
        "User-Agent": f"enginel/{__version__}",
    }
    body = gzip.compress(request.SerializeToString(), 6)
    timeouts = Timeouts(read=chosen.timeout, total=chosen.timeout)
    try:
        with Session(
            allow_private=True,
            timeouts=timeouts,
            redirects=0,
            named="The collector",
            authorities=chosen.certificate,
        ) as session:
            got = session.send("POST", chosen.endpoint, data=body, headers=headers)
    except TooLargeError:  # it took it, and said more than anybody needs
        return Report(count)
    except LateError as error:
        raise DoubtfulError(str(error)) from None
    except OutboundError as error:
        raise AwayError(str(error)) from None
    return _judge(got, answer, rejected, count)


def _judge(got: Answer, answer: Message, rejected: str, count: int) -> Report:
    if got.ok:
        return _partial(got, answer, rejected, count)
    said = f"The collector answered {got.status}{_reason(got)}."
    if got.status in _REFUSED:
        raise RefusedError(said)
    if got.status in _AWAY or got.status < _LEAST_SERVER_ERROR:
        raise AwayError(said, retry_after=retry_after(got.headers))
    raise DoubtfulError(said)


def _partial(got: Answer, answer: Message, rejected: str, count: int) -> Report:
    """Read how many were not taken: they must not be sent again."""
    try:
        answer.ParseFromString(got.body)
    except Exception:  # of another protocol; the status says that it has them
        return Report(count)
    success: Any = getattr(answer, "partial_success")  # noqa: B009  # what messages have is known at run time
    refused = min(max(int(getattr(success, rejected)), 0), count)
    why = str(success.error_message)[:MAX_TEXT]
    return Report(count, refused, f"The collector left out {refused}: {why}" if refused else "")


def _reason(got: Answer) -> str:
    """Return what the collector says of it: a status message, or plain text."""
    kind = got.headers.get("Content-Type", "")
    if kind.startswith(("text/plain", "application/json")):
        text = got.body[:300].decode("utf-8", "replace").strip()
        return f": {text}" if text else ""
    return ""


def attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    """Return attributes; what is empty is left out."""
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    known = [(key, value) for key, value in values.items() if value not in (None, "", {}, [])]
    return [KeyValue(key=key, value=any_value(value)) for key, value in known[:_MAX_ATTRIBUTES]]


def any_value(value: Any, depth: int = 0) -> AnyValue:
    """Return a value in OTLP's form; of what it has no form for, the text."""
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, Mapping) and depth < _MAX_DEPTH:
        pairs = [KeyValue(key=text(key), value=any_value(one, depth + 1)) for key, one in value.items()]
        return AnyValue(kvlist_value=KeyValueList(values=pairs[:_MAX_ATTRIBUTES]))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and depth < _MAX_DEPTH:
        return AnyValue(array_value=ArrayValue(values=[any_value(one, depth + 1) for one in value[:_MAX_ATTRIBUTES]]))
    return AnyValue(string_value=text(value))


def text(value: Any) -> str:
    """Return a bounded text that protobuf takes: without lone surrogates."""
    return str(value)[:MAX_TEXT].encode("utf-8", "replace").decode()


def resource(service: str, environment: str, release: str) -> list[KeyValue]:
    """Return the attributes of who recorded something."""
    return attributes(
        {
            "service.name": service,
            "service.version": release,
            "deployment.environment.name": environment,
            "telemetry.sdk.name": "enginel",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.version": __version__,
        }
    )


def identity(digits: str, length: int) -> bytes:
    """Return an id as bytes; none where it is none."""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        return b""
    return found if len(found) == length and any(found) else b""

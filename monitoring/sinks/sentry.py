"""Errors to Sentry, or to whatever takes its envelopes, through Sentry's SDK.

The SDK makes an envelope of each event. Its own transport sends on a thread, and drops what fails without saying so;
here each envelope is sent at once, and its answer is read.
"""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from msgspec import Struct

from monitoring.outbound.errors import LateError, OutboundError, TooLargeError
from monitoring.outbound.http import Answer, Session, Timeouts
from monitoring.outbound.judging import retry_after

from . import options as given_options
from .base import AwayError, DoubtfulError, OptionsError, Report, SendError
from .records import ERROR, Record
from .sentry_form import event

_REFUSED = frozenset({400, 413, 422})
_AWAY = frozenset({429, 502, 503, 504})
_LEAST_SERVER_ERROR = 500
_LIMITED = "X-Sentry-Rate-Limits"


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a Sentry sink.

    Attributes:
        dsn: That of the project.
        certificate: File of the certificates by which the server is known; the usual ones unless given.
        timeout: Seconds that each event may take.
    """

    dsn: str
    certificate: str = ""
    timeout: float = 10.0

    def __repr__(self) -> str:
        """Show where it goes to, and no key."""
        return f"Options({given_options.shown(self.dsn)!r})"


@dataclass(frozen=True)
class Sentry:
    """A project of Sentry.

    Attributes:
        options: Which one.
    """

    options: Options
    takes: ClassVar[frozenset[str]] = frozenset({ERROR})
    requires: ClassVar[str] = "sentry_sdk:sentry"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Sentry:
        """Read options.

        Raises:
            OptionsError: They are not what they must be.
        """
        found = given_options.read(options, Options)
        given_options.parts(found.dsn, ("https", "http"))
        split = urlsplit(found.dsn)
        if not split.username or not split.path.rpartition("/")[2].isdecimal():
            raise OptionsError("needs a DSN, like https://key@sentry.example.com/1")
        if not 0 < found.timeout <= 30:
            raise OptionsError("needs a timeout of up to 30 seconds")
        return cls(found)

    @property
    def address(self) -> str:
        """Where it sends to, without the key."""
        return given_options.shown(self.options.dsn)

    def wants(self, record: Record) -> bool:
        """Take every error."""
        del record
        return True

    def send(self, records: Sequence[Record], until: float) -> Report:
        """Send events one by one; each is settled by its own answer."""
        settled = refused = 0
        problem = ""
        for record in records:
            if settled and time.monotonic() + self.options.timeout >= until:
                break
            try:
                told = self._send(record)
            except SendError as error:
                error.report = Report(settled, refused, problem)
                raise
            settled += 1
            if told:
                refused, problem = refused + 1, told
        return Report(settled, refused, problem)

    def _send(self, record: Record) -> str:
        """Send one event; return why it was refused, or nothing.

        Raises:
            AwayError: Sentry is at fault.
            DoubtfulError: Nobody can tell.
        """
        url, headers, body = _envelope(event(record), self.options.dsn)
        limits = Timeouts(read=self.options.timeout, total=self.options.timeout)
        try:
            with Session(
                allow_private=True, timeouts=limits, redirects=0, named="Sentry", authorities=self.options.certificate
            ) as session:
                got = session.send("POST", url, data=body, headers=headers)
        except TooLargeError:  # it took it, and said more than anybody needs
            return ""
        except LateError as error:
            raise DoubtfulError(str(error)) from None
        except OutboundError as error:
            raise AwayError(str(error)) from None
        return _judge(got)


def _judge(got: Answer) -> str:
    if got.ok:
        return ""
    said = f"Sentry answered {got.status}."
    if got.status in _REFUSED:
        why = got.headers.get("X-Sentry-Error") or got.body[:200].decode("utf-8", "replace")
        return f"{said[:-1]}: {why.strip()}" if why.strip() else said
    if got.status in _AWAY or got.status < _LEAST_SERVER_ERROR:
        raise AwayError(said, retry_after=_wait(got))
    raise DoubtfulError(said)


def _wait(got: Answer) -> float | None:
    """Return for how long Sentry wants no errors."""
    first = got.headers.get(_LIMITED, "").partition(",")[0].partition(":")[0].strip()
    return float(first) if first.isascii() and first.isdecimal() else retry_after(got.headers)


def _envelope(made: dict[str, Any], dsn: str) -> tuple[str, dict[str, str], bytes]:
    """Have the SDK make an envelope, bounded and serialized; return where it goes, its headers and its bytes."""
    from sentry_sdk import Client
    from sentry_sdk.consts import EndpointType
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.scrubber import EventScrubber
    from sentry_sdk.transport import Transport

    known = frozenset(made)
    kept: list[Envelope] = []

    def trimmed(found: Any, _: Any) -> Any:
        return {key: value for key, value in found.items() if value != "-" or key in known}

    class Kept(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            kept.append(envelope)

    client: Any = Client(
        dsn=dsn,
        transport=Kept,
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
        attach_stacktrace=False,
        include_source_context=False,
        max_request_body_size="always",
        event_scrubber=EventScrubber(send_default_pii=True),  # clients stay: what else is personal was left out before
        release="-",  # these three the SDK would find out of this process; what is not known is left out
        environment="-",
        server_name="-",
        before_send=trimmed,
        spotlight=False,
    )
    client.capture_event(made)
    if not kept:
        raise DoubtfulError("Sentry's SDK made no envelope of an event.")
    auth = client.transport.parsed_dsn.to_auth("enginel")
    written = io.BytesIO()
    kept[0].serialize_into(written)
    headers = {
        "X-Sentry-Auth": auth.to_header(),
        "Content-Type": "application/x-sentry-envelope",
        "Content-Encoding": "gzip",
    }
    return auth.get_api_url(EndpointType.ENVELOPE), headers, gzip.compress(written.getvalue(), 6)

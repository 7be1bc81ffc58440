"""Lines and errors to a syslog server: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, counted octets) or TLS (RFC 5425).

Nobody acknowledges messages of syslog. Over TCP and TLS the connection is ended after each batch, and the batch counts
as sent once the server has ended it too, having read all; over UDP it counts as sent once the network has it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from msgspec import Struct

from monitoring.outbound.guard import Guard, guarded

from . import options as given_options
from .base import AwayError, OptionsError, Report
from .records import ERROR, LINE, Record
from .syslog_form import FACILITIES, message
from .told import is_line

_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
_MOST = {"udp": 2_048, "tcp": 8_192, "tls": 8_192}
"""Bytes that receivers should be able to take in one message."""
_GOODBYE_SECONDS = 5.0
_SENT_AT_ONCE = 64 * 1024


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a syslog sink.

    Attributes:
        url: `udp://`, `tcp://` or `tls://`, host and port.
        facility: By name.
        certificate: File of the certificates by which the server is known (TLS); the usual ones unless given.
        client_certificate: File with the certificate that we show (TLS), and the key unless that is in another.
        client_key: File with its key.
        timeout: Seconds that connecting, and each write, may take.
    """

    url: str
    facility: str = "local0"
    certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""
    timeout: float = 10.0

    def __repr__(self) -> str:
        """Show where it goes to."""
        return f"Options({given_options.shown(self.url)!r})"


@dataclass(frozen=True)
class Syslog:
    """A syslog server.

    Attributes:
        options: Where it is.
    """

    options: Options
    takes: ClassVar[frozenset[str]] = frozenset({LINE, ERROR})
    requires: ClassVar[str] = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Syslog:
        """Read options.

        Raises:
            OptionsError: They are not what they must be.
        """
        found = given_options.read(options, Options)
        given_options.parts(found.url, tuple(_PORTS))
        if found.facility not in FACILITIES:
            raise OptionsError("needs a facility such as local0 or user")
        if not 0 < found.timeout <= 30:
            raise OptionsError("needs a timeout of up to 30 seconds")
        return cls(found)

    @property
    def address(self) -> str:
        """Where it sends to."""
        return given_options.shown(self.options.url, path=False)

    def wants(self, record: Record) -> bool:
        """Leave out errors that are lines: those are records of their own."""
        return record.kind == LINE or not is_line(record)

    def send(self, records: Sequence[Record], until: float) -> Report:
        """Send records."""
        scheme, host, port = given_options.parts(self.options.url, tuple(_PORTS))
        facility = FACILITIES.index(self.options.facility)
        messages = [message(record, facility, _MOST[scheme]) for record in records]
        place = (host, port or _PORTS[scheme])
        with guarded(allow_private=True) as guard:
            try:
                if scheme == "udp":
                    _datagrams(place, messages)
                else:
                    _stream(
                        place, messages, self._context(host) if scheme == "tls" else None, self._limit(until), until
                    )
            except (OSError, ValueError) as error:
                raise AwayError(_why(error, guard)) from None
        return Report(len(records))

    def _limit(self, until: float) -> float:
        return max(min(self.options.timeout, until - time.monotonic()), 0.1)

    def _context(self, host: str) -> tuple[ssl.SSLContext, str]:
        """Return what verifies the server; a certificate of its own is shown where one is given."""
        context = ssl.create_default_context(cafile=self.options.certificate or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.options.client_certificate:
            context.load_cert_chain(self.options.client_certificate, self.options.client_key or None)
        return context, host


def _datagrams(place: tuple[str, int], messages: Iterable[bytes]) -> None:
    """Send each message by itself."""
    family, kind, protocol, _, address = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as out:
        for one in messages:
            out.sendto(one, address)


def _stream(
    place: tuple[str, int],
    messages: Sequence[bytes],
    context: tuple[ssl.SSLContext, str] | None,
    limit: float,
    until: float,
) -> None:
    """Send messages one after the other, and wait until the server has read them all.

    Args:
        place: Host and port of the server.
        messages: What is sent.
        context: What verifies the server, and its name; None without TLS.
        limit: Seconds that each step may take.
        until: When all must be over, on the monotonic clock.
    """
    with contextlib.ExitStack() as stack:
        out: socket.socket = stack.enter_context(socket.create_connection(place, timeout=limit))
        if context is not None:
            out.settimeout(min(limit, _left(until)))
            out = stack.enter_context(context[0].wrap_socket(out, server_hostname=context[1]))
        pending = bytearray()
        for one in messages:
            pending += b"%d %b" % (len(one), one)
            if len(pending) >= _SENT_AT_ONCE:
                out.settimeout(min(limit, _left(until)))
                out.sendall(pending)
                pending.clear()
        out.settimeout(min(limit, _left(until)))
        out.sendall(pending)
        _goodbye(out)


def _left(until: float) -> float:
    """Return the seconds until a moment.

    Raises:
        TimeoutError: It has passed.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _goodbye(out: socket.socket) -> None:
    """Say that nothing more comes, and wait until the server says so, too.

    A server that ends the connection has read what was sent before; one that breaks it may not have. Some servers keep
    it open: they have had time to say that something is wrong.

    Raises:
        OSError: The server broke the connection.
    """
    until = time.monotonic() + _GOODBYE_SECONDS
    out.settimeout(_GOODBYE_SECONDS)
    with contextlib.suppress(TimeoutError):
        if isinstance(out, ssl.SSLSocket):
            with contextlib.suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):  # ended without a word of TLS
                out.unwrap()
            return
        out.shutdown(socket.SHUT_WR)
        while out.recv(4_096):  # one that keeps talking has had as much time as one that says nothing
            out.settimeout(_left(until))


def _why(error: Exception, guard: Guard) -> str:
    """Say why it was not sent; an error's own text may hold addresses, but no secret of ours."""
    if guard.refused:
        return guard.refused
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of the syslog server is not trusted: {error.verify_message}."
    if isinstance(error, socket.gaierror):
        return "The name of the syslog server is not known."
    if isinstance(error, TimeoutError):
        return "The syslog server did not answer in time."
    said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"The syslog server could not be reached: {said}."

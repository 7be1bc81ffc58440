"""Messages of syslog, in their form and to servers on loopback."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.sinks import syslog
from monitoring.sinks.base import AwayError, OptionsError, Report
from monitoring.sinks.records import Record
from monitoring.sinks.syslog import Syslog
from monitoring.sinks.syslog_form import message, severity
from tests.sinks.made import AT, ERROR_ID, TRACE, answered, error, line, logged
from tests.sinks.servers import Listener, listening, messages, served

RFC5424 = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<at>\S+) (?P<host>\S{1,255}) (?P<app>\S{1,48}) (?P<proc>\S{1,128}) (?P<id>\S{1,32}) "
    rb'(?P<data>-|(?:\[\S+(?: \S+="(?:[^"\\\]]|\\["\\\]])*")*\])+) \xef\xbb\xbf(?P<text>.*)',
    re.DOTALL,
)
LOCAL0 = 16


def read(sent: bytes) -> dict[str, str]:
    found = RFC5424.fullmatch(sent)
    assert found is not None, sent
    return {key: value.decode() for key, value in found.groupdict().items()}


def test_a_line_is_a_message_with_its_ids() -> None:
    found = read(message(line("Füße\nsind kalt", logging.WARNING), LOCAL0, 2_048))

    assert found["pri"] == str(16 * 8 + 4)
    assert found["at"] == "2026-11-18T11:06:40.123Z"
    assert (found["app"], found["id"]) == ("shop", "line")
    assert found["text"] == "Füße sind kalt"
    assert f'trace_id="{TRACE}"' in found["data"]
    assert 'request_id="r-1"' in found["data"]
    assert 'logger="shop.carts"' in found["data"]
    assert 'environment="staging"' in found["data"]


def test_an_error_says_what_it_is_and_its_id() -> None:
    found = read(message(error(severity="critical"), LOCAL0, 2_048))

    assert found["pri"] == str(16 * 8 + 2)
    assert found["text"] == "SoldOut: none left"
    assert f'error_id="{ERROR_ID}"' in found["data"]
    assert found["host"] == "web-1"


def test_values_cannot_break_out_of_their_quotes() -> None:
    record = Record("line", "a b\n<c>", "", "", AT, {"level": 20, "text": "x", "logger": 'say "no"]\\', "ids": {}})

    found = read(message(record, LOCAL0, 2_048))

    assert found["app"] == "a_b_<c>"
    assert found["data"] == '[enginel@32473 logger="say \\"no\\"\\]\\\\"]'


@pytest.mark.parametrize("most", [300, 480, 2_048])
def test_a_message_is_cut_between_characters(most: int) -> None:
    sent = message(line("€" * 5_000), LOCAL0, most)

    assert len(sent) <= most
    assert read(sent)["text"] in ("", "€" * len(read(sent)["text"]))


def test_a_message_that_has_no_room_for_ids_does_without() -> None:
    assert read(message(line("short"), LOCAL0, 120))["data"] == "-"


@pytest.mark.parametrize(("level", "number"), [(50, 2), (40, 3), (35, 4), (30, 4), (20, 6), (10, 7), (1, 7)])
def test_levels_are_severities(level: int, number: int) -> None:
    assert severity(level) == number


def send(scheme: str, listener: Listener, *records: Record, host: str = "127.0.0.1", **options: Any) -> Report:
    sink = Syslog.of({"url": f"{scheme}://{host}:{listener.port}", **options})
    return sink.send(records, time.monotonic() + 60)


def test_datagrams_hold_one_message_each() -> None:
    with listening(socket.SOCK_DGRAM) as listener:
        assert send("udp", listener, line("one"), line("two"), facility="user") == Report(2)

        assert [read(one)["text"] for one in listener.wait(2)] == ["one", "two"]
        assert read(listener.came[0])["pri"] == str(8 + 4)


def test_streams_count_octets() -> None:
    with listening(socket.SOCK_STREAM) as listener:
        assert send("tcp", listener, line("eins: ä"), error(), line("x" * 100_000)) == Report(3)

        first, second, third = messages(listener.wait(1)[0])
        assert read(first)["text"] == "eins: ä"
        assert read(second)["id"] == "error"
        assert len(third) == 8_192


def test_a_connection_that_breaks_is_a_failure() -> None:
    with listening(socket.SOCK_STREAM) as listener:
        listener.resets = 1

        with pytest.raises(AwayError, match="could not be reached"):
            send("tcp", listener, *[line("x" * 8_000)] * 200)


def test_a_server_that_keeps_connections_open_has_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_GOODBYE_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = Syslog.of({"url": f"tcp://127.0.0.1:{server.getsockname()[1]}"})

        assert sink.send([line()], time.monotonic() + 60) == Report(1)


def test_a_server_that_never_stops_talking_does_not_hold_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_GOODBYE_SECONDS", 0.05)

    def talk() -> None:
        connection, _ = server.accept()
        with contextlib.suppress(OSError), connection:
            while True:
                connection.sendall(b"x" * 4_096)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=talk, daemon=True).start()
        sink = Syslog.of({"url": f"tcp://127.0.0.1:{server.getsockname()[1]}"})

        assert sink.send([line()], time.monotonic() + 60) == Report(1)


def test_no_step_of_sending_goes_beyond_the_time_that_there_is() -> None:
    with listening(socket.SOCK_STREAM) as listener:
        sink = Syslog.of({"url": f"tcp://127.0.0.1:{listener.port}"})

        with pytest.raises(AwayError, match="in time"):
            sink.send([line()], time.monotonic())


def test_who_is_away_is_said_to_be() -> None:
    with pytest.raises(AwayError, match="could not be reached: Connection refused"):
        Syslog.of({"url": "tcp://127.0.0.1:9"}).send([line()], time.monotonic() + 60)
    with pytest.raises(AwayError, match="not known"):
        Syslog.of({"url": "udp://nobody.invalid:514"}).send([line()], time.monotonic() + 60)


def test_metadata_of_clouds_is_never_reached() -> None:
    with pytest.raises(AwayError, match="not a public one"):
        Syslog.of({"url": "udp://169.254.169.254:514"}).send([line()], time.monotonic() + 60)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("nothing here makes certificates")
    folder = tmp_path_factory.mktemp("tls")
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    about = ["-subj", "/CN=enginel", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run(["openssl", *new, *files, *about], check=True, capture_output=True)
    return folder


@pytest.fixture
def secured(certified: Path) -> Iterator[Listener]:
    with listening(socket.SOCK_STREAM, served(certified)) as listener:
        yield listener


def test_tls_to_a_server_whose_certificate_is_known(secured: Listener, certified: Path) -> None:
    report = send("tls", secured, line("one"), line("two"), certificate=str(certified / "certificate.pem"))

    assert report == Report(2)
    assert [read(one)["text"] for one in messages(secured.wait(1)[0])] == ["one", "two"]


def test_a_certificate_that_nobody_vouches_for_is_not_believed(secured: Listener) -> None:
    with pytest.raises(AwayError, match="not trusted"):
        send("tls", secured, line())
    assert not secured.came


def test_a_certificate_of_another_host_is_not_believed(secured: Listener, certified: Path) -> None:
    with pytest.raises(AwayError, match="not trusted"):
        send("tls", secured, line(), host="localhost", certificate=str(certified / "certificate.pem"))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"url": "logs.internal:514"},
        {"url": "http://logs.internal"},
        {"url": "udp://logs.internal:99999"},
        {"url": "udp://logs.internal", "facility": "local9"},
        {"url": "udp://logs.internal", "timeout": -1},
        {"url": "udp://logs.internal", "colour": "blue"},
    ],
)
def test_options_that_cannot_be_used_are_said(given: dict[str, Any]) -> None:
    with pytest.raises(OptionsError):
        Syslog.of(given)


def test_errors_that_are_lines_are_left_to_the_lines() -> None:
    sink = Syslog.of({"url": "udp://logs.internal"})

    assert [sink.wants(one) for one in (line(), error(), answered(), logged())] == [True, True, True, False]

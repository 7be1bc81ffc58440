"""What stops `bin/up` is said in one line, without a traceback and without a password."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from launcher.layout import kept_password
from launcher.ports import free_port

UP = Path(__file__).resolve().parents[2] / "bin" / "up"


@pytest.fixture
def up_environment(tmp_path: Path, launcher_environment: dict[str, str]) -> dict[str, str]:
    environment = {**launcher_environment, "ENGINEL_VAR": str(tmp_path / "var")}
    for name in ("DATABASE_URL", "REDIS_URL", "HOST"):
        environment.pop(name, None)
    environment["PORT"] = str(free_port())
    environment["FLOWER_PORT"] = str(free_port())
    return environment


def refusal(environment: dict[str, str]) -> str:
    """Run `bin/up`, which must refuse, and return its one line."""
    lines = refusals(environment)
    assert len(lines) == 1, lines
    return lines[0]


def refusals(environment: dict[str, str]) -> list[str]:
    """Run `bin/up`, which must refuse, and return its lines."""
    finished = subprocess.run(
        [sys.executable, str(UP)], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    return finished.stderr.strip().splitlines()


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", ["PORT", "FLOWER_PORT"])
def test_a_port_in_use(up_environment: dict[str, str], name: str) -> None:
    with listening() as port:
        line = refusal({**up_environment, name: str(port)})
    assert line == (
        f"bin/up: port {port} on 127.0.0.1 is in use; stop what listens there or set {name} to another port"
    )


@pytest.mark.parametrize("value", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none(up_environment: dict[str, str], value: str) -> None:
    line = refusal({**up_environment, "PORT": value})
    assert line == f"bin/up: PORT must be a port number from 1 to 65535, not '{value}'"


def test_one_port_for_two(up_environment: dict[str, str]) -> None:
    line = refusal({**up_environment, "FLOWER_PORT": up_environment["PORT"]})
    assert line == f"bin/up: PORT and FLOWER_PORT are both {up_environment['PORT']}"


def test_an_address_of_another_machine(up_environment: dict[str, str]) -> None:
    line = refusal({**up_environment, "HOST": "192.0.2.1"})
    assert line.startswith(f"bin/up: cannot listen on 192.0.2.1:{up_environment['PORT']}: ")


def test_a_database_that_is_down(up_environment: dict[str, str]) -> None:
    port = free_port()
    line = refusal({**up_environment, "DATABASE_URL": f"postgres://me:secret@127.0.0.1:{port}/name"})
    assert line == f"bin/up: cannot reach the database at 127.0.0.1:{port} (DATABASE_URL): connection refused"


@pytest.mark.parametrize("url", ["garbage", "mysql://me:secret@127.0.0.1/name", "postgres://me:se/cret@127.0.0.1/name"])
def test_a_database_url_that_is_none(up_environment: dict[str, str], url: str) -> None:
    line = refusal({**up_environment, "DATABASE_URL": url})
    assert line.startswith("bin/up: DATABASE_URL ")
    assert "'se'" not in line, "half a password"


def test_a_redis_that_is_down(up_environment: dict[str, str]) -> None:
    port = free_port()
    line = refusal({**up_environment, "REDIS_URL": f"redis://:secret@127.0.0.1:{port}/0"})
    assert line == f"bin/up: cannot use the Redis at 127.0.0.1:{port} (REDIS_URL): connection refused"


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://127.0.0.1/", "redis://127.0.0.1:port/0"])
def test_a_redis_url_that_is_none(up_environment: dict[str, str], url: str) -> None:
    assert "REDIS_URL" in refusal({**up_environment, "REDIS_URL": url})


def test_a_folder_that_cannot_be_created(up_environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = refusal({**up_environment, "ENGINEL_VAR": str(tmp_path / "file" / "var")})
    assert line.startswith(f"bin/up: cannot create {tmp_path}/file/var: ")


def test_a_generated_password_is_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "password"
    password = kept_password(path)
    assert len(password) >= 32
    assert kept_password(path) == password
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "WEB_THREADS"])
@pytest.mark.parametrize("value", ["x", "0", "-1", "1.5"])
def test_a_number_of_processes_that_is_none(up_environment: dict[str, str], name: str, value: str) -> None:
    line = refusal({**up_environment, name: value})
    assert line == f"bin/up: {name} must be a whole number from 1 to 1000, not '{value}'"


def test_settings_of_the_platform_that_are_wrong(up_environment: dict[str, str]) -> None:
    lines = refusals({**up_environment, "MONITORING": '{"SLOW_REQUEST_SECOND": 2, "SHARDS": "two"}'})
    assert lines == [
        "bin/up: MONITORING['SLOW_REQUEST_SECOND'] is not a setting of Enginel. (monitoring.E001)",
        "bin/up: MONITORING['SHARDS'] must be a positive int, like 1. (monitoring.E001)",
    ]


def test_flowers_task_events_are_on_or_off(up_environment: dict[str, str]) -> None:
    line = refusal({**up_environment, "FLOWER_ENABLE_EVENTS": "maybe"})
    assert line == "bin/up: FLOWER_ENABLE_EVENTS must be true or false, not 'maybe'"


@pytest.mark.parametrize("value", ["notjson", "[1]", "7", "{"])
def test_settings_of_the_platform_that_are_no_json_object(up_environment: dict[str, str], value: str) -> None:
    line = refusal({**up_environment, "MONITORING": value})
    assert line == (
        'bin/up: the settings are wrong: MONITORING must be a JSON object, like {"SLOW_REQUEST_SECONDS": 2}'
    )


def test_a_log_level_that_is_none(up_environment: dict[str, str]) -> None:
    assert "LOG_LEVEL must be one of " in refusal({**up_environment, "LOG_LEVEL": "loud"})


@pytest.mark.parametrize("url", ["mongodb://me:secret@host/name", "garbage", "postgres://me:se/cret@127.0.0.1/name"])
def test_manage_py_refuses_a_database_url_that_is_none(up_environment: dict[str, str], url: str) -> None:
    Path(up_environment["ENGINEL_VAR"]).mkdir()
    finished = subprocess.run(
        [sys.executable, str(UP.parents[1] / "manage.py"), "check"],
        env={**up_environment, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 1
    assert "ImproperlyConfigured: DATABASE_URL " in finished.stderr.splitlines()[-1]
    assert "cret" not in finished.stderr

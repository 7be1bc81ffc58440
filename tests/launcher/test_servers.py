"""The private Redis and the private PostgreSQL, as real servers."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import kombu
import psycopg
import pytest
import redis
from launcher import postgres_server
from launcher.postgres_server import PostgresServer
from launcher.redis_protocol import RedisAddress, RedisUnavailable, ping
from launcher.redis_server import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    # A folder with a space: configuration files need it quoted.
    made = RedisServer(tmp_path / "private redis", databases=128)
    yield made
    made.stop()


def client(server: RedisServer) -> "redis.Redis":
    return redis.Redis.from_url(server.url)


def test_it_listens_on_loopback_alone_and_asks_for_its_password(server: RedisServer) -> None:
    server.start()
    address = server.address
    assert address.host == "127.0.0.1"
    with pytest.raises(RedisUnavailable, match="NOAUTH"):
        ping(RedisAddress(address.host, address.port))
    with pytest.raises(RedisUnavailable, match="WRONGPASS"):
        ping(RedisAddress(address.host, address.port, password="wrong"))
    with client(server) as connection:
        assert connection.config_get("bind")["bind"] == "127.0.0.1"


def test_every_client_takes_its_url_also_one_that_an_earlier_release_wrote_without_a_user(server: RedisServer) -> None:
    server.start()
    url = server.url
    with redis.Redis.from_url(url) as connection:
        assert connection.ping()
    with kombu.Connection(url) as connection:
        assert connection.default_channel.client.ping()
    if cli := shutil.which("redis-cli"):
        ran = subprocess.run([cli, "-u", url, "ping"], capture_output=True, text=True, check=False)
        assert ran.stdout.strip() == "PONG"
    server.stop()
    server.address_file.write_text(url.replace("default:", ":"))
    server.start()
    assert server.url == url


def test_it_keeps_an_append_only_file_evicts_nothing_and_has_the_databases_asked_for(server: RedisServer) -> None:
    server.start()
    with client(server) as connection:
        assert connection.config_get("appendonly") == {"appendonly": "yes"}
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert connection.config_get("databases") == {"databases": "128"}


def test_its_address_and_configuration_are_for_the_owner_alone(server: RedisServer) -> None:
    server.start()
    for name in ("url", "server.conf"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700


def test_a_second_start_keeps_data_port_and_password(server: RedisServer) -> None:
    server.start()
    url = server.url
    with client(server) as connection:
        connection.set("kept", "yes")
    server.stop()
    assert not server.live()
    server.start()
    assert server.url == url
    with client(server) as connection:
        assert connection.get("kept") == b"yes"


def test_a_live_server_is_adopted_and_not_started_twice(server: RedisServer) -> None:
    server.start()
    second = RedisServer(server.folder)
    second.start()
    assert second.url == server.url
    second.stop()
    assert server.live(), "who adopts a server does not stop it"


def test_a_server_that_was_left_behind_is_taken_over_with_its_data(server: RedisServer) -> None:
    server.start()
    with client(server) as connection:
        connection.set("kept", "yes")
    heir = RedisServer(server.folder)
    assert heir.take_over()
    assert not heir.live()
    heir.start()
    try:
        with client(heir) as connection:
            assert connection.get("kept") == b"yes"
    finally:
        heir.stop()


def test_nothing_is_taken_over_where_nothing_runs(tmp_path: Path) -> None:
    assert not RedisServer(tmp_path / "redis").take_over()


def test_another_port_is_taken_when_somebody_else_has_the_last_one(server: RedisServer) -> None:
    server.start()
    taken = server.address.port
    server.stop()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", taken))
        stranger.listen()
        server.start()
        assert server.address.port != taken
        assert server.live()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_it_ends_when_who_started_it_is_killed(
    tmp_path: Path, launcher_environment: dict[str, str], eventually: Callable[..., None]
) -> None:
    code = (
        "import sys; from pathlib import Path; from launcher.redis_server import RedisServer\n"
        "RedisServer(Path(sys.argv[1])).start(); print('up', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "redis")],
        env=launcher_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    server = RedisServer(tmp_path / "redis")
    assert server.live()
    owner.kill()
    owner.communicate()
    eventually(lambda: not server.live())


def test_a_url_tells_its_parts_and_hides_its_password() -> None:
    address = RedisAddress.from_url("rediss://user:p%40ss@example.org/3")
    assert (address.host, address.port, address.database, address.encrypted) == ("example.org", 6379, 3, True)
    assert (address.username, address.password) == ("user", "p@ss")
    assert "p@ss" not in repr(address) + str(address)


@pytest.mark.parametrize("url", ["", "http://localhost", "redis://", "redis://localhost/zero", "localhost:6379"])
def test_what_is_no_redis_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected|database"):
        RedisAddress.from_url(url)


@pytest.mark.skipif(postgres_server.find_binaries() is None, reason="no PostgreSQL server binaries here")
def test_a_private_postgresql_serves_and_leaves_nothing_behind() -> None:
    binaries = postgres_server.find_binaries()
    assert binaries is not None
    server = PostgresServer(binaries)
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT current_database(), current_setting('server_encoding')").fetchone()
            assert row == ("enginel", "UTF8")
            folder = connection.execute("SHOW data_directory").fetchone()
        assert folder is not None
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(server.url.split(":")[2].split("@")[0], "wrong"))
    finally:
        server.stop()
    assert not os.path.exists(folder[0])
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)

"""What can be known about the containers without a Docker engine."""

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from launcher.ports import free_port
from launcher.redis_protocol import RedisAddress, RedisUnavailable, ping

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]


def test_every_part_of_the_platform_is_there() -> None:
    expected = {"setup", "web", "worker", "worker-monitoring", "beat", "flower", "postgres", "redis"}
    assert set(SERVICES) == expected


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"setup"}))
def test_what_keeps_running_has_a_health_check_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_secrets_are_required_and_have_no_default() -> None:
    for secret in ("SECRET_KEY", "ADMIN_TOKEN", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "FLOWER_PASSWORD"):
        uses = re.findall(rf"(?<!\$)\$\{{{secret}(.*?)\}}", TEXT)
        assert uses, secret
        assert all(use.startswith(":?") for use in uses), secret


def test_nothing_is_published_to_the_network_by_default() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in published)


def test_what_runs_our_code_has_no_privileges() -> None:
    ours = [service for service in SERVICES.values() if service["image"].startswith("enginel:")]
    assert len(ours) == 6
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_the_image_does_not_run_as_root_and_installs_by_hash() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE) == ["enginel"]
    assert "--require-hashes" in text


def test_every_path_that_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    sent = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().split()
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in sent, source


def test_workers_read_the_queues_that_the_workers_of_bin_up_read() -> None:
    for name, queue in (("worker", "designs"), ("worker-monitoring", "monitoring")):
        words = shlex.split(SERVICES[name]["command"])
        assert words[words.index("--queues") + 1] == queue
        assert words[words.index("--hostname") + 1] == f"{queue}@%h"


def test_flower_switches_no_task_events_on_unless_it_is_told_to() -> None:
    assert SERVICES["flower"]["environment"]["FLOWER_ENABLE_EVENTS"] == "${FLOWER_ENABLE_EVENTS:-false}"


@pytest.mark.parametrize("name", ["worker", "worker-monitoring", "beat"])
def test_whether_a_celery_process_lives_is_a_look_at_its_file(name: str) -> None:
    probe = SERVICES[name]["healthcheck"]["test"][1]
    assert f"find {SERVICES[name]['environment']['HEARTBEAT_FILE']} " in probe
    assert "celery" not in probe
    assert "/tmp" in SERVICES[name]["tmpfs"]


def test_the_look_at_the_file_tells_young_from_old_and_missing(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    probe = SERVICES["worker"]["healthcheck"]["test"][1].replace("/tmp/heartbeat", str(file))

    def healthy() -> bool:
        return subprocess.run(["sh", "-c", probe], capture_output=True, check=False).returncode == 0

    assert not healthy()
    file.touch()
    assert healthy()
    os.utime(file, (time.time() - 120, time.time() - 120))
    assert not healthy()


def test_a_file_that_takes_all_memory_takes_that_of_its_reader_alone() -> None:
    worker = SERVICES["worker"]
    assert worker["ulimits"]["data"] == 2 << 30
    assert int(worker["mem_limit"].removesuffix("g")) << 30 > 2 * worker["ulimits"]["data"]


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server here")
def test_redis_starts_with_the_command_as_written(tmp_path: Path, eventually: Callable[..., None]) -> None:
    port = free_port()
    command = SERVICES["redis"]["command"].replace("$$", "$")
    command = command.replace("/data", str(tmp_path)).replace("/tmp/secret.conf", str(tmp_path / "secret.conf"))
    words = shlex.split(command)
    words[-1] += f" --port {port} --bind 127.0.0.1"
    server = subprocess.Popen(words, env={**os.environ, "REDIS_PASSWORD": "secret"}, stdout=subprocess.DEVNULL)
    address = RedisAddress("127.0.0.1", port, password="secret")
    try:
        eventually(lambda: answers(address))
        with pytest.raises(RedisUnavailable, match="NOAUTH"):
            ping(RedisAddress("127.0.0.1", port))
        assert (tmp_path / "appendonlydir").is_dir()
        assert (tmp_path / "secret.conf").stat().st_mode & 0o077 == 0
    finally:
        server.terminate()
        assert server.wait(10) == 0, "the server itself gets the signal, not a shell around it"


def answers(address: RedisAddress) -> bool:
    try:
        ping(address)
    except RedisUnavailable:
        return False
    return True

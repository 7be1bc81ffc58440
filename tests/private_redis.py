"""A Redis server of a test's own, that can be killed and started again. It keeps nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))

from launcher.redis_server import find_binary


class PrivateRedis:
    """One server on a port of loopback that stays its own over restarts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client = redis.Redis.from_url(self.url)
        self.start()

    def start(self) -> None:
        command = [find_binary(), "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.ping()
            except redis.RedisError:
                assert self._process.poll() is None, "the server did not start"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def listening(self) -> int:
        """How many clients wait for the log to go on."""
        return sum(one["cmd"] == "xread" for one in self.client.client_list())

    def commands(self) -> int:
        """How many commands it has carried out."""
        return int(self.client.info("stats")["total_commands_processed"])

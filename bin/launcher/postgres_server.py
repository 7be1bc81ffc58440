"""A private PostgreSQL cluster for tests: made in a second, fast because it may forget, gone afterwards."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from launcher.console import Refusal
from launcher.ports import free_port
from launcher.processes import die_with_parent

_DATABASE = "enginel"
_USER = "enginel"
_HOST = "127.0.0.1"


def find_binaries() -> Path | None:
    """Return the newest folder that holds `initdb` and `postgres`, or nothing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.insert(0, Path(on_path).resolve().parent)
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


class PostgresServer:
    """One cluster on a free port of loopback, in a temporary folder of its own."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._password = secrets.token_urlsafe(18)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address of the database, as `DATABASE_URL` wants it."""
        return f"postgres://{_USER}:{self._password}@{_HOST}:{self._port}/{_DATABASE}"

    def start(self) -> None:
        """Make the cluster and wait until it takes connections.

        Raises:
            Refusal: when PostgreSQL refuses; the text holds its last line.
        """
        if self._folder is None:
            self._folder = self._make_folder()
            self._initialise(self._folder)
            self._port = free_port(_HOST)
        self._process = subprocess.Popen(
            self._server_command(self._folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "log").open("ab"),
            cwd=self._folder,
            start_new_session=True,
            # SIGQUIT makes the server take its own children along; SIGKILL would leave them and shared memory behind.
            preexec_fn=die_with_parent(signal.SIGQUIT),  # noqa: PLW1509 - nothing before exec takes a lock
            **self._identity(),
        )
        self._wait_until_ready(self._folder, self._process)
        self._create_database()

    def stop(self) -> None:
        """Stop the server and remove the cluster."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _identity(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root, so root lends it the account of nobody."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _make_folder(self) -> Path:
        """A home of mode 700 is closed to nobody, hence /tmp for root whatever TMPDIR says."""
        as_root = os.geteuid() == 0
        folder = Path(tempfile.mkdtemp(prefix="enginel-postgres-", dir="/tmp" if as_root else None))
        if as_root:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        return folder

    def _initialise(self, folder: Path) -> None:
        password_file = folder / "password"
        password_file.write_text(self._password + "\n")
        command = [str(self._binaries / "initdb"), "-D", str(folder / "data"), "-U", _USER, "--no-sync"]
        command += ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        made = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, **self._identity())
        if made.returncode:
            lines = (made.stderr or made.stdout).strip().splitlines()
            raise Refusal(f"initdb failed: {lines[-1] if lines else 'it says nothing'}")

    def _server_command(self, folder: Path) -> list[str]:
        settings = {
            "listen_addresses": _HOST,
            "port": str(self._port),
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "128MB",
            "max_connections": "200",
            "log_min_messages": "fatal",
        }
        command = [str(self._binaries / "postgres"), "-D", str(folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _wait_until_ready(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        probe = [str(self._binaries / "pg_isready"), "-q", "-h", str(folder), "-p", str(self._port), "-d", "postgres"]
        deadline = time.monotonic() + 20
        while subprocess.run(probe, check=False).returncode != 0:
            if process.poll() is not None or time.monotonic() > deadline:
                lines = (folder / "log").read_text(errors="replace").strip().splitlines()
                raise Refusal(f"the private PostgreSQL does not start: {lines[-1] if lines else 'it says nothing'}")
            time.sleep(0.05)

    def _create_database(self) -> None:
        command = [str(self._binaries / "createdb"), "-h", _HOST, "-p", str(self._port), "-U", _USER, _DATABASE]
        made = subprocess.run(
            command, check=False, capture_output=True, text=True, env={**os.environ, "PGPASSWORD": self._password}
        )
        if made.returncode and "already exists" not in made.stderr:
            raise Refusal(f"could not create a database: {made.stderr.strip()}")

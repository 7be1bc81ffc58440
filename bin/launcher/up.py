"""`bin/up`: the whole platform in the foreground."""

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from launcher import environment, preflight, services
from launcher.console import Refusal, run_command, say
from launcher.layout import PYTHON, ROOT, State, kept_password
from launcher.preflight import Options
from launcher.prepare import REFUSED
from launcher.processes import die_with_parent
from launcher.redis_server import RedisServer
from launcher.supervisor import Supervisor

_HELP = """\
Start the whole platform and keep it running: web, two Celery workers, beat, Flower, and a private Redis.
The first run creates .venv and installs into it. Ctrl-C stops everything. All state lies in var/.

environment:
  PORT          where the API listens (8000)
  FLOWER_PORT   where Flower listens (5555)
  HOST          the address to listen on (127.0.0.1)
  DATABASE_URL  PostgreSQL to use, for example postgres://user:password@host/name (SQLite in var/)
  REDIS_URL     Redis to use (a private one in var/redis)
  ADMIN_TOKEN   the API token of the administrator (generated once into var/admin-token)
  FLOWER_USER, FLOWER_PASSWORD
                login of Flower (admin, generated once into var/flower-password)
  FLOWER_ENABLE_EVENTS
                let Flower switch on task events in the workers, at a fifth of their throughput (false)
  ENGINEL_VAR   the folder of all state (var/)
"""


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="bin/up", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="also send a continuous sample workload; unless MONITORING is set, reading a file is slow from 0.1 s",
    )
    demo = parser.parse_args(arguments).demo
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # as under `nohup`
            signal.signal(number, _leave)
    return run_command("up", lambda: _up(demo=demo))


def _leave(number: int, _frame: FrameType | None) -> None:
    """Leave through every `finally` on the way while nothing supervises yet."""
    raise SystemExit(128 + number)


def _up(*, demo: bool) -> int:
    began = time.monotonic()
    options = Options.from_environment()
    state = State.from_environment()
    preflight.check(options)
    if demo:
        os.environ.setdefault("MONITORING", services.DEMO_MONITORING)
    with _only_one(state):
        environment.ensure(environment.RUNTIME)
        with Supervisor() as supervisor:
            redis_url = options.redis_url or _start_redis(supervisor, state)
            _prepare(options, state, redis_url)
            shutil.rmtree(state.run, ignore_errors=True)
            state.run.mkdir(mode=0o700)
            secrets = services.Secrets(redis_url, _flower_login(state))
            for service in services.platform(options, state, secrets):
                supervisor.start(service)
            if demo:
                supervisor.start(services.demo(options, state))
            supervisor.watch(lambda: _settled(options, state, began))
    return 0


@contextmanager
def _only_one(state: State) -> Iterator[None]:
    """Two platforms must not share one folder of state."""
    with (state.folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refusal(f"another bin/up already runs with {state.folder} (ENGINEL_VAR)") from error
        yield


def _start_redis(supervisor: Supervisor, state: State) -> str:
    """Start the private Redis under supervision; one that an earlier run lost is stopped and its data taken over."""
    server = RedisServer(state.redis)
    taken_over = server.take_over()
    supervisor.start(services.redis(server.command(), state.redis))
    server.wait_until_ready(lambda: supervisor.alive("redis"))
    origin = "took over the one an earlier run left behind" if taken_over else "append-only"
    say(f"No REDIS_URL: running a private Redis at {server.address}, data in {state.redis} ({origin}).")
    return server.url


def _prepare(options: Options, state: State, redis_url: str) -> None:
    """Migrate and create the administrator and the token."""
    settings = services.environment(options, state, redis_url)
    if os.environ.get("ADMIN_TOKEN"):
        settings["ADMIN_TOKEN"] = os.environ["ADMIN_TOKEN"]
    finished = subprocess.run(
        [str(PYTHON), "-m", "launcher.prepare"],
        check=False,
        cwd=ROOT,
        env=settings,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    )
    said = finished.stderr.splitlines(keepends=True)
    if finished.returncode == 3:
        raise Refusal("".join(line.removeprefix(REFUSED) for line in said if line.startswith(REFUSED)))
    sys.stderr.write(finished.stderr)
    if finished.returncode:
        raise Refusal("could not prepare the database; the reason stands above")


def _flower_login(state: State) -> str:
    if os.environ.get("FLOWER_BASIC_AUTH"):
        return os.environ["FLOWER_BASIC_AUTH"]
    user = _flower_user()
    password = os.environ.get("FLOWER_PASSWORD") or kept_password(state.flower_password)
    if "," in password or ":" in user:
        raise Refusal("FLOWER_PASSWORD must not hold a comma and FLOWER_USER no colon: Flower cannot read them")
    return f"{user}:{password}"


def _settled(options: Options, state: State, began: float) -> bool:
    """Print the summary once web answers and both workers consume."""
    if not all(services.ready_file(state, worker).exists() for worker in services.WORKERS):
        return False
    if not _answers(f"http://{options.visible_host}:{options.port}/api/health/"):
        return False
    for line in _summary(options, state, time.monotonic() - began):
        say(line)
    return True


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Host": "localhost"})
    try:
        with opener.open(request, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _summary(options: Options, state: State, seconds: float) -> list[str]:
    web = f"http://{options.visible_host}:{options.port}"
    bearer = f"Authorization: Bearer $(cat '{state.admin_token}')"
    password = f"password in {state.admin_password}" if state.admin_password.exists() else "password unchanged"
    return [
        "",
        f"Enginel is ready after {seconds:.1f} s.",
        f"  API docs     {web}/api/docs/",
        f"  Health       {web}/api/health/",
        f"  Metrics      {web}/metrics  ({_metrics_access(options)})",
        f"  Admin pages  {web}/admin/  (user admin, {password})",
        f"  Flower       {options.flower_url}  ({_flower_access(state)})",
        f"  Admin token  {_read(state.admin_token)}  (kept in {state.admin_token})",
        f'  Try          curl -H "{bearer}" {web}/api/monitoring/performance/',
        "Ctrl-C stops everything.",
        "",
    ]


def _metrics_access(options: Options) -> str:
    """Say who may scrape."""
    if options.embedded and "METRICS_ALLOWED_NETWORKS" not in os.environ:
        return "open to this machine"
    ways = ["METRICS_TOKEN" if os.environ.get("METRICS_TOKEN") else "", os.environ.get("METRICS_ALLOWED_NETWORKS")]
    return " or ".join(["with the admin token", *filter(None, ways)])


def _flower_access(state: State) -> str:
    """Say how to sign in to Flower, without saying a password."""
    if os.environ.get("FLOWER_BASIC_AUTH"):
        return "login as given in FLOWER_BASIC_AUTH"
    given = "password as given" if os.environ.get("FLOWER_PASSWORD") else f"password in {state.flower_password}"
    return f"user {_flower_user()}, {given}"


def _flower_user() -> str:
    return os.environ.get("FLOWER_USER") or "admin"


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else "none"

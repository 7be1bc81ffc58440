"""The children of `bin/up`: their command lines and their environment."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from launcher.layout import PYTHON, ROOT, VENV, State
from launcher.preflight import Options
from launcher.supervisor import Service

_CELERY = (str(VENV / "bin" / "celery"), "--app", "enginel", "--quiet")
_WORKER = ("worker", "--without-mingle", "--without-gossip", "--include", "launcher.worker")
WORKERS = ("designs", "monitoring")
DEMO_MONITORING = '{"SLOW_OPERATION_SECONDS": {"geometry_extraction": 0.1}}'
"""Nobody who tries it out wants to wait for the 30 seconds that are slow otherwise."""


@dataclass(frozen=True)
class Secrets:
    """What children need and no command line may show."""

    redis_url: str
    flower_login: str


def environment(options: Options, state: State, redis_url: str) -> dict[str, str]:
    """Return the environment of every child that runs Python."""
    chosen = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "enginel.settings",
        "ENGINEL_VAR": str(state.folder),
        "REDIS_URL": redis_url,
        "HOST": options.host,
        "PORT": str(options.port),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "bin")]),
        "PYTHONUNBUFFERED": "1",
    }
    # A small platform stays small: one arena and one BLAS thread per process save tens of megabytes each.
    for name, value in {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}.items():
        chosen.setdefault(name, value)
    chosen.setdefault("FLOWER_URL", options.flower_url)
    if options.embedded:
        chosen.setdefault("ENABLE_TEST_ERROR", "1")
        chosen.setdefault("METRICS_ALLOWED_NETWORKS", "127.0.0.0/8,::1")
    chosen.setdefault("LOG_FORMAT", "console")  # a person reads it
    # The token is made once, before the children start; none of them has a use for it.
    chosen.pop("ADMIN_TOKEN", None)
    return chosen


def redis(command: tuple[str, ...], folder: Path) -> Service:
    """Return the private Redis; it goes last, because the others flush to it when they end."""
    return Service("redis", command, {**os.environ, "LC_ALL": "C"}, folder, last=True)


def platform(options: Options, state: State, secrets: Secrets) -> list[Service]:
    """Return web, workers, beat and Flower, in the order in which they start."""
    shared = environment(options, state, secrets.redis_url)
    # The platform's own tasks run every few seconds; at INFO they would bury what the person's own tasks say.
    quiet = {"LOG_LEVEL": "WARNING", **shared}
    shared.setdefault("LOG_LEVEL", "DEBUG" if shared.get("ENVIRONMENT") == "development" else "INFO")
    web = (str(VENV / "bin" / "gunicorn"), "--config", str(ROOT / "deploy" / "gunicorn.conf.py"), "enginel.wsgi")
    return [
        Service("web", web, shared, ROOT),
        _worker("monitoring", ("--pool", "threads", "--concurrency", "8"), quiet, state),
        _worker("designs", ("--pool", "prefork", "--concurrency", "2"), shared, state),
        Service("beat", (*_CELERY, "beat", "--loglevel", quiet["LOG_LEVEL"], "--pidfile="), quiet, ROOT),
        _flower(options, shared, secrets),
    ]


def demo(options: Options, state: State) -> Service:
    """Return the sample workload of `bin/up --demo`."""
    settings = {
        **os.environ,
        "DEMO_URL": f"http://{options.visible_host}:{options.port}",
        "DEMO_TOKEN_FILE": str(state.admin_token),
        "PYTHONPATH": str(ROOT / "bin"),
        "PYTHONUNBUFFERED": "1",
    }
    return Service("demo", (str(PYTHON), "-m", "launcher.demo"), settings, ROOT)


def ready_file(state: State, worker: str) -> Path:
    """Return the file that a worker writes when it has begun to consume."""
    return state.run / f"{worker}.ready"


def _worker(name: str, pool: tuple[str, ...], shared: dict[str, str], state: State) -> Service:
    command = (
        *_CELERY,
        *_WORKER,
        "--loglevel",
        shared["LOG_LEVEL"],
        "--hostname",
        f"{name}@%h",
        "--queues",
        name,
        *pool,
    )
    settings = {**shared, "ENGINEL_READY_FILE": str(ready_file(state, name)), "SUPERVISED": "true"}
    return Service(name, command, settings, ROOT, second_signal=signal.SIGQUIT)


def _flower(options: Options, shared: dict[str, str], secrets: Secrets) -> Service:
    """Flower reads FLOWER_* as its own options and fails on one it does not know."""
    ours = {"FLOWER_USER", "FLOWER_PASSWORD", "FLOWER_URL"}
    settings = {name: value for name, value in shared.items() if name not in ours}
    settings |= {
        "FLOWER_ADDRESS": options.host,
        "FLOWER_PORT": str(options.flower_port),
        "FLOWER_BASIC_AUTH": secrets.flower_login,
    }
    # Left to itself, Flower switches task events on in every worker, which costs a fifth of their throughput.
    settings["FLOWER_ENABLE_EVENTS"] = settings.get("FLOWER_ENABLE_EVENTS") or "false"
    return Service("flower", (*_CELERY, "flower"), settings, ROOT)

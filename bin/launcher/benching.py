"""`bin/bench`: the benchmarks, each a program of its own that prints its own table."""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from launcher import environment
from launcher.console import run_command, say
from launcher.layout import PYTHON, ROOT, VENV
from launcher.redis_server import RedisServer

BENCHMARKS = {
    "overhead": "what recording adds to a request and to a task, beside other tools",
    "jobs": "what watching costs a Celery worker, beside other tools",
    "drain": "events a second from the stream into the database",
    "errors": "what an error costs where it is raised, and how many are digested a second",
    "enforcement": "what the verdict on a request costs, and reading 100,000 decisions",
    "circuits": "what a circuit adds to a call",
    "alerting": "how long it takes from an error to the message that somebody gets",
    "blocking": "how long it takes from an error too many to the moment when its client is refused",
    "recovering": "how long it takes from an error until its remedy took effect",
    "recovery": "what choosing strategies by what was seen misses in a simulated fleet, beside the documented order",
    "anomalies": "what is found of labelled incidents, and what is told of where nothing is",
    "latency": "how long a recorded event takes to become a row",
    "platform": "memory and idle CPU of everything that bin/up starts",
}


def main(arguments: list[str]) -> int:
    """Run the command."""
    listing = "\n".join(f"  {name:10} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description=f"Run the benchmarks, all or one. What follows its name goes to it.\n\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", choices=list(BENCHMARKS), help="run this one alone")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="for the benchmark")
    chosen = parser.parse_args(arguments)
    names = [chosen.name] if chosen.name else list(BENCHMARKS)
    return run_command("bench", lambda: _bench(names, chosen.arguments))


def _bench(names: list[str], arguments: list[str]) -> int:
    environment.ensure(environment.RUNTIME, environment.DEVELOPMENT)
    if (ROOT / environment.BENCHMARKS).exists():
        environment.ensure(environment.BENCHMARKS)
    return max(_run(name, arguments) for name in names)


def _run(name: str, arguments: list[str]) -> int:
    """Run one benchmark with a Redis and a folder of state that nothing else uses."""
    folder = Path(tempfile.mkdtemp(prefix="enginel-bench-"))
    redis = RedisServer(folder / "redis")
    try:
        redis.start()
        say(f"== {name}: {BENCHMARKS[name]}")
        settings = {
            **os.environ,
            "ENGINEL_VAR": str(folder),
            "REDIS_URL": redis.url,
            "OPENBLAS_NUM_THREADS": "1",
            "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        command = [str(PYTHON), "-m", f"benchmarks.{name}", *arguments]
        return subprocess.run(command, check=False, cwd=ROOT, env=settings).returncode
    finally:
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)

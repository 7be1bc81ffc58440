"""`bin/bench errors`: what an error costs where it is raised, and how many are accepted and digested a second.

PostgreSQL is a private cluster that syncs every commit to the disk, as in production; SQLite is set up as the embedded
default is. Redis is the one `bin/bench` started. One thread digests.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.postgres import ROOT, DurablePostgres, find_binaries

PARTS = ("capture", "sqlite", "postgresql")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench errors", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="only these (all)")
    parser.add_argument("--different", type=int, default=5_000, help="different errors a drain (5,000)")
    parser.add_argument("--repeated", type=int, default=100_000, help="repeated errors a drain (100,000)")
    parser.add_argument("--drains", type=int, default=3, help="drains of different errors after the first (3)")
    parser.add_argument("--stored", type=int, default=0, help="errors that are stored before, such as 1,000,000 (0)")
    parser.add_argument("--rounds", type=int, default=200, help="interleaved rounds of capture (200)")
    parser.add_argument("--profile", action="store_true", help="print where the digest spends its time")
    parser.add_argument("--quick", action="store_true", help="a short run that shows that everything works")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.different, chosen.repeated, chosen.drains, chosen.rounds = 1_000, 5_000, 1, 40
    parts = chosen.parts or PARTS
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    if "capture" in parts:
        _capture(chosen)
    if "sqlite" in parts or "postgresql" in parts:
        with tempfile.TemporaryDirectory(prefix="enginel-errors-") as folder:
            numbers = map(str, (chosen.different, chosen.repeated, chosen.drains))
            _python("benchmarks.errors.batches", folder, *numbers)
            if "sqlite" in parts:
                _digest("SQLite", f"sqlite:///{folder}/db.sqlite3", folder, chosen)
            if "postgresql" in parts:
                _with_postgres(folder, chosen)
    return 0


def _capture(chosen: argparse.Namespace) -> None:
    _python("benchmarks.errors.capture", "enginel", str(chosen.rounds))
    if importlib.util.find_spec("sentry_sdk"):
        _python("benchmarks.errors.capture", "sentry", str(chosen.rounds))


def _with_postgres(folder: str, chosen: argparse.Namespace) -> None:
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL: no server binaries here, left out")
        return
    server = DurablePostgres(binaries)
    try:
        server.start()
        _digest("PostgreSQL, fsync on", server.url, folder, chosen)
    finally:
        server.stop()


def _digest(title: str, database: str, folder: str, chosen: argparse.Namespace) -> None:
    profile = ["--profile"] if chosen.profile else []
    command = ["--title", title, "--folder", folder, "--stored", str(chosen.stored), *profile]
    _python("benchmarks.errors.digest", *command, DATABASE_URL=database, ENGINEL_VAR=folder)


def _python(module: str, *arguments: str, **settings: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, check=True, cwd=Path(ROOT), env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **settings})


if __name__ == "__main__":
    raise SystemExit(main())

"""`bin/bench drain`: events a second from the stream into the database, on one core.

PostgreSQL is a private cluster that syncs every commit to the disk, as in production; SQLite is set up as the embedded
default is. Redis is the one `bin/bench` started.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

from benchmarks.postgres import ROOT, DurablePostgres, find_binaries


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench drain", description=__doc__)
    parser.add_argument("databases", nargs="*", choices=["sqlite", "postgresql", []], help="only these (both)")
    parser.add_argument("--batches", type=int, default=400, help="batches of 500 events a drain (400)")
    parser.add_argument("--drains", type=int, default=9, help="drains a case after the first (9)")
    parser.add_argument("--names", type=int, nargs="+", default=[10, 1_000, 100_000], help="numbers of names")
    parser.add_argument("--quick", action="store_true", help="a short run that shows that everything works")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.batches, chosen.drains, chosen.names = 40, 2, [10, 1_000]
    wanted = chosen.databases or ["sqlite", "postgresql"]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="enginel-drain-") as folder:
        if "sqlite" in wanted:
            _run("SQLite", f"sqlite:///{folder}/db.sqlite3", folder, chosen)
    if "postgresql" in wanted:
        _with_postgres(chosen)
    return 0


def _with_postgres(chosen: argparse.Namespace) -> None:
    binaries = find_binaries()
    if binaries is None:
        print("PostgreSQL: no server binaries here, left out")
        return
    server = DurablePostgres(binaries)
    with tempfile.TemporaryDirectory(prefix="enginel-drain-") as folder:
        try:
            server.start()
            _run("PostgreSQL, fsync on", server.url, folder, chosen)
        finally:
            server.stop()


def _run(title: str, database: str, folder: str, chosen: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "benchmarks.drain.child", "--title", title]
    command += ["--batches", str(chosen.batches), "--drains", str(chosen.drains)]
    command += ["--names", *map(str, chosen.names)]
    settings = {**os.environ, "DATABASE_URL": database, "ENGINEL_VAR": folder, "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(command, check=True, cwd=ROOT, env=settings)


if __name__ == "__main__":
    raise SystemExit(main())

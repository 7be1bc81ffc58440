"""What `bin/up` costs while nothing happens: memory of every process (PSS) and CPU.

Starts a platform of its own in a temporary folder on free ports, waits until it is ready, lets it settle, and reads
`/proc`. PSS counts a page that n processes share as 1/n for each, so that the sum is what the machine really gave.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bin"))

from launcher.ports import free_port  # noqa: E402

READY = "Enginel is ready"
MEMORY_GOAL = 600.0
CPU_GOAL = 3.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench platform", description=__doc__)
    parser.add_argument("--settle", type=float, default=20.0, help="seconds to let the platform settle (20)")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds to measure while idle (60)")
    parser.add_argument("--starts", type=int, default=2, help="how often to start; the last one is measured (2)")
    parser.add_argument("--verbose", action="store_true", help="show what the platform prints")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="enginel-platform-") as folder:
        for number in range(1, chosen.starts + 1):
            last = number == chosen.starts
            log = Path(folder, f"log-{number}")
            platform = start(Path(folder, "var"), log)
            try:
                seconds = wait_until_ready(platform, log)
                print(f"start {number}: ready after {seconds:.1f} s")
                if last:
                    time.sleep(chosen.settle)
                    measure(psutil.Process(platform.pid), chosen.seconds)
            finally:
                stopped = stop(platform)
                if chosen.verbose:
                    print(log.read_text())
            print(f"stop {number}: {stopped:.1f} s")
    return 0


def start(state: Path, log: Path, database: str = "") -> subprocess.Popen[bytes]:
    dropped = {"REDIS_URL", "DATABASE_URL", "HOST", "ADMIN_TOKEN"}
    settings = {name: value for name, value in os.environ.items() if name not in dropped}
    settings |= {"ENGINEL_VAR": str(state), "PORT": str(free_port()), "FLOWER_PORT": str(free_port())}
    if database:
        settings["DATABASE_URL"] = database
    with log.open("wb") as output:
        return subprocess.Popen([str(ROOT / "bin" / "up")], env=settings, stdout=output, stderr=subprocess.STDOUT)


def wait_until_ready(platform: subprocess.Popen[bytes], log: Path, limit: float = 120.0) -> float:
    began = time.monotonic()
    while READY not in log.read_text():
        if platform.poll() is not None or time.monotonic() - began > limit:
            raise SystemExit(f"the platform did not become ready:\n{log.read_text()}")
        time.sleep(0.05)
    return time.monotonic() - began


def stop(platform: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    platform.send_signal(signal.SIGTERM)
    platform.wait(30)
    return time.monotonic() - began


def measure(platform: psutil.Process, seconds: float) -> None:
    processes = [platform, *platform.children(recursive=True)]
    before = {process.pid: cpu_seconds(process) for process in processes}
    time.sleep(seconds)
    total_memory = total_cpu = 0.0
    print(f"{'process':44} {'PSS MB':>8} {'USS MB':>8} {'CPU %':>7}")
    for process in processes:
        memory = process.memory_full_info()
        cpu = 100 * (cpu_seconds(process) - before[process.pid]) / seconds
        total_memory += memory.pss / 2**20
        total_cpu += cpu
        print(f"{describe(process):44} {memory.pss / 2**20:8.1f} {memory.uss / 2**20:8.1f} {cpu:7.2f}")
    print(f"{'total, ' + str(len(processes)) + ' processes':44} {total_memory:8.1f} {'':8} {total_cpu:7.2f}")
    print(f"{'goal':44} {MEMORY_GOAL:8.1f} {'':8} {CPU_GOAL:7.2f}")


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def describe(process: psutil.Process) -> str:
    words = [Path(word).name if "/" in word else word for word in process.cmdline()]
    for known in ("designs@%h", "monitoring@%h", "beat", "flower", "gunicorn", "valkey-server", "redis-server"):
        if any(known in word for word in words):
            return f"{known.removesuffix('@%h')} ({process.pid})"
    return " ".join(words)[:43]


if __name__ == "__main__":
    raise SystemExit(main())

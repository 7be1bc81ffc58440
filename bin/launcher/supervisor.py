"""Keeps child processes running, and leaves none behind.

Everything happens in one thread and one loop: signals and dead children wake it, nothing else runs beside it.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from launcher.console import say
from launcher.processes import adopt_orphans, descendants, die_with_parent, kill_group, send_signal


@dataclass(frozen=True)
class Service:
    """One child: how it is started, and how it is asked to stop."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    second_signal: int | None = None
    """Sent to one that still runs half-way to the deadline; Celery gives its tasks back to the queue on SIGQUIT."""
    last: bool = False
    """Stopped after all others, which still need it to finish."""


@dataclass(frozen=True)
class Pace:
    """How fast children are restarted, and how long they have to stop."""

    first_delay: float = 0.5
    longest_delay: float = 30.0
    healthy_after: float = 30.0
    second_signal_after: float = 5.0
    kill_after: float = 8.0
    kill_last_after: float = 1.5

    def delay(self, failures: int) -> float:
        """Return the wait before the next start, after this many failures in a row."""
        return min(self.longest_delay, self.first_delay * 2.0 ** (failures - 1))


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    @property
    def running(self) -> bool:
        return self.process is not None


@dataclass
class Supervisor:
    """Starts services, restarts those that die, and on leaving the `with` block stops them all within 10 s."""

    pace: Pace = field(default_factory=Pace)
    report: Callable[[str], None] = say

    def __enter__(self) -> "Supervisor":
        adopt_orphans()
        self._children: list[_Child] = []
        self._asked_to_stop = 0
        # `nohup` has a hang-up ignored; that is to stay so.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._stops = [signal.SIGINT, signal.SIGTERM, *([] if ignored else [signal.SIGHUP])]
        self._stopped_by = 0
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._old_wakeup = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._old_handlers = {number: signal.getsignal(number) for number in (*self._stops, signal.SIGCHLD)}
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stop_all()
        finally:
            for number, handler in self._old_handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(self._old_wakeup)
            os.close(self._wake_read)
            os.close(self._wake_write)

    def start(self, service: Service) -> None:
        """Start a child now and keep it running from here on."""
        child = _Child(service)
        self._children.append(child)
        self._spawn(child)

    def alive(self, name: str) -> bool:
        """Tell whether the child of this name runs at this moment."""
        self._reap()
        return any(child.running for child in self._children if child.service.name == name)

    def watch(self, settled: Callable[[], bool] = lambda: True) -> None:
        """Keep the children running until SIGINT, SIGTERM or SIGHUP; ask `settled` until it says yes once.

        A SIGHUP that was ignored when this began stays ignored.
        """
        for number in self._stops:
            signal.signal(number, self._on_stop)
        waiting = True
        while not self._asked_to_stop:
            self._reap()
            self._start_due()
            if waiting and settled():
                waiting = False
            self._sleep(self._until_next(waiting))
        self.report(f"Stopping, because of {_signal_name(self._stopped_by)} ...")

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        self._stopped_by = self._stopped_by or number
        self._asked_to_stop += 1

    def _sleep(self, seconds: float | None) -> None:
        """Wait for a signal or a dead child, at most this long."""
        select.select([self._wake_read], [], [], seconds)
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            return

    def _until_next(self, waiting: bool) -> float | None:
        due = [child.start_at for child in self._children if not child.running]
        pauses = [max(0.0, min(due) - time.monotonic())] if due else []
        return min([*pauses, 0.1]) if waiting else min(pauses, default=None)

    def _spawn(self, child: _Child) -> None:
        service = child.service
        child.started = time.monotonic()
        try:
            child.process = subprocess.Popen(
                service.command,
                env=dict(service.environment),
                cwd=service.folder,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - this process has one thread
            )
        except OSError as error:
            self._schedule(child, f"cannot be started ({error.strerror})")

    def _schedule(self, child: _Child, what_happened: str) -> None:
        """Say what happened to a child and when it is started again."""
        if time.monotonic() - child.started >= self.pace.healthy_after:
            child.failures = 0
        child.failures += 1
        delay = self.pace.delay(child.failures)
        child.start_at = time.monotonic() + delay
        self.report(f"{child.service.name} {what_happened}; starting it again in {delay:g} s")

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if not child.running and child.start_at <= now:
                self._spawn(child)

    def _reap(self) -> None:
        """Collect the dead, orphans that were adopted included, and plan the restart of our own."""
        for pid, status in self._dead():
            child = next((one for one in self._children if one.process and one.process.pid == pid), None)
            if child is None or child.process is None:
                continue
            child.process.returncode = os.waitstatus_to_exitcode(status)
            code = child.process.returncode
            child.process = None
            # What it leaves behind could hold its port, its files or its tasks.
            kill_group(pid)
            if not self._asked_to_stop:
                self._schedule(child, f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with code {code}")

    def _dead(self) -> Iterable[tuple[int, int]]:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            yield pid, status

    def _stop_all(self) -> None:
        # A second signal from an impatient person kills instead of raising half-way through the clean-up.
        self._asked_to_stop = max(1, self._asked_to_stop)
        for number in self._stops:
            signal.signal(number, self._on_stop)
        self._stop([child for child in self._children if not child.service.last], self.pace.kill_after)
        self._stop([child for child in self._children if child.service.last], self.pace.kill_last_after)
        self._kill(descendants(os.getpid()))

    def _stop(self, children: list[_Child], limit: float) -> None:
        """Ask, ask again, kill; then kill what these children left behind."""
        begun = time.monotonic()
        for child in children:
            if child.process:
                send_signal(child.process.pid, signal.SIGTERM)
        asked_again = False
        while any(child.running for child in children) and self._asked_to_stop < 2:
            passed = time.monotonic() - begun
            if passed >= limit:
                break
            if passed >= self.pace.second_signal_after and not asked_again:
                asked_again = True
                self._signal_again(children)
            self._sleep(min(0.1, limit - passed))
            self._reap()
        for child in children:
            if child.process:
                pid = child.process.pid
                self.report(f"{child.service.name} did not stop in time and is killed")
                self._kill([pid, *descendants(pid)])
                kill_group(pid)
        self._kill(self._strays())

    def _signal_again(self, children: list[_Child]) -> None:
        for child in children:
            if child.process and child.service.second_signal is not None:
                send_signal(child.process.pid, child.service.second_signal)

    def _strays(self) -> list[int]:
        """List our descendants that belong to no child that is still meant to run."""
        kept: set[int] = set()
        for child in self._children:
            if child.process:
                kept |= {child.process.pid, *descendants(child.process.pid)}
        return [pid for pid in descendants(os.getpid()) if pid not in kept]

    def _kill(self, pids: list[int]) -> None:
        """Kill processes and wait until they are gone, which takes milliseconds."""
        for pid in pids:
            send_signal(pid, signal.SIGKILL)
        deadline = time.monotonic() + 1.0
        while pids and time.monotonic() < deadline:
            self._reap()
            alive = set(descendants(os.getpid()))
            pids = [pid for pid in pids if pid in alive]
            if pids:
                self._sleep(0.01)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""The supervisor with real children. Each test runs it in a process of its own, as `bin/up` does."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

Eventually = Callable[..., None]


class Program:
    """A small program around a supervisor, and what it prints."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        self._log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, services: str, pace: str = "Pace()", before: tuple[str, ...] = ()) -> None:
        """Supervise what the expression `services` lists; `child(name, code, **options)` makes one."""
        script = self.folder / "program.py"
        script.write_text(
            textwrap.dedent(
                """
                import os, pathlib, sys
                from launcher.supervisor import Pace, Service, Supervisor

                folder = pathlib.Path({folder!r})

                def child(name, code, **options):
                    command = (sys.executable, "-c", "import os, pathlib, signal, sys, time\\n" + code)
                    return Service(name, command, os.environ, folder, **options)

                with Supervisor(pace={pace}) as supervisor:
                    for service in [{services}]:
                        supervisor.start(service)
                    supervisor.watch(lambda: print("settled", flush=True) is None)
                print("left", flush=True)
                """
            ).format(folder=str(self.folder), pace=pace, services=services)
        )
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, sys.executable, str(script)], env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def family(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def pid(self, name: str) -> int:
        """Read the process id that a child has written to a file."""
        path = self.folder / name
        return int(path.read_text()) if path.exists() and path.read_text() else 0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Signal the program and return how long it took to end, which it must do in order."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        assert number is signal.SIGKILL or self.output.endswith("left\n"), self.output
        return time.monotonic() - began


@pytest.fixture
def program(tmp_path: Path, launcher_environment: dict[str, str]) -> Iterator[Program]:
    made = Program(tmp_path, launcher_environment)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def write_pid(name: str) -> str:
    """Code of a child that writes its process id in one step."""
    return f"pathlib.Path('{name}.new').write_text(str(os.getpid())); os.rename('{name}.new', '{name}')\n"


def gone(pid: int) -> bool:
    """Tell whether a process ended; a zombie that waits for its parent has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_child_that_dies_is_started_again_with_growing_pauses_and_a_line_each(
    program: Program, eventually: Eventually
) -> None:
    program.run("child('crasher', 'sys.exit(7)')", pace="Pace(first_delay=0.05)")
    eventually(lambda: program.output.count("starting it again") >= 4)
    lines = [line for line in program.output.splitlines() if line.startswith("crasher")]
    assert lines[:4] == [
        f"crasher ended with code 7; starting it again in {pause} s" for pause in ("0.05", "0.1", "0.2", "0.4")
    ]


def test_a_killed_child_is_named_with_its_signal_and_comes_back(program: Program, eventually: Eventually) -> None:
    program.run(f"child('sleeper', {write_pid('pid') + 'time.sleep(60)'!r})", pace="Pace(first_delay=0.05)")
    eventually(lambda: program.pid("pid"))
    first = program.pid("pid")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: program.pid("pid") != first)
    assert "sleeper was killed by SIGKILL; starting it again in 0.05 s" in program.output


def test_pauses_start_over_after_a_child_was_healthy_for_a_while(program: Program, eventually: Eventually) -> None:
    code = "time.sleep(0.3); sys.exit(1)"
    program.run(f"child('tired', {code!r})", pace="Pace(first_delay=0.05, healthy_after=0.2)")
    eventually(lambda: program.output.count("tired ended") >= 3)
    assert "0.1 s" not in program.output


def test_a_program_that_does_not_exist_is_tried_again_and_named(program: Program, eventually: Eventually) -> None:
    program.run("Service('ghost', ('/no/such/program',), os.environ, folder)", pace="Pace(first_delay=0.05)")
    eventually(lambda: program.output.count("ghost cannot be started (No such file or directory)") >= 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_child_gently(program: Program, eventually: Eventually, number: signal.Signals) -> None:
    code = (
        "def leave(*_):\n    pathlib.Path('goodbye').touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n" + write_pid("pid") + "time.sleep(60)"
    )
    program.run(f"child('polite', {code!r})")
    eventually(lambda: program.pid("pid"))
    assert program.stop(number) < 2
    assert (program.folder / "goodbye").exists()
    assert gone(program.pid("pid"))
    assert f"Stopping, because of {number.name} ..." in program.output


def test_a_hang_up_that_was_ignored_at_its_start_as_under_nohup_ends_nothing(
    program: Program, eventually: Eventually
) -> None:
    program.run(f"child('polite', {write_pid('pid') + 'time.sleep(60)'!r})", before=("nohup",))
    eventually(lambda: program.pid("pid") and "settled" in program.output)
    assert program.process is not None
    program.process.send_signal(signal.SIGHUP)
    program.stop()
    assert "Stopping, because of SIGTERM ..." in program.output


def test_children_that_ignore_sigterm_and_their_forked_children_are_gone_within_ten_seconds(
    program: Program, eventually: Eventually
) -> None:
    # The grandchild leaves the session and loses its parent: only who adopts orphans still finds it.
    code = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        "
        + write_pid("grandchild").replace("\n", "\n        ")
        + "time.sleep(60)\n    os._exit(0)\n"
        + write_pid("stubborn")
        + "time.sleep(60)"
    )
    program.run(f"child('stubborn', {code!r})")
    eventually(lambda: program.pid("stubborn") and program.pid("grandchild"))
    assert program.stop() < 10
    assert "stubborn did not stop in time and is killed" in program.output
    assert gone(program.pid("stubborn"))
    assert gone(program.pid("grandchild"))


def test_a_second_signal_kills_at_once(program: Program, eventually: Eventually) -> None:
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + write_pid("pid") + "time.sleep(60)"
    program.run(f"child('stubborn', {code!r})")
    eventually(lambda: program.pid("pid"))
    assert program.process is not None
    program.process.send_signal(signal.SIGINT)
    # Two signals of one kind that are both pending count as one, so the second is of another.
    assert program.stop(signal.SIGTERM) < 3
    assert gone(program.pid("pid"))


def test_a_busy_worker_gets_its_second_signal_before_it_is_killed(program: Program, eventually: Eventually) -> None:
    code = (
        "def give_back(*_):\n    pathlib.Path('given-back').touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGQUIT, give_back)\n"
        + write_pid("pid")
        + "time.sleep(60)"
    )
    program.run(f"child('busy', {code!r}, second_signal=3)", pace="Pace(second_signal_after=0.3)")
    eventually(lambda: program.pid("pid"))
    assert program.stop() < 3
    assert (program.folder / "given-back").exists()


def test_the_last_service_outlives_the_others(program: Program, eventually: Eventually) -> None:
    def code(name: str) -> str:
        leave = f"open('order', 'a').write('{name} ')"
        return (
            f"def leave(*_):\n    time.sleep(0.2); {leave}; sys.exit(0)\nsignal.signal(signal.SIGTERM, leave)\n"
            + write_pid(name)
            + "time.sleep(60)"
        )

    program.run(f"child('store', {code('store')!r}, last=True), child('user', {code('user')!r})")
    eventually(lambda: program.pid("store") and program.pid("user"))
    program.stop()
    assert (program.folder / "order").read_text() == "user store "


def test_what_a_dead_child_left_behind_is_killed_before_it_is_started_again(
    program: Program, eventually: Eventually
) -> None:
    code = (
        "if os.fork() == 0:\n    " + write_pid("left-over").replace("\n", "\n    ") + "time.sleep(60)\n"
        "while not os.path.exists('left-over'): time.sleep(0.01)\n"
        "sys.exit(1)"
    )
    program.run(f"child('parent', {code!r})", pace="Pace(first_delay=5)")
    eventually(lambda: "parent ended with code 1" in program.output)
    eventually(lambda: gone(program.pid("left-over")))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_children_end_when_the_supervisor_itself_is_killed(program: Program, eventually: Eventually) -> None:
    program.run(f"child('sleeper', {write_pid('pid') + 'time.sleep(60)'!r})")
    eventually(lambda: program.pid("pid"))
    program.stop(signal.SIGKILL)
    eventually(lambda: gone(program.pid("pid")))


def test_nothing_wakes_an_idle_supervisor(program: Program, eventually: Eventually) -> None:
    program.run("child('sleeper', 'time.sleep(60)')")
    eventually(lambda: "settled" in program.output and program.family())
    assert program.process is not None
    process = psutil.Process(program.process.pid)
    eventually(lambda: process.status() == psutil.STATUS_SLEEPING)
    before = process.num_ctx_switches().voluntary
    time.sleep(1.0)  # not a wait for something: the test is that nothing happens meanwhile
    assert process.num_ctx_switches().voluntary - before <= 2

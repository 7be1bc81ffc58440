"""How the commands talk to the person at the terminal."""

import sys
from collections.abc import Callable


class Refusal(Exception):  # noqa: N818
    """A reason not to go on that a person can act on, one on each line. No traceback is shown."""


def say(line: str) -> None:
    """Print one line at once, also when the output is a pipe."""
    print(line, flush=True)


def run_command(name: str, command: Callable[[], int]) -> int:
    """Run a command and turn a refusal into one line on stderr and exit code 1."""
    try:
        return command()
    except Refusal as refusal:
        for line in str(refusal).splitlines():
            print(f"bin/{name}: {line}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130

"""In which order the files of tests are run, so that no core is idle and no test worker waits for the last one.

Files that start processes mostly wait, for seconds or minutes. They are spread over the first half of the others, which
keep the cores busy meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def spread(tests: Iterable[T], file: Callable[[T], str], *, waits: Callable[[T], bool]) -> list[T]:
    """Return the tests file by file, the files that wait spread over the first half.

    Args:
        tests: What was collected; files, and the tests in each, keep their order among themselves.
        file: Says in which file a test is.
        waits: Says whether a test starts processes; one such test is enough for its file.
    """
    files: dict[str, list[T]] = {}
    for test in tests:
        files.setdefault(file(test), []).append(test)
    waiting = [found for found in files.values() if any(map(waits, found))]
    busy = [found for found in files.values() if not any(map(waits, found))]
    every = max(1, len(busy) // 2 // max(1, len(waiting)))
    ordered: list[T] = []
    for number, found in enumerate(busy):
        if number % every == 0 and waiting:
            ordered += waiting.pop(0)
        ordered += found
    return ordered + [test for found in waiting for test in found]

"""Files that wait begin early and apart; nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.order import spread


def ordered(tests: Sequence[str]) -> list[str]:
    """Order tests named by a letter for the file, which is a capital if it waits, and a number."""
    return spread(tests, lambda test: test[0], waits=lambda test: test == f"{test[0].upper()}1")


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("", ""),
        ("a1 b1", "a1 b1"),
        ("A1 B1", "A1 B1"),
        ("a1 b1 c1 d1 e1 f1 g1 h1 X1 Y1", "X1 a1 b1 Y1 c1 d1 e1 f1 g1 h1"),
        ("a1 X1 Y1 Z1", "X1 a1 Y1 Z1"),
        ("a1 b1 a2 b2", "a1 a2 b1 b2"),
        ("a1 X2 b1 X1", "X2 X1 a1 b1"),
    ],
)
def test_the_order(tests: str, expected: str) -> None:
    assert ordered(tests.split()) == expected.split()

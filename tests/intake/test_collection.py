"""Cycles are not searched for while a drain runs, and are afterwards, whatever happened."""

from __future__ import annotations

import gc

import pytest

from monitoring.intake.collection import uncollected


@uncollected
def fold(*, fails: bool = False) -> bool:
    if fails:
        raise RuntimeError("a bad batch")
    return gc.isenabled()


@pytest.mark.parametrize("fails", [False, True])
def test_collection_rests_and_goes_on(fails: bool) -> None:
    assert gc.isenabled()
    if fails:
        with pytest.raises(RuntimeError):
            fold(fails=True)
    else:
        assert fold() is False
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        assert fold() is False
        assert not gc.isenabled()
    finally:
        gc.enable()

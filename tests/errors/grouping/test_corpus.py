"""How well errors are grouped, on errors of known causes that were really raised; beside simpler ways of grouping.

`docs/errors.md` has the figures. A change that makes one worse fails here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from monitoring.recording import fingerprint

from . import releases, scoring

Samples = list[tuple[str, dict[str, Any]]]
EVERY = 10**6


def _by(innermost: int, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> scoring.Score:
    monkeypatch.setattr(fingerprint, "INNERMOST", innermost)
    return scoring.score(samples, fingerprint.current)


def test_one_cause_is_one_group_across_entry_points_releases_and_retries(
    run_release: Callable[[str], Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [sample for name in releases.RELEASES for sample in run_release(name)]
    found = {
        "type and message": scoring.score(samples, scoring.type_and_message),
        "type, message and transaction": scoring.score(samples, scoring.type_message_and_transaction),
        "all frames of all exceptions": scoring.score(samples, scoring.all_frames),
    }
    ours = _by(fingerprint.INNERMOST, samples, monkeypatch)
    more = {f"innermost {count}": _by(count, samples, monkeypatch) for count in (1, 2, 3, 5, EVERY)}
    causes = len({cause for cause, _ in samples})
    print(f"\n{len(samples)} errors of {causes} causes")
    for title, one in {**found, **more, "Enginel": ours}.items():
        print(f"{title:32} {one.precision:.3f} {one.recall:.3f} {one.f1:.3f} {one.groups}")

    assert len(samples) > 1_200
    assert causes > 75
    assert ours.recall > 0.99
    assert ours.precision > 0.90
    assert ours.f1 > max(one.f1 for one in found.values()) + 0.3
    assert ours.f1 >= max(one.f1 for one in more.values())


def test_what_is_put_together_wrongly_is_known(run_release: Callable[[str], Samples]) -> None:
    by_fingerprint = defaultdict(set)
    for cause, values in run_release("first"):
        by_fingerprint[fingerprint.current(values)].add(cause)
    assert {frozenset(causes) for causes in by_fingerprint.values() if len(causes) > 1} == {
        # who refuses is known, and not who is refused
        frozenset({f"{who} asks for another order" for who in ("refund", "cancel", "reprint")}),
        frozenset({"address is never set", "tax number is never set"}),
        frozenset({"refund below zero", "voucher below zero"}),
        frozenset({"flag of the banner misspelt", "flag of the search box misspelt"}),
        # an exception that took the place of another, without saying that it comes of it
        frozenset({"order without lines", "day that is no number"}),
        # the application's code has no part in it
        frozenset({"template broken", "template with an odd filter"}),
        # two lines of one function
        frozenset({"conversion without a weight", "conversion without a unit"}),
        frozenset({"begin that is no number", "end that is no number"}),
    }

"""What keeps incidents from being told, and what does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.silences.inhibitions import SHIPPED
from monitoring.alerts.silences.matchers import Matcher, all_meet, parse, parse_text
from monitoring.alerts.silences.muting import Inhibiting, Muted, Quiet, mute


def matchers(text: str) -> tuple[Matcher, ...]:
    return parse(parse_text(text))


def test_the_first_silence_that_is_met_counts() -> None:
    quiets = [Quiet(1, matchers("service=web")), Quiet(2, matchers("service=shop")), Quiet(3, (), maintenance=True)]
    firing = {"a": {"service": "shop"}, "b": {"service": "web"}, "c": {}}
    found = mute(firing, quiets, [])
    assert {key: one.quiet.id for key, one in found.items() if one.quiet} == {"a": 2, "b": 1, "c": 3}


_LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "x", "y"]))
_TEXTS = st.lists(st.sampled_from(["a=x", "b=x", "a=", "b!=y", "a=~x|y"]), max_size=3)


@given(st.lists(_TEXTS, max_size=6), st.lists(_LABELS, max_size=4))
def test_which_silence_counts_does_not_depend_on_how_it_is_found(
    texts: list[list[str]], firing: list[dict[str, str]]
) -> None:
    quiets = [Quiet(place, matchers("\n".join(one)) if one else ()) for place, one in enumerate(texts)]
    found = mute({str(place): labels for place, labels in enumerate(firing)}, quiets, [])
    for place, labels in enumerate(firing):
        first = next((one for one in quiets if all_meet(one.matchers, labels)), None)
        assert found.get(str(place), Muted()).quiet == first


def test_a_cause_keeps_what_follows_quiet_where_the_labels_are_equal() -> None:
    rule = Inhibiting(matchers("rule=cause"), matchers("rule=effect"), ("host", "zone"))
    firing = {
        "cause": {"rule": "cause", "host": "1"},
        "same": {"rule": "effect", "host": "1"},
        "other": {"rule": "effect", "host": "2"},
        "elsewhere": {"rule": "effect", "host": "1", "zone": "b"},
    }
    assert mute(firing, [], [rule]) == {"same": Muted(cause="cause")}


def test_a_silenced_cause_still_counts() -> None:
    rule = Inhibiting(matchers("rule=cause"), matchers("rule=effect"))
    found = mute({"a": {"rule": "cause"}, "b": {"rule": "effect"}}, [Quiet(1, matchers("rule=cause"))], [rule])
    assert found["b"].cause == "a"
    assert found["a"].cause is None


def test_nothing_keeps_itself_quiet_nor_do_two_each_other() -> None:
    rule = Inhibiting(matchers("severity=~critical|high"), matchers("severity=~high|low"))
    firing = {"high": {"severity": "high"}, "too": {"severity": "high"}, "low": {"severity": "low"}}
    assert mute(firing, [], [rule]) == {"low": Muted(cause="high")}
    firing["critical"] = {"severity": "critical"}
    assert {key: one.cause for key, one in mute(firing, [], [rule]).items()} == {
        "high": "critical",
        "too": "critical",
        "low": "high",
    }


def test_of_those_that_follow_from_each_other_one_is_told() -> None:
    forth, back = (Inhibiting(matchers(f"rule={one}"), matchers(f"rule={other}")) for one, other in ("ab", "ba"))
    firing = {"1": {"rule": "a"}, "2": {"rule": "b"}}
    for order in (firing, dict(reversed(firing.items()))):
        assert mute(order, [], [forth, back]) == {"2": Muted(cause="1")}
        assert mute(order, [], [back, forth]) == {"1": Muted(cause="2")}
    many = {f"{rule}{number}": {"rule": rule} for rule in "ab" for number in range(50)}
    assert set(many) - set(mute(many, [], [forth, back])) == {"a0"}


def test_a_circle_over_several_is_broken_in_one_place() -> None:
    rules = [Inhibiting(matchers(f"rule={one}"), matchers(f"rule={other}")) for one, other in ("ab", "bc", "cd", "da")]
    found = mute({one: {"rule": one} for one in "abcd"}, [], rules)
    assert {key: one.cause for key, one in found.items()} == {"b": "a", "c": "b", "d": "c"}


def test_what_follows_from_one_inside_of_a_circle_and_from_one_outside_is_quiet() -> None:
    forth = Inhibiting(matchers("rule=a"), matchers("rule=b\nhost=1"))
    back = Inhibiting(matchers("rule=b"), matchers("rule=a"))
    firing = {"a": {"rule": "a"}, "in": {"rule": "b", "host": "1"}, "out": {"rule": "b", "host": "2"}}
    assert {key: one.cause for key, one in mute(firing, [], [forth, back]).items()} == {"in": "a", "a": "out"}


def _causes(**firing: dict[str, str]) -> dict[str, str | None]:
    return {key: one.cause for key, one in mute(firing, [], list(SHIPPED.values())).items()}


def test_how_often_a_new_error_occurs_is_not_told_again_unless_it_is_worse() -> None:
    assert _causes(
        new={"kind": "new_group", "group": "1", "severity": "high"},
        counted={"kind": "error_count", "group": "1", "severity": "high"},
        worse={"kind": "error_count", "group": "1", "severity": "critical"},
        other={"kind": "error_count", "group": "2", "severity": "high"},
        whole={"kind": "error_count", "severity": "high"},
    ) == {"counted": "new"}


def test_what_an_unhealthy_database_explains_is_quiet_and_nothing_else() -> None:
    assert _causes(
        database={"kind": "health", "component": "database", "severity": "critical"},
        intake={"kind": "health", "component": "intake", "severity": "critical"},
        disk={"kind": "health", "component": "disk", "severity": "critical"},
        locked={"kind": "new_group", "type": "OperationalError", "severity": "high"},
        typo={"kind": "new_group", "type": "TypeError", "severity": "high"},
        rate={"kind": "request_error_rate", "route": "x", "severity": "high"},
        lost={"kind": "finding", "finding": "task_lost", "severity": "high"},
    ) == {"intake": "database", "locked": "database", "rate": "database"}


def test_a_database_that_is_only_degraded_explains_nothing() -> None:
    assert not _causes(
        database={"kind": "health", "component": "database", "severity": "medium"},
        locked={"kind": "new_group", "type": "OperationalError", "severity": "high"},
    )


def test_a_dead_beat_explains_missed_runs_and_a_dead_worker_what_waits() -> None:
    finding = {"kind": "finding", "severity": "high"}
    assert _causes(
        beat={**finding, "finding": "beat_dead"},
        component={"kind": "health", "component": "beat", "severity": "critical"},
        missed={**finding, "finding": "schedule_missed"},
        failed={**finding, "finding": "schedule_failed"},
    ) == {"component": "beat", "missed": "beat"}
    assert _causes(
        down={**finding, "finding": "worker_down"},
        stalled={**finding, "finding": "queue_stalled"},
        old={"kind": "queue_age", "severity": "high", "queue": "q"},
        lost={**finding, "finding": "task_lost"},
        celery={"kind": "health", "component": "celery", "severity": "critical"},
    ) == {"stalled": "down", "old": "down", "celery": "down"}

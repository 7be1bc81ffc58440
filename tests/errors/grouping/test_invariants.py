"""What a fingerprint does not look at, and what it does; for any chain of exceptions."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitoring.recording import fingerprint

few = settings(max_examples=40)
Values = dict[str, Any]
NAMES = st.sampled_from(["load", "save", "Order.total", "parse", "run.<locals>.step", "View.get", "api_v1", "api_v2"])
MODULES = st.sampled_from(["shop.orders", "shop.prices", "shop.api.v1", "shop.api.v2"])
LIBRARIES = st.sampled_from(["django.core.handlers.base", "celery.app.trace", "rest_framework.views"])
LINES = st.integers(1, 5_000)


def frame(module: str, name: str, line: int, own: bool) -> list[Any]:
    return [module, f"/srv/{module.replace('.', '/')}.py", name, line, own]


OWN = st.builds(frame, MODULES, NAMES, LINES, st.just(True))
FOREIGN = st.builds(frame, LIBRARIES, NAMES, LINES, st.just(False))
RAISED = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["ValueError", "KeyError", "shop.orders.OrderError", "RecursionError"]),
        "message": st.text(max_size=30),
        "frames": st.lists(OWN | FOREIGN, max_size=8),
    }
)


def linked(raised: Values, link: str) -> Values:
    return {**copy.deepcopy(raised), "link": link}


ERRORS = st.builds(
    lambda first, rest, name: {
        "kind": "exception",
        "name": name,
        "chain": [linked(first, ""), *(linked(raised, link) for raised, link in rest)],
    },
    RAISED,
    st.lists(st.tuples(RAISED, st.sampled_from(["cause", "group", "context"])), max_size=2),
    st.sampled_from(["GET api/orders/", "shop.nightly"]),
)


def every_frame(values: Values) -> list[list[Any]]:
    return [one for raised in values["chain"] for one in raised["frames"]]


@few
@given(ERRORS, st.randoms())
def test_lines_do_not_matter(values: Values, random: Any) -> None:
    before = fingerprint.current(values)
    for one in every_frame(values):
        one[3] = random.randrange(1, 10_000)
    assert fingerprint.current(values) == before


@few
@given(ERRORS, st.text(max_size=50))
def test_messages_do_not_matter_where_there_are_frames(values: Values, message: str) -> None:
    assume(all(raised["frames"] for raised in values["chain"]))
    before = fingerprint.current(values)
    for raised in values["chain"]:
        raised["message"] = message
    assert fingerprint.current(values) == before


@few
@given(ERRORS, st.sampled_from(["/home/ann/", "C:\\work\\", "/opt/venv-7/lib/python3.12/site-packages/"]))
def test_where_the_files_lie_does_not_matter(values: Values, folder: str) -> None:
    before = fingerprint.current(values)
    for one in every_frame(values):
        one[1] = folder + one[1]
    assert fingerprint.current(values) == before


@few
@given(ERRORS, st.data())
def test_what_libraries_do_between_does_not_matter(values: Values, data: st.DataObject) -> None:
    assume(all(any(one[4] for one in raised["frames"]) for raised in values["chain"]))
    before = fingerprint.current(values)
    for raised in values["chain"]:
        place = data.draw(st.integers(1, len(raised["frames"])))
        raised["frames"][place:place] = data.draw(st.lists(FOREIGN, max_size=3))
    assert fingerprint.current(values) == before


@few
@given(ERRORS, st.sampled_from(["POST api/orders/", "shop.hourly"]))
def test_routes_and_tasks_do_not_matter_where_the_application_has_frames(values: Values, name: str) -> None:
    assume(all(any(one[4] for one in raised["frames"]) for raised in values["chain"]))
    before = fingerprint.current(values)
    values["name"] = name
    assert fingerprint.current(values) == before


@few
@given(st.lists(OWN, min_size=1, max_size=3), st.integers(1, 60), OWN)
def test_how_deep_recursion_was_does_not_matter(cycle: list[list[Any]], depth: int, leaf: list[Any]) -> None:
    def error(times: int, kind: str) -> Values:
        frames = copy.deepcopy([*cycle * times, leaf])
        return {"kind": "exception", "name": "x", "chain": [{"type": kind, "message": "", "frames": frames}]}

    for kind in ("KeyError", "RecursionError"):
        assert fingerprint.current(error(depth + 1, kind)) == fingerprint.current(error(70, kind))


@few
@given(st.lists(OWN, min_size=1, max_size=3), st.integers(0, 2))
def test_where_endless_recursion_ends_does_not_matter(cycle: list[list[Any]], more: int) -> None:
    def error(frames: list[Any]) -> Values:
        return {
            "kind": "exception",
            "name": "x",
            "chain": [{"type": "RecursionError", "message": "", "frames": frames}],
        }

    assert fingerprint.current(error(cycle * 9 + cycle[:more])) == fingerprint.current(error(cycle * 9))


@few
@given(ERRORS, st.sampled_from(["IndexError", "shop.orders.OtherError"]))
def test_another_type_at_the_root_is_another_cause(values: Values, kind: str) -> None:
    before = fingerprint.current(values)
    root, _ = fingerprint._root(values["chain"])
    assume(root["type"] != "RecursionError")
    next(raised for raised in values["chain"] if raised is root)["type"] = kind
    assert fingerprint.current(values) != before


@few
@given(ERRORS, RAISED, st.sampled_from(["an outer error", "another"]))
def test_an_error_that_is_raised_from_another_is_grouped_as_that_one(values: Values, outer: Values, said: str) -> None:
    frames = values["chain"][0]["frames"]
    assume(any(one[4] for one in frames) and fingerprint._root(values["chain"])[0]["type"] != "RecursionError")
    caught = {"type": "shop.orders.WrappedError", "message": said, "link": "", "frames": [*outer["frames"], frames[0]]}
    inner = copy.deepcopy(values["chain"])
    inner[0]["link"] = "cause"
    assert fingerprint.current({**values, "chain": [caught, *inner]}) == fingerprint.current(values)


@few
@given(ERRORS)
def test_a_fingerprint_is_the_same_each_time_and_changes_nothing(values: Values) -> None:
    before = copy.deepcopy(values)
    assert re.fullmatch("[0-9a-f]{16}", fingerprint.current(values))
    assert fingerprint.current(values) == fingerprint.current(before)
    assert values == before


@few
@given(ERRORS, st.lists(st.text(max_size=10), min_size=1, max_size=3))
def test_an_explicit_fingerprint_is_all_that_counts(values: Values, parts: list[str]) -> None:
    other = {"kind": "response", "error_type": "404", "status": 404, "explicit": parts}
    assert fingerprint.every({**values, "explicit": parts}) == fingerprint.every(other)

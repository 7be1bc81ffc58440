"""Local variables are told as far as they are plain values; nothing else is asked what it is."""

from __future__ import annotations

import enum
import gc
import sys
import uuid
import weakref
from collections import OrderedDict
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from monitoring.recording import frame_locals, scrub
from tests.properties import MANY


def told(**values: Any) -> dict[str, str]:
    """What is told of a frame that has these local variables."""
    code = f"def framed({', '.join(values)}):\n    import sys\n    del sys.modules['nothing']\n"
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    try:
        namespace["framed"](**values)
    except KeyError as error:
        traceback = error.__traceback__
        assert traceback is not None
        assert traceback.tb_next is not None
        return dict(frame_locals.capture(traceback.tb_next.tb_frame))
    raise AssertionError


class Colour(enum.Enum):
    RED = "planted"


def test_plain_values_are_told() -> None:
    assert told(
        a=5,
        b="x'y",
        c=None,
        d=[1, (2.5, True), {"k": {3}}],
        e=Decimal("1.50"),
        f=uuid.UUID(int=5),
        g=datetime(2026, 1, 2, tzinfo=UTC),
        h=Path("/x"),
        i=b"planted",
        j=Colour.RED,
        k=1 << 4_000,
    ) == {
        "a": "5",
        "b": '"x\'y"',
        "c": "None",
        "d": "[1, (2.5, True), {'k': {3}}]",
        "e": "1.50",
        "f": str(uuid.UUID(int=5)),
        "g": "2026-01-02 00:00:00+00:00",
        "h": "/x",
        "i": "<7 bytes>",
        "j": "Colour.RED",
        "k": "<int>",
    }


def test_secrets_are_filtered_by_their_names_and_forms() -> None:
    shown = told(
        password="planted",
        data={"token": "planted", "n": 1, "deep": [{"api_key": "planted"}]},
        command=["tool", "--password", "planted"],
        pairs=[("secret", "planted")],
        url="redis://:planted@localhost/0",
        text="password=planted",
    )
    assert "planted" not in str(shown)
    assert shown["data"] == "{'token': [filtered], 'n': 1, 'deep': [{'api_key': [filtered]}]}"


def test_objects_are_named_by_their_class_and_never_asked() -> None:
    class Loud:
        def _refuse(self, *_: Any) -> Any:
            raise AssertionError("nobody is to ask")

        __repr__ = __str__ = __iter__ = __len__ = __getattr__ = __bool__ = __hash__ = __eq__ = _refuse
        __class__ = property(_refuse)  # type: ignore[assignment]

    class Shouting(str):
        __slots__ = ()

        def __repr__(self) -> str:
            raise AssertionError("nobody is to ask")

    users = get_user_model().objects.all()
    lazy = SimpleLazyObject(users.first)
    # There is no database in this test: whatever asked it would fail.
    shown = told(self=Loud(), users=users, user=lazy, model=models.Model, ordered=OrderedDict(), text=Shouting("x"))
    assert shown == {
        "self": "<test_objects_are_named_by_their_class_and_never_asked.<locals>.Loud>",
        "users": "<QuerySet>",
        "user": "<SimpleLazyObject>",
        "ordered": "<OrderedDict>",
        "text": "<test_objects_are_named_by_their_class_and_never_asked.<locals>.Shouting>",
    }


def test_modules_functions_and_classes_are_left_out() -> None:
    assert told(a=sys, b=told, c=len, d=Colour, e=[].append, f=1) == {"f": "1"}


def test_a_value_that_cannot_be_told_costs_no_other() -> None:
    class Nowhere(tzinfo):
        def utcoffset(self, _: Any) -> Any:
            raise RuntimeError

    assert told(a=datetime(2026, 1, 2, tzinfo=Nowhere()), b=1) == {"a": "<datetime>", "b": "1"}


def test_names_texts_and_depth_are_bounded() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = [deep]
    shown = told(deep=deep, long="x" * 10_000, wide=list(range(10_000)), **{f"n{n}": n for n in range(100)})
    assert len(shown) == 30
    assert max(map(len, shown.values())) <= 200
    assert shown["deep"] == "[[[<list>]]]"


def test_a_container_that_holds_itself_is_told() -> None:
    looped: list[Any] = [1]
    looped.append(looped)
    assert told(looped=looped) == {"looped": "[1, [1, [1, <list>]]]"}


def test_a_namespace_of_somebody_s_own_making_is_left_alone() -> None:
    class Namespace(dict[str, Any]):
        def items(self) -> Any:
            raise AssertionError("nobody is to ask")

    class Meta(type):
        @classmethod
        def __prepare__(cls, *_: Any) -> Any:
            return Namespace()

    with pytest.raises(ZeroDivisionError) as raised:
        exec("class X(metaclass=Meta):\n    1 / 0", {"Meta": Meta})
    assert frame_locals.capture(raised.traceback[-1].frame.raw) == []


def test_nothing_that_a_variable_held_is_kept() -> None:
    class Kept:
        pass

    kept = Kept()
    gone = weakref.ref(kept)
    shown = told(kept=kept, items=[kept])
    del kept
    gc.collect()
    assert shown["items"].startswith("[<")
    assert gone() is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates() | st.decimals(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children) | st.tuples(children, children),
    max_leaves=15,
)


@given(values)
@MANY
def test_whatever_a_variable_holds_is_told_within_bounds(value: Any) -> None:
    shown = told(value=value, last="last")
    assert len(shown["value"]) <= 200
    shown["value"].encode()
    assert shown["last"] == "'last'"
    assert scrub.text(shown["value"], 200) == shown["value"] or len(shown["value"]) > 180

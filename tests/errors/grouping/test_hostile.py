"""Names and texts that are different each time, and visitors who try every door."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from monitoring.recording import fingerprint

from .capturing import Values, capturing, get

Place = tuple[str, str, str]


def raised(kind: str, *places: Place, message: str = "", name: str = "GET orders/") -> str:
    frames = [[module, file, function, 7, True] for module, file, function in places]
    chain = [{"type": kind, "message": message, "link": "", "frames": frames}]
    return fingerprint.current({"kind": "exception", "name": name, "chain": chain})


def _hex() -> str:
    return uuid.uuid4().hex


MADE_UP: dict[str, Callable[[], str]] = {
    "functions": lambda: raised("KeyError", ("shop.rules", "/srv/rules.py", f"_wrapped_{_hex()}")),
    "closures": lambda: raised("KeyError", ("shop.rules", "/srv/rules.py", f"make_{_hex()}.<locals>.call")),
    "numbers": lambda: raised("KeyError", ("shop.rules", "/srv/rules.py", f"rule_{uuid.uuid4().int}")),
    "files": lambda: raised("KeyError", ("", f"/tmp/{_hex()}/{_hex()}.py", "rule")),
    "scripts": lambda: raised("KeyError", ("__main__", f"/tmp/{_hex()}/nightly.py", "main")),
    "modules": lambda: raised("KeyError", (f"plugins.p_{_hex()}", f"/tmp/{_hex()}.py", "rule")),
    "classes": lambda: raised(f"shop.JobError_{_hex()}", ("shop.jobs", "/srv/jobs.py", "fail")),
    "ids in messages": lambda: raised("KeyError", message=f"order {uuid.uuid4()} of 'ann-{_hex()}' at 0x{_hex()[:12]}"),
    "numbers in messages": lambda: raised("KeyError", message=f"row {uuid.uuid4().int}, col {uuid.uuid4().int % 97}"),
}


@pytest.mark.parametrize("what", MADE_UP)
def test_what_is_made_up_each_time_is_one_group(what: str) -> None:
    assert len({MADE_UP[what]() for _ in range(50)}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("shop.api.v1", "/srv/v1.py", "show"), ("shop.api.v2", "/srv/v2.py", "show")),
        (("shop.steps", "/srv/steps.py", "step_1"), ("shop.steps", "/srv/steps.py", "step_2")),
        (("__main__", "/srv/nightly.py", "main"), ("__main__", "/srv/hourly.py", "main")),
        (("shop.faces", "/srv/faces.py", "feedbacca"), ("shop.faces", "/srv/faces.py", "deadbeef")),
        (("shop.a", "/srv/a.py", "Order.save"), ("shop.a", "/srv/a.py", "Invoice.save")),
    ],
)
def test_names_that_people_gave_tell_apart(one: Place, other: Place) -> None:
    assert raised("KeyError", one) != raised("KeyError", other)


def test_a_comprehension_is_its_function_as_it_is_from_python_3_12_on() -> None:
    own = ("shop.rows", "/srv/rows.py", "column")
    for kind in ("listcomp", "setcomp", "dictcomp"):
        inner = ("shop.rows", "/srv/rows.py", f"column.<locals>.<{kind}>")
        assert raised("ValueError", own, inner) == raised("ValueError", own)


def test_messages_tell_apart_where_there_are_no_frames() -> None:
    assert raised("WorkerLostError", message="signal 9") == raised("WorkerLostError", message="signal 11")
    assert raised("WorkerLostError", message="killed") != raised("WorkerLostError", message="lost")
    assert raised("WorkerLostError", name="a") != raised("WorkerLostError", name="b")


def test_long_messages_of_nothing_but_quotes_are_read_in_no_time() -> None:
    assert fingerprint.normalise("'" * 100_000)
    assert fingerprint.normalise("\"'" * 50_000)


def test_a_scanner_is_one_group_however_many_doors_it_tries(shop_settings: None, db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    with capturing() as captured:
        for path in ("/wp-login.php", "/.git/config", "/admin/%2e%2e/", f"/{_hex()}/{_hex()}", "/?q=/etc/passwd"):
            get(path)()
        found: list[Values] = captured.take()
    assert len(found) == 5
    assert len({fingerprint.current(values) for values in found}) == 1


urlpatterns: list[Any] = []

"""Dead letters can be listed, and replayed exactly once."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from monitoring.intake.models import DeadLetter
from monitoring.performance import PerformanceMonitor
from monitoring.recording import wire
from tests.api.letters import make_letter

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/monitoring/dead-letters/"


def replay(api: Client, pk: int) -> Any:
    return api.post(f"{URL}{pk}/replay/")


def test_the_list_shows_everything_but_the_bytes(api: Client) -> None:
    letter = make_letter()
    answer = api.get(URL).json()
    assert (answer["count"], answer["next"], answer["previous"]) == (1, None, None)
    (shown,) = answer["results"]
    assert set(shown) == {"id", "reason", "stream", "producer", "sequence", "version", "size", "error", "created"}
    assert (shown["id"], shown["reason"], shown["stream"]) == (letter.pk, "refused", "0:measures")
    assert (shown["producer"], shown["sequence"], shown["version"]) == ("abc123", 7, wire.VERSION)
    assert shown["size"] == len(letter.fields)
    assert shown["error"] == "DataError: out of range"


def test_the_newest_comes_first(api: Client) -> None:
    now = timezone.now()
    made = [make_letter(created=now - timedelta(minutes=age)).pk for age in (2, 0, 1)]
    assert [row["id"] for row in api.get(URL).json()["results"]] == [made[1], made[2], made[0]]


def test_pages_hold_as_many_as_asked_for(api: Client) -> None:
    for _ in range(5):
        make_letter()
    page = api.get(URL, {"limit": 2, "offset": 2}).json()
    assert (page["count"], len(page["results"])) == (5, 2)
    assert "offset=4" in page["next"]
    assert api.get(URL, {"offset": 100}).json()["results"] == []


def test_the_list_can_be_narrowed_down_to_a_reason(api: Client) -> None:
    make_letter()
    newer = make_letter(reason="newer")
    assert [row["id"] for row in api.get(URL, {"reason": "newer"}).json()["results"]] == [newer.pk]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "ten"),
        ("limit", ""),
        ("offset", "-1"),
        ("offset", "9" * 30),
        ("reason", "bored"),
        ("reason", ""),
    ],
)
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [parameter]


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    api: Client, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    make_letter()
    with django_assert_num_queries(3):  # the token, the count, the page
        api.get(URL)
    for _ in range(30):
        make_letter()
    with django_assert_num_queries(3) as counted:
        api.get(URL)
    assert '"fields",' not in counted.captured_queries[-1]["sql"]


def test_a_replay_counts_the_events_and_removes_the_letter(api: Client) -> None:
    response = replay(api, make_letter(5).pk)
    assert (response.status_code, response.json()) == (200, {"events": 5})
    assert not DeadLetter.objects.exists()
    assert PerformanceMonitor.get_operation_stats("replayed")["count"] == 5


def test_a_second_replay_finds_nothing(api: Client) -> None:
    letter = make_letter(5)
    replay(api, letter.pk)
    response = replay(api, letter.pk)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert PerformanceMonitor.get_operation_stats("replayed")["count"] == 5


def test_what_still_cannot_be_taken_in_stays_with_the_reason_told(api: Client) -> None:
    letter = make_letter(broken=True)
    response = replay(api, letter.pk)
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert "truncated" in response.json()["detail"]
    assert DeadLetter.objects.filter(pk=letter.pk).exists()


def test_a_number_beyond_any_is_not_found(api: Client) -> None:
    assert replay(api, 10**30).status_code == 404


def test_replaying_is_not_for_reading_methods(api: Client) -> None:
    letter = make_letter()
    assert api.get(f"{URL}{letter.pk}/replay/").status_code == 405
    assert DeadLetter.objects.exists()


def test_the_command_replays_by_number(db: None) -> None:
    first, second = make_letter(2), make_letter(3)
    output = StringIO()
    call_command("replay", first.pk, stdout=output)
    assert output.getvalue() == f"{first.pk}: 2 events counted\n"
    assert DeadLetter.objects.get() == second


def test_the_command_replays_all_and_tells_what_stays(db: None) -> None:
    good, broken = make_letter(2), make_letter(broken=True)
    output, errors = StringIO(), StringIO()
    with pytest.raises(CommandError, match="1 not taken in"):
        call_command("replay", "--all", stdout=output, stderr=errors)
    assert f"{good.pk}: 2 events counted" in output.getvalue()
    assert f"{broken.pk}: " in errors.getvalue()
    assert DeadLetter.objects.get() == broken


def test_the_command_replays_by_reason(db: None) -> None:
    make_letter(reason="newer")
    stays = make_letter()
    call_command("replay", "--reason", "newer", stdout=StringIO())
    assert DeadLetter.objects.get() == stays


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["--all", "--reason", "newer"], ["999999"]])
def test_the_command_refuses_what_makes_no_sense(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("replay", *arguments, stderr=StringIO())


def test_listing_and_answering_do_not_load_numpy() -> None:
    import subprocess
    import sys

    script = "import django; django.setup(); import monitoring.urls, sys; sys.exit('numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], env=_environment(), check=False)
    assert result.returncode == 0


def _environment() -> dict[str, str]:
    import os

    return os.environ | {"DJANGO_SETTINGS_MODULE": "enginel.settings"}

"""A throttle limits the client whose errors are its own, or the route that fails; it is kept, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.throttles.limit import Limit
from monitoring.protection.throttles.models import Origin, Throttle
from monitoring.recording import presence
from monitoring.recording.decisions import copy
from monitoring.recording.enforcement import verdict
from monitoring.recovery.strategies.base import RefusedError, Site
from monitoring.recovery.strategies.request_throttle import RequestThrottle
from monitoring.stream import heartbeats

from .conftest import case, effect, order, site_of, wait_for

THROTTLE = RequestThrottle()


def failed(**values: Any) -> Any:
    told = {"route": "api/designs/", "client": "203.0.113.7", "status": 500, "authenticated": True}
    return case(**(told | values))


@pytest.fixture
def served(redis_client: Any) -> Site:
    """Some process answers requests."""
    site = site_of()
    state = {"pid": 7, "interval": 60.0, "instance": "one", "decisions": {"epoch": "", "number": 0}}
    heartbeats.send(site.client, site.config.stream_prefix, "web", "enginel@here", state)
    return site


@pytest.fixture
def serving(settings: Any, redis_client: Any, live_server: Any) -> Iterator[str]:
    """A server of this process, which follows the decisions and tells of itself."""
    settings.MONITORING = {**settings.MONITORING, "HEARTBEAT_INTERVAL": 0.2}
    settings.ALLOWED_HOSTS = ["*"]
    verdict.forget()
    presence.serve()
    presence.begin()
    yield f"{live_server.url}/api/designs/"
    copy.reset()
    verdict.forget()


@pytest.mark.django_db(transaction=True)
def test_a_client_that_provokes_errors_is_slowed_down_and_let_go_again(serving: str) -> None:
    site = site_of()

    def refused() -> bool:
        return requests.get(serving, timeout=20).status_code == 429

    assert not any(refused() for _ in range(15))
    wait_for(lambda: any(one.alive and one.kind == "web" for one in site.processes()), "the server tells of itself")
    of = failed(status=401, kind="authentication_error", client="127.0.0.1")
    wanted = order(of, THROTTLE.plan(of, site))
    assert wanted.plan.target == "throttle:client:127.0.0.1/32"
    applied = THROTTLE.apply(wanted, site)
    assert THROTTLE.apply(wanted, site).facts == applied.facts
    site.project()
    seen = effect(THROTTLE, wanted, applied, site)
    assert (seen.effect, seen.facts["acknowledged"]) == (True, 1), seen
    assert any(refused() for _ in range(20))

    assert THROTTLE.undo(wanted, {}, site).endswith("was ended.")
    site.project()
    wait_for(lambda: not refused(), "nobody is refused any more")
    assert THROTTLE.undo(wanted, {}, site).endswith("had been ended already.")
    assert THROTTLE.seen(wanted, applied, site).effect is False


@pytest.mark.django_db
def test_who_errs_limits_nobody_but_oneself(served: Site) -> None:
    for of in (
        failed(status=404),
        failed(status=0, kind="validation_error"),
        failed(status=401, kind="authentication_error"),
        failed(status=500, authenticated=False),
        failed(status=500, authenticated=False, name="GET <unmatched>", route="<unmatched>"),
    ):
        plan = THROTTLE.plan(of, served)
        assert plan.target == "throttle:client:203.0.113.7/32"
    wide = THROTTLE.plan(failed(status=404, client="2001:db8:1:2::7"), served)
    assert wide.parameters["match"] == "2001:db8:1:2::/64"
    with pytest.raises(RefusedError, match="the address is not known"):
        THROTTLE.plan(failed(status=404, client=""), served)


@pytest.mark.django_db
def test_a_route_that_fails_is_slowed_down_for_each_client(served: Site) -> None:
    of = failed()
    wanted = order(of, THROTTLE.plan(of, served))
    assert (wanted.plan.target, wanted.plan.seconds) == ("throttle:route:GET api/designs/", 600.0)
    assert wanted.plan.parameters["requests_per_minute"] == 100
    THROTTLE.apply(wanted, served)
    row = Throttle.objects.get()
    assert row.limit == Limit("route", "GET api/designs/", 100 / 60, 10, "client", row.reason)
    assert (row.origin, row.expires) == (Origin.RECOVERY, wanted.now + timedelta(minutes=10))
    assert THROTTLE.seen(wanted, None, served).says.startswith("0 of 1 processes")
    served.project()
    assert THROTTLE.seen(wanted, None, served).says.startswith("0 of 1 processes")
    with pytest.raises(RefusedError, match=r"limits each client's requests to GET api/designs/ already"):
        THROTTLE.plan(of, served)


@pytest.mark.django_db
def test_it_refuses_where_it_would_have_no_effect_or_lock_somebody_out(served: Site, settings: Any) -> None:
    def refusal(site: Site = served, **values: Any) -> str:
        with pytest.raises(RefusedError) as refused:
            THROTTLE.plan(failed(**values), site)
        return str(refused.value)

    now = datetime.now(UTC)
    assert refusal(route="") == "It did not happen in a request."
    assert "for those who look after the service" in refusal(route="api/monitoring/recoveries/")
    assert refusal(route="<unmatched>", name="GET <unmatched>") == "It happened on no route of its own."
    AllowedNetwork.objects.create(network="203.0.113.0/24", created=now)
    assert refusal(status=404) == "203.0.113.7/32 is on the allow-list, whose requests are never refused."
    ActingAdmin.objects.create(address="198.51.100.9", at=now)
    assert "is where staff act from" in refusal(status=404, client="198.51.100.9")
    settings.MONITORING = {**settings.MONITORING, "TRUSTED_PROXIES": ["192.0.2.0/24"]}
    assert "is a trusted proxy" in refusal(site_of(), status=404, client="192.0.2.1")
    settings.MONITORING = {**settings.MONITORING, "PROTECTION": "dry_run"}
    assert refusal(site_of()) == "Nobody's requests are refused here: PROTECTION is 'dry_run'."
    settings.MONITORING = {**settings.MONITORING, "PROTECTION": "enforce", "STREAM_PREFIX": "nobody"}
    assert "none would keep a throttle" in refusal(site_of())

"""What is cached is cleared by alias and pattern, in Redis and in the memory of processes, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import caches

from monitoring.recording import presence
from monitoring.recording.decisions import copy
from monitoring.recording.resilience import caches as in_memory
from monitoring.recovery.strategies import keys_aside
from monitoring.recovery.strategies.base import RefusedError, Site
from monitoring.recovery.strategies.cache_clear import CacheClear

from .conftest import case, effect, order, site_of, wait_for

CLEAR = CacheClear()
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
REDIS = "django.core.cache.backends.redis.RedisCache"


@pytest.fixture
def shared(settings: Any, redis_url: str, redis_client: redis.Redis) -> Any:
    """A cache in a Redis that others use as well."""
    other = {"BACKEND": REDIS, "LOCATION": redis_url, "KEY_PREFIX": "sh*p"}
    settings.CACHES = {
        "default": {"BACKEND": REDIS, "LOCATION": redis_url, "KEY_PREFIX": "shop"},
        "other": other,
        "later": {**other, "KEY_PREFIX": "shop", "VERSION": 2},
    }
    return caches["default"]


def cached(**facts: Any) -> Any:
    return case(facts=facts)


@pytest.mark.django_db
def test_keys_of_one_cache_are_put_aside_and_put_back(shared: Any, redis_client: redis.Redis, settings: Any) -> None:
    site = site_of()
    shared.set_many({"a": "1", "b": "2", "gone": "3"}, 500)
    shared.set("endless", "4", None)
    shared.set("django.contrib.sessions.cacheabc", "signed in")
    caches["other"].set("a", "theirs")
    caches["later"].set("a", "of another version")
    redis_client.set("shop-window", "not a cache's")
    redis_client.lpush("shop:1:list", "not a cache's")

    wanted = order(cached(), CLEAR.plan(cached(), site))
    assert wanted.plan.target == "cache:enginel:default"
    assert "4 keys of the cache 'default' that match '*'" in wanted.plan.says
    applied = CLEAR.apply(wanted, site)
    assert applied.facts == {"aside": 4}
    assert shared.get_many(["a", "b", "gone", "endless"]) == {}
    assert shared.get("django.contrib.sessions.cacheabc") == "signed in"
    assert (caches["other"].get("a"), caches["later"].get("a")) == ("theirs", "of another version")
    assert (redis_client.get("shop-window"), redis_client.llen("shop:1:list")) == (b"not a cache's", 1)
    assert CLEAR.seen(wanted, None, site).effect is True
    assert all(0 < redis_client.ttl(key) <= 600 for key in redis_client.scan_iter(match="*:aside:*"))

    shared.set("b", "anew")
    assert CLEAR.apply(wanted, site).facts == {"aside": 4}
    assert shared.get("b") == "anew"

    assert CLEAR.undo(wanted, {}, site) == "3 keys of the cache 'default' are back."
    assert shared.get_many(["a", "b", "gone", "endless"]) == {"a": "1", "b": "anew", "gone": "3", "endless": "4"}
    assert 490 < redis_client.ttl("shop:1:a") <= 500
    assert redis_client.ttl("shop:1:endless") == -1
    assert not list(redis_client.scan_iter(match="*:aside:*"))
    assert CLEAR.undo(wanted, {}, site) == "Nothing is aside any more."


@pytest.mark.django_db
def test_a_pattern_clears_what_matches_it_alone(shared: Any) -> None:
    site = site_of()
    shared.set_many({"price:1": 1, "price:2": 2, "name:1": "x"})
    of = cached(clear_pattern="price:*")
    wanted = order(of, CLEAR.plan(of, site))
    CLEAR.apply(wanted, site)
    assert shared.get_many(["price:1", "price:2", "name:1"]) == {"name:1": "x"}


@pytest.mark.usefixtures("shared")
def test_it_refuses_what_it_could_not_tell_apart_or_put_back(
    settings: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    site = site_of()

    def refusal(**facts: Any) -> str:
        with pytest.raises(RefusedError) as refused:
            CLEAR.plan(cached(**facts), site)
        return str(refused.value)

    assert refusal() == "The cache 'default' holds no key that matches '*'."
    assert refusal(cache_alias="none") == "There is no cache 'none'."
    assert "could be understood" in refusal(clear_pattern=7)
    with pytest.raises(RefusedError, match="The caches of billing are configured elsewhere"):
        CLEAR.plan(case(service="billing"), site)
    caches["default"].set_many({"a": 1, "b": 2})
    monkeypatch.setattr(keys_aside, "MOST_KEYS", 1)
    assert refusal() == "More keys of the cache 'default' match '*' than can be put aside."
    monkeypatch.setattr(keys_aside, "MOST_IN_DATABASE", 1)
    assert "holds too many keys to look through" in refusal()

    backend = "django.core.cache.backends."
    settings.CACHES = {
        "default": {"BACKEND": REDIS, "LOCATION": redis_url, "KEY_FUNCTION": "tests.recovery.strategies.keys.plain"},
        "ours": {"BACKEND": REDIS, "LOCATION": redis_url, "KEY_PREFIX": site.config.stream_prefix},
        "away": {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:1/0"},
        "files": {"BACKEND": f"{backend}filebased.FileBasedCache", "LOCATION": tmp_path},
        "mine": {"BACKEND": LOCMEM},
    }
    assert "have no prefix by which they could be told from others'" in refusal()
    assert "begin as those of Enginel do" in refusal(cache_alias="ours")
    assert "The Redis of the cache 'away' does not do it" in refusal(cache_alias="away")
    assert refusal(cache_alias="files") == "The cache 'files' is a FileBasedCache, of which nothing could be put back."
    assert refusal(cache_alias="mine") == "No process lives that has the cache 'mine' in its memory."


@pytest.fixture
def following(settings: Any, redis_client: redis.Redis) -> Iterator[None]:
    """This process follows decisions, tells of itself, and has a cache of its own."""
    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "cache-clear", "KEY_PREFIX": "shop"}}
    settings.MONITORING = {**settings.MONITORING, "HEARTBEAT_INTERVAL": 0.2}
    caches["default"].clear()
    in_memory.follow()
    presence.begin()
    yield
    copy.reset()
    caches["default"].clear()


@pytest.mark.usefixtures("following")
@pytest.mark.django_db(transaction=True)
def test_a_cache_in_memory_is_cleared_by_its_processes_and_put_back() -> None:
    site, mine = site_of(), caches["default"]
    mine.set_many({"a": 1, "b": 2, "django.contrib.sessions.cacheabc": "signed in"})
    plan = wait_for(lambda: planned(site), "this process tells of its cache")
    wanted = order(cached(), plan)
    applied = CLEAR.apply(wanted, site)
    seen = effect(CLEAR, wanted, applied, site)
    assert (seen.effect, seen.facts["done"]) == (True, 1), seen
    assert mine.get_many(["a", "b", "django.contrib.sessions.cacheabc"]) == {
        "django.contrib.sessions.cacheabc": "signed in"
    }
    mine.set("b", "anew")
    CLEAR.undo(wanted, {}, site)
    wait_for(lambda: mine.get("a") == 1, "it is put back")
    assert mine.get("b") == "anew"
    assert CLEAR.undo(wanted, {}, site) == "That was over already."


def planned(site: Site) -> Any:
    try:
        return CLEAR.plan(cached(), site)
    except RefusedError:
        return None


def test_what_is_over_is_not_put_back(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "over"}}
    caches["default"].set("a", 1)
    assert in_memory.apply("default", {"pattern": "*", "at": 4e9, "until": 0.0}) is None
    assert in_memory.apply("default", None) is None
    assert caches["default"].get("a") is None
    caches["default"].set("a", 1)
    assert in_memory.apply("default", {"pattern": "*", "at": 0.0, "until": 4e9}) is None
    assert caches["default"].get("a") == 1
    assert in_memory.apply("none", {"pattern": "*"}) == "No cache 'none' lives in this process's memory."

"""Queues in Redis, as kombu keeps them there: a list per priority, and one hash of what is not acknowledged.

One script reads all queues in one call. Messages stay where they are, however many megabytes they have: the script
looks for the few words it needs at the end of a message, where kombu writes the headers.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

import redis

from monitoring.jobs.queues.routing import matches

from .reading import BrokerAwayError, Reading, Survey

_TAIL = 16_384
"""Bytes at the end of a message that are looked at."""
_MAX_SAMPLED = 1_000
"""Unacknowledged messages that are looked at for a survey; of more, this many from all over."""
_MAX_SAMPLED_BYTES = 8 * 1024 * 1024
_MAX_HELD = 200_000
_HELD_AT_ONCE = 500
_HELD_BYTES = 8 * 1024 * 1024
_HELD_SECONDS = 5.0
_MAX_ROUTES = 200
_EXCHANGE_SECONDS = 300.0
_YEAR_2000 = 946_684_800
_DAY = 86_400

# KEYS: hash of unacknowledged messages, its index, then the lists. Every call may meet a key of another type.
_SURVEY = """
local tail, most, budget = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lists = {}
for place = 3, #KEYS do
  local length = redis.pcall('LLEN', KEYS[place])
  if type(length) ~= 'number' then length = 0 end
  local sent, eta, head = false, false, ''
  if length > 0 then
    local oldest = redis.pcall('LINDEX', KEYS[place], -1)
    if type(oldest) == 'string' then
      local ending = string.sub(oldest, -tail)
      sent = string.match(ending, '"enginel":%s*"(%d+);') or false
      eta = string.match(ending, '"eta":%s*"([^"]*)"') or false
      head = string.sub(redis.sha1hex(ending), 1, 8)
    end
  end
  lists[#lists + 1] = {length, sent, eta, head}
end
local total = redis.pcall('ZCARD', KEYS[2])
if type(total) ~= 'number' then total = 0 end
local groups, order, seen = {}, {}, 0
local function look(tag, taken)
  local size = redis.pcall('HSTRLEN', KEYS[1], tag)
  if type(size) ~= 'number' or size == 0 or size > budget then return end
  budget = budget - size
  local held = redis.pcall('HGET', KEYS[1], tag)
  if type(held) ~= 'string' then return end
  local route = string.match(string.sub(held, -2048), '^.*}(.*)$')
  if not route then return end
  seen = seen + 1
  local group = groups[route]
  if not group then
    group = {0, taken}
    groups[route] = group
    order[#order + 1] = route
  end
  group[1] = group[1] + 1
  if tonumber(taken) < tonumber(group[2]) then group[2] = taken end
end
local count = math.min(total, most)
for number = 0, count - 1 do
  -- Not at even distances: queues may take turns.
  local place = number
  if total > most then place = math.floor((number + math.random()) * total / most) end
  local pair = redis.pcall('ZRANGE', KEYS[2], place, place, 'WITHSCORES')
  if pair[1] then look(pair[1], pair[2]) end
end
local routes = {}
for _, route in ipairs(order) do
  routes[#routes + 1] = {route, groups[route][1], groups[route][2]}
end
return {lists, total, seen, routes}
"""

# KEYS: hash of unacknowledged messages. ARGV: bytes to look at, number of tags, tags, ids.
# What is given back is put where it is taken from next. A longer list was not looked through: then nothing is known.
_WAITS = """
local most, budget = tonumber(ARGV[1]), tonumber(ARGV[2])
local found, whole = {}, 1
for _, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok == 'list' then
    local length = redis.call('LLEN', key)
    if length > most then whole = 0 end
    for place = 1, math.min(length, most) do
      local message = redis.call('LINDEX', key, -place)
      budget = budget - #message
      if budget <= 0 then return {0, found} end
      for wanted = 3, #ARGV do
        for _, colon in ipairs({'": "', '":"'}) do
          local named = '"id' .. colon .. ARGV[wanted] .. '"'
          if string.find(message, named, 1, true) then found[#found + 1] = ARGV[wanted] end
        end
      end
    end
  end
end
return {whole, found}
"""
_MOST_LOOKED_AT = 500
_HOLDS = """
local budget, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, found, done = {}, {}, 0
for place = 3 + count, #ARGV do wanted[ARGV[place]] = true end
for place = 3, 2 + count do
  if budget <= 0 then break end
  local held = redis.call('HGET', KEYS[1], ARGV[place])
  done = done + 1
  if held then
    budget = budget - #held
    for _, mark in ipairs({'"id"', '"correlation_id"'}) do
      local from = 1
      while true do
        local _, stop = string.find(held, mark, from, true)
        if not stop then break end
        local id = string.match(held, '^%s*:%s*"([^"]*)"', stop + 1)
        if id and wanted[id] then found[#found + 1] = {id, place - 2} end
        from = stop + 1
      end
    end
  end
end
return {done, found}
"""


class RedisBroker:
    """A connection to the broker's own Redis.

    Args:
        connection: kombu's connection, not yet connected, with short time limits.
    """

    def __init__(self, connection: Any, _management_url: str = "") -> None:
        self._transport = connection.transport
        established = self._transport.establish_connection()
        self._channel = self._transport.create_channel(established)
        # What kombu connected to see whether it can would stay open unused.
        self._channel.client.connection_pool.disconnect()
        # kombu's own client puts the prefix before the keys of some commands only.
        self._client = redis.Redis(connection_pool=self._channel.pool)
        self._exchanges: dict[str, tuple[float, list[tuple[str, str]]]] = {}

    def read(self, names: Sequence[str]) -> Survey:
        """Look at queues, all in one call."""
        steps = list(self._channel.priority_steps)
        lists = [self._key(self._list(name, step)) for name in names for step in steps]
        keys = [self._key(self._channel.unacked_key), self._key(self._channel.unacked_index_key), *lists]
        answer = cast(Any, self._client.eval(_SURVEY, len(keys), *keys, _TAIL, _MAX_SAMPLED, _MAX_SAMPLED_BYTES))
        now = time.time()
        waiting, total, seen, routes = answer
        held = self._by_queue(routes)
        found = {}
        for place, name in enumerate(names):
            parts = waiting[place * len(steps) : (place + 1) * len(steps)]
            due = [moment for part in parts if (moment := _due(part[1], part[2], now)) is not None]
            count, oldest = held.get(name, (0, None))
            found[name] = Reading(
                depth=sum(part[0] for part in parts),
                by_priority={step: part[0] for step, part in zip(steps, parts, strict=True)},
                unacked=self._unacked(count, seen, total),
                unacked_estimated=seen < total,
                oldest=min(due, default=None),
                heads=tuple(part[3].decode("ascii") for part in parts),
                oldest_unacked=oldest,
            )
        return Survey("redis", now, found)

    def _unacked(self, count: int, seen: int, total: int) -> int | None:
        """Extrapolate from the messages that were looked at; None when there is nothing to go by."""
        if not self._channel.ack_emulation or (total and not seen):
            return None
        return round(count * total / seen) if seen else 0

    def _key(self, name: str) -> str:
        return f"{self._channel.global_keyprefix}{name}"

    def _list(self, queue: str, step: int) -> str:
        return f"{queue}{self._channel.sep}{step}" if step else queue

    def _by_queue(self, routes: Sequence[tuple[bytes, int, bytes]]) -> dict[str, tuple[int, float | None]]:
        """Count held messages by queue, and find when the first was taken, from their exchanges and routing keys."""
        found: dict[str, tuple[int, float | None]] = {}
        for ending, count, taken in routes[:_MAX_ROUTES]:
            route = _route(ending)
            if route is None:
                continue
            moment = float(taken) if math.isfinite(float(taken)) else None
            for queue in self._queues(*route):
                before, earliest = found.get(queue, (0, None))
                known = [one for one in (earliest, moment) if one is not None]
                found[queue] = (before + count, min(known, default=None))
        return found

    def _queues(self, exchange: str, routing_key: str) -> list[str]:
        """Return where kombu puts what has this exchange and routing key."""
        if not exchange:
            return [routing_key]
        return [queue for bound, queue in self._bindings(exchange) if matches(bound, routing_key)]

    def _bindings(self, exchange: str) -> list[tuple[str, str]]:
        """Return routing keys and queues bound to an exchange, as far as the broker knows; they seldom change."""
        read_at, known = self._exchanges.get(exchange, (0.0, []))
        if time.monotonic() - read_at < _EXCHANGE_SECONDS and known:
            return known
        members: Any = []
        with suppress(redis.ResponseError):  # a key of another type
            members = self._client.smembers(self._key(self._channel.keyprefix_queue % (exchange,)))
        parts = (member.decode("utf-8", "replace").split(self._channel.sep) for member in members)
        known = [(part[0], part[2]) for part in parts if len(part) == 3]
        if len(self._exchanges) > 1_000:
            self._exchanges.clear()
        self._exchanges[exchange] = (time.monotonic(), known)
        return known

    def unacked_holds(self, ids: Collection[str]) -> dict[str, float] | None:
        """Find tasks among the unacknowledged messages, all of which are looked at until each task is found."""
        if not ids:
            return {}
        if not self._channel.ack_emulation:
            return None
        index = cast(
            Any, self._client.zrange(self._key(self._channel.unacked_index_key), 0, _MAX_HELD, withscores=True)
        )
        if len(index) > _MAX_HELD:
            raise BrokerAwayError(f"more than {_MAX_HELD} messages are held")
        wanted, found = set(ids), dict[str, float]()
        for taken, id_ in self._held(index, wanted):
            found.setdefault(id_, taken + float(self._channel.visibility_timeout))
        return found

    def waiting_again(self, wanted: Collection[tuple[str, str]]) -> set[str] | None:
        """Find tasks among the messages at the end of their queues at which those that are given back are put."""
        if not self._channel.ack_emulation:
            return None
        by_queue: dict[str, list[str]] = {}
        for queue, id_ in wanted:
            by_queue.setdefault(queue, []).append(id_)
        found: set[str] = set()
        for queue, ids in by_queue.items():
            lists = [self._key(self._list(queue, step)) for step in self._channel.priority_steps]
            whole, hits = cast(Any, self._client.eval(_WAITS, len(lists), *lists, _MOST_LOOKED_AT, _HELD_BYTES, *ids))
            found |= {id_.decode("utf-8", "replace") for id_ in hits} if whole else set(ids)
        return found

    def _held(self, index: Sequence[tuple[bytes, float]], wanted: set[str]) -> Iterator[tuple[float, str]]:
        """Yield when each wanted task was taken, and its id; in steps that never keep Redis busy for long."""
        key, place, missing = self._key(self._channel.unacked_key), 0, set(wanted)
        deadline = time.monotonic() + _HELD_SECONDS
        while place < len(index) and missing:
            if time.monotonic() > deadline:
                raise BrokerAwayError(f"looking through {len(index)} held messages takes too long")
            tags = [tag for tag, _ in index[place : place + _HELD_AT_ONCE]]
            done, hits = cast(Any, self._client.eval(_HOLDS, 1, key, _HELD_BYTES, len(tags), *tags, *sorted(missing)))
            for id_, position in hits:
                yield index[place + position - 1][1], id_.decode("utf-8", "replace")
                missing.discard(id_.decode("utf-8", "replace"))
            place += done

    def close(self) -> None:
        """Close every connection."""
        self._transport.close_connection(self._transport)


def _due(sent: bytes | None, eta: bytes | None, now: float) -> float | None:
    """Return when a message was due, in epoch seconds: when it was sent, or later if it was sent ahead of its time."""
    if sent is None:
        return None
    moment = int(sent[:25]) / 1e9
    if not _YEAR_2000 < moment < now + _DAY:
        return None
    try:
        planned = datetime.fromisoformat(eta.decode()) if eta else None
    except ValueError:
        planned = None
    if planned is not None:
        moment = max(moment, (planned if planned.tzinfo else planned.replace(tzinfo=UTC)).timestamp())
    return moment


def _route(ending: bytes) -> tuple[str, str] | None:
    """Read exchange and routing key from the end of an unacknowledged message: `, "exchange", "key"]`."""
    try:
        parts = json.loads(b"[0" + ending)
    except ValueError:
        return None
    if not isinstance(parts, list) or len(parts) != 3 or not all(isinstance(part, str | None) for part in parts[1:]):
        return None
    return parts[1] or "", parts[2] or ""

"""Turn captured errors into rows: every one is counted and logged, the valuable ones with all that is known of them.

Groups, their hours, releases and users are shared by the drains of all shards, so they change by statements that add,
and the rows of groups are locked in one order. The number of statements does not grow with the number of errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.errors.tally import minutes
from monitoring.storage.folding import Columns, Fact, Scope, Write

from . import amending, counts, grouping, rows, rules, sightings


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Store errors, in full or slim, and count them; amend those of which more became known."""
    seen = [sightings.of_fact(fact) for fact in facts.get("error", ())]
    left = amending.merge(facts.get("amendment", ()), seen)
    if columns := measures.get("occurrence"):
        seen += sightings.of_occurrences(columns)
    followed = rules.apply(seen)
    minutes.make_room({minutes.minute_of(one.at) for one in seen}, scope)
    writes: list[Write] = [lambda: digest(seen, followed, scope)] if seen else []
    if left:
        writes.append(lambda: amending.amend(left, scope))
    return writes


def digest(seen: Sequence[sightings.Sighting], followed: rules.Followed, scope: Scope) -> None:
    """Write errors, inside of the drain's transaction."""
    rules.repeat(seen, followed, scope)
    new = grouping.assign(seen, scope)
    rules.follow(followed, scope)
    counted = counts.count(seen, new, scope)
    rows.write(seen, scope.connection)
    counts.finish(counted, new, scope)

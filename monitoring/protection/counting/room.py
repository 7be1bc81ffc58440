"""Making room among the rows of a shard: clients with the fewest errors, longest ago, are forgotten first.

Who wants to hide would otherwise fill the rows from many addresses, so that nobody who comes later is counted.
"""

from __future__ import annotations

from collections.abc import Collection

from monitoring.storage.folding import Scope

from .models import ErrorTally

FORGOTTEN = "clients_forgotten"
"""The note of clients whose errors were forgotten before the window had passed."""
_AT_ONCE = 20
"""Of all rows one in so many, so that not every drain has to make room."""


def make(rows: int, most: int, kept: Collection[str], scope: Scope) -> int:
    """Forget clients; return how many rows are free now.

    Args:
        rows: How many rows are needed.
        most: How many rows the shard may have.
        kept: Clients that are not forgotten: they have just failed.
        scope: Whose shard it is; takes how many clients were forgotten.
    """
    mine = ErrorTally.objects.using(scope.connection.alias).filter(shard=scope.shard)
    free = most - mine.count()
    if free >= rows:
        return free
    alone = mine.filter(route="").exclude(client="").exclude(client__in=kept)
    least = alone.order_by("seen", "last", "client").values_list("client", flat=True)
    clients = list(least[: max(rows - free, most // _AT_ONCE)])
    scope.noted[FORGOTTEN] += len(clients)
    return free + mine.filter(client__in=clients).delete()[0]

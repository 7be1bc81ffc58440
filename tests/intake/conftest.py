"""The fixtures of `tests/faults` serve here too."""

from tests.faults.conftest import configure, database, own_streams, proxy, still

__all__ = ["configure", "database", "own_streams", "proxy", "still"]

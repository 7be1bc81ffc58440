"""What belongs to no slice alone: the addresses that say how everything is (`views`), and the same for code (`faces`).

Importing this package needs no Django: what is exported here works under FastAPI too.
"""

from .faces import ErrorMonitoringEndpoints

__all__ = ["ErrorMonitoringEndpoints"]

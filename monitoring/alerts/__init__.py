"""Alerts: rules over what was recorded, the incidents they open, and the messages that tell people once.

Importing it needs neither models nor a database: what is exported here works under FastAPI too.
"""

from .in_code.system import ErrorAlertingSystem
from .levels import AlertLevel
from .monitor import ErrorMonitor

__all__ = ["AlertLevel", "ErrorAlertingSystem", "ErrorMonitor"]

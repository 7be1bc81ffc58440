"""What was said and done: structured logs, the audit and business trail, findings about security.

Importing this package needs no Django: what records works in any process.
"""

from .faces.auditing import AuditLogger
from .faces.business import BusinessLogger
from .logs import LoggingUtilities, setup_structured_logging
from .security.monitor import SecurityMonitor

__all__ = ["AuditLogger", "BusinessLogger", "LoggingUtilities", "SecurityMonitor", "setup_structured_logging"]

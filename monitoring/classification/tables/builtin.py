"""Python's own exceptions, and those of its standard library that are about no network."""

from __future__ import annotations

from ..kinds import ErrorType
from ..severity import ErrorSeverity
from ..traits import Traits
from .documented import like

_BUG = Traits(kind=ErrorType.INTERNAL_ERROR, severity=ErrorSeverity.MEDIUM, retryable=False)
_BROKEN = Traits(kind=ErrorType.INTERNAL_ERROR, severity=ErrorSeverity.CRITICAL, retryable=False)
_LASTING = Traits(kind=ErrorType.RESOURCE_ERROR, retryable=False)
# Somebody wanted no more of it.
_STOPPED = Traits(kind=ErrorType.INTERNAL_ERROR, severity=ErrorSeverity.LOW, retryable=True)
_PASSING = Traits(kind=ErrorType.RESOURCE_ERROR, retryable=True)

CLASSES: dict[str, Traits] = {
    "MemoryError": like("MemoryError"),
    "SystemError": _BROKEN,
    "AssertionError": _BROKEN,
    "TimeoutError": like("TimeoutError"),
    "ConnectionError": like("ConnectionError"),
    "OSError": Traits(kind=ErrorType.RESOURCE_ERROR, severity=ErrorSeverity.HIGH, retryable=True),
    "FileNotFoundError": _LASTING,
    "FileExistsError": _LASTING,
    "PermissionError": _LASTING,
    "IsADirectoryError": _LASTING,
    "NotADirectoryError": _LASTING,
    "ChildProcessError": _LASTING,
    "ProcessLookupError": _LASTING,
    "BlockingIOError": _PASSING,
    "InterruptedError": _PASSING,
    "io.UnsupportedOperation": Traits(kind=ErrorType.INTERNAL_ERROR, retryable=False),
    "ValueError": _BUG,
    "KeyError": _BUG,
    "AttributeError": _BUG,
    "TypeError": _BUG,
    "UnicodeError": Traits(kind=ErrorType.VALIDATION_ERROR),
    "json.decoder.JSONDecodeError": Traits(kind=ErrorType.VALIDATION_ERROR),
    "msgspec.DecodeError": Traits(kind=ErrorType.VALIDATION_ERROR),
    "zipfile.BadZipFile": Traits(kind=ErrorType.VALIDATION_ERROR),
    "decimal.InvalidOperation": Traits(kind=ErrorType.VALIDATION_ERROR),
    "ModuleNotFoundError": Traits(kind=ErrorType.CONFIGURATION_ERROR),
    "asyncio.exceptions.CancelledError": _STOPPED,
    "concurrent.futures._base.CancelledError": _STOPPED,
    "KeyboardInterrupt": _STOPPED,
    "concurrent.futures._base.BrokenExecutor": _PASSING,
    "subprocess.TimeoutExpired": like("TimeoutError"),
}

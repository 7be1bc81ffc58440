"""An entry of the journal as a line of the log as well, for whoever follows the log alone."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

from monitoring.recording import scrub


def write(logger: logging.Logger, action: str, values: Mapping[str, Any]) -> None:
    """Write a line: at INFO what succeeded, at WARNING what failed or was denied. Never raises.

    Args:
        logger: Of the face that was called.
        action: What was done; it is the line's text.
        values: The entry; what is empty is left out, and `details` are scrubbed.
    """
    level = logging.INFO if values.get("outcome", "success") == "success" else logging.WARNING
    with contextlib.suppress(Exception):  # handlers of a project's own may do anything
        if logger.isEnabledFor(level):
            told = scrub.mapping({key: value for key, value in values.items() if value})
            logger.log(level, "%s", action, extra={"action": action, **told})

"""Structured logging: every line as one object with the ids of what runs, whoever logged it. Needs no Django."""

from .setting_up import LoggingUtilities, setup_structured_logging

__all__ = ["LoggingUtilities", "setup_structured_logging"]

"""Slack, through an incoming webhook."""

from .channel import KIND, SlackChannel

__all__ = ["KIND", "SlackChannel"]

"""What became of those who asked to be let in; whoever keeps that listens, on a floor above.

They are sent with `request`; whoever listens cannot change what is answered.
"""

from __future__ import annotations

from django.dispatch import Signal

token_used = Signal()
"""A request was authenticated by a token: `token`, its row."""
token_refused = Signal()
"""A request came with a token that is wrong, expired or revoked, or is of somebody who may not log in: `digest`."""
access_denied = Signal()
"""Somebody who is known may not do this: `user`."""

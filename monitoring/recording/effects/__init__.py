"""Effects of recovery in this process: decisions of some kinds change something here, and heartbeats acknowledge them.

Whoever can change something registers for its kind. The thread that follows the decisions has it applied, and the
process tells so at once: an effect has taken place where the processes that it is meant for say so.
"""

from __future__ import annotations

from .held import KINDS, Apply, effects

register = effects.register
offer = effects.offer
capabilities = effects.capabilities
applied = effects.applied
standing = effects.standing

__all__ = ["KINDS", "Apply", "applied", "capabilities", "effects", "offer", "register", "standing"]

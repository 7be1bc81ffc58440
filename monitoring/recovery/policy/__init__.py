"""Which strategy a case gets, or none at all: the documented order, until enough was seen to choose better.

The choice is a pure function of what was seen before; only `history` reads rows. It does nothing, and knows of no
strategy what it does.
"""

from .choice import NONE, Arm, Choice
from .choosing import choose
from .outcomes import History, Outcome
from .reading import history

__all__ = ["NONE", "Arm", "Choice", "History", "Outcome", "choose", "history"]

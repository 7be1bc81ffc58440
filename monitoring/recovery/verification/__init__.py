"""Whether what a recovery was about is over: its signal before and after, judged once the soak has passed.

It looks at what was recorded and at nothing else, in the same way whether something was done or not.
"""

from .judging import CLEARED, PERSISTED, UNKNOWN, Watched, judge, watch
from .signals import Signal, signal_of

__all__ = ["CLEARED", "PERSISTED", "UNKNOWN", "Signal", "Watched", "judge", "signal_of", "watch"]

"""Random bits of our own: a program that seeds Python's generator, as simulations do, must not make ids repeat."""

from __future__ import annotations

import os
from random import Random

_random = Random()  # noqa: S311  # ids are to differ, they need not be hard to guess
os.register_at_fork(after_in_child=_random.seed)

getrandbits = _random.getrandbits

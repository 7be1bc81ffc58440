"""What a call returns that has recorded already: its entry's id, which may be awaited, and need not be."""

from __future__ import annotations

from collections.abc import Generator


class Recorded(str):
    """The id of an entry of the journal. `await` gives it at once: there is nothing left to wait for."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, str]:
        """Return the id, without giving others a turn."""
        return str(self)
        yield  # makes it the generator that awaiting needs

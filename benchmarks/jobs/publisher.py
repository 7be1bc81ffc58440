"""Publishes one message of each task for every line it reads, as a process of its variant does, and says so.

The messages are templates for as many as a round needs: publishing itself is what `bin/bench overhead tasks` measures.
"""

from __future__ import annotations

import sys

from .service import last, nothing


def main() -> None:
    for _ in sys.stdin:
        nothing.apply_async()
        last.apply_async()
        print("published", flush=True)


if __name__ == "__main__":
    main()

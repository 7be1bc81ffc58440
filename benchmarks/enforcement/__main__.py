"""`bin/bench enforcement`: prints a table each for the look-up and for reading."""

from __future__ import annotations

import argparse
import json
import os


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench enforcement", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["lookup", "load", []], help="measure these alone")
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    chosen = parser.parse_args()
    given = {"REDIS_URL": os.environ["REDIS_URL"], "TRUSTED_PROXIES": ["10.0.0.0/8"]}
    os.environ["MONITORING"] = json.dumps(given)  # read without Django, which enforcement does not need

    from . import load, look_up

    if not chosen.parts or "lookup" in chosen.parts:
        look_up.report(blocks=5 if chosen.quick else 60, repeats=5 if chosen.quick else 50)
    if not chosen.parts or "load" in chosen.parts:
        load.report(5_000 if chosen.quick else 100_000)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Django's command line for Enginel."""

import os
import sys


def main() -> None:
    """Run a management command with Enginel's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

"""Runs of tasks: those that run now, those that ended, and those that were lost."""

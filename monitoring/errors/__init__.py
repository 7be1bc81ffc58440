"""Errors: what was captured in requests and tasks, kept one by one."""

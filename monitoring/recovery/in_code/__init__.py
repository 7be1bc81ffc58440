"""Strategies that a project writes as code.

Functions by kind of error run in the process that registered them, off its requests' threads, for a limited time
(`ErrorRecovery`, `ErrorRecoveryStrategies`). Named strategies (`RecoveryStrategy`, `AutoRecoveryExecutor`) are chosen,
watched and explained like the documented ones, and run in the workers. Both are registered in an app's
`monitoring_hooks.py`, which every process imports.
"""

"""Rules and channels that a project writes as code, run in the process that registered them, off its requests' threads.

An error that was recorded is shown to the conditions when it leaves the process. What they find becomes an event, which
opens an incident like any other's; the monitoring workers tell the channels that they know from `monitoring_hooks.py`.
"""

"""Whether a request is answered at all, as this process's copy of the decisions says.

It runs on the path of every request: look-ups in dictionaries, no network, and no lock but that of the buckets, which
is taken only while a throttle stands. Nothing here knows Django, models or the framework that asks.
"""

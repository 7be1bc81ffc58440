"""Who may use the HTTP API, and how it says no: tokens, authentication, permissions, the error format, probes.

Knows no slice: what an endpoint answers is none of its business.
"""

"""Everything that happens in the caller's process, in microseconds: events, context, buffers, middleware, hooks.

No Django model, no database, no network on the caller's thread, and no import of another slice may enter this room.
"""

"""What visitors are shown of errors: one JSON format, and a page for browsers.

Nothing here asks the database, the cache, the session or a template engine: an answer about trouble must not run into
the same trouble. What it says of an unhandled exception is its class of trouble and an id, nothing else.
"""

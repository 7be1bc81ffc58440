"""Requests to others: bounded in time and size, and never to where they must not go.

Addresses that people configure may point anywhere, and so may what a name resolves to, or a redirect. What is checked
is the very address that is connected to (`guard`). `http` is how Enginel itself asks; code that opens sockets of its
own, such as that of mail, is called within `guard.guarded`.
"""

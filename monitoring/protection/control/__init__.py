"""Blocks in the hands of people: over HTTP, in the admin pages and by `manage.py unblock`; and how all of it stands."""

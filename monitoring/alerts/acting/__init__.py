"""The page behind the links in messages, where an incident is acknowledged or silenced without a login."""

"""The page behind the links in messages."""

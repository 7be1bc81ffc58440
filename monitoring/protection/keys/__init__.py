"""The documented keys in Redis: what people look at, and what they may delete. Nobody is refused because of a key."""

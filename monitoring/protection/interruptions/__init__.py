"""When the platform itself could not see: Redis was away, or nothing ran. What failed then is held against nobody."""

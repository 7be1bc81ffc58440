"""When the platform itself could not see: Redis or the database was away, or nothing ran.

What failed then is held against nobody.
"""

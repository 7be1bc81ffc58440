"""Incidents: what rules find, from the first time to its end, with everything that became of it."""

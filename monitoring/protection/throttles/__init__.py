"""Throttles: how often clients, holders of tokens and routes may be asked for, as people or *Recovery* decided."""

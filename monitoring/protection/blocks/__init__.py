"""Blocks: clients whose requests are refused for a time, and those that would have been."""

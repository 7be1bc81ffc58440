"""Forecasts: how probable an error of an operation is in the next window, and how good that was so far."""

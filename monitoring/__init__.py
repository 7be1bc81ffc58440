"""The platform: a reusable Django app, cut into slices. It knows neither project, tasks, nor what it monitors."""

__version__ = "0.1.0"

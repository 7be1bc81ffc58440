"""The platform: a reusable Django app, cut into slices. It knows neither the project, its tasks, nor what it monitors."""

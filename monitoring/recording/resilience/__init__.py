"""What code of a service calls so that recovery can help it: circuits, fallbacks, timeouts, an HTTP client."""

"""`GET /metrics`: what the slices count, in the text formats that Prometheus reads."""

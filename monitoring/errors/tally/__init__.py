"""What happened to errors since ever, counted for Prometheus."""

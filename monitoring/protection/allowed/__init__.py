"""Networks whose requests are never refused, as people decided; those of the settings each process knows by itself."""

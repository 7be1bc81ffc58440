"""When the analysis looks at what was recorded."""

"""The HTTP interface of the monitored service: designs, series, organizations and their members."""

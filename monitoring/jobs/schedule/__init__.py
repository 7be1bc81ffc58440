"""The beat schedule: which runs were expected, which were seen, and what is wrong between the two."""

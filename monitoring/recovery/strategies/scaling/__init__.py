"""What can be scaled: a Deployment, or the pool of a worker."""

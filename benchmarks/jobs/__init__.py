"""What watching costs a Celery worker, a task. Run it with `bin/bench jobs`.

Every variant is a live worker (prefork, two processes, task messages over Redis, no results unless that is what the
variant is about) with a Redis database of its own. A round gives each worker the same number of tasks at once, one
worker after another in a new order, and pairs what they took with the bare worker's of the same round.
"""

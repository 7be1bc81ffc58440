"""How fast intake takes events in, and what that costs the database and Redis. Run it with `bin/bench drain`."""

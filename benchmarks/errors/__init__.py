"""What errors cost those who raise, send and digest them. Run it with `bin/bench errors`."""

"""Read the streams, decode, hand each kind to its consumer, commit: exactly once, with every loss counted."""

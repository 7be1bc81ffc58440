"""Workers: who lives, what they do, which died, and which hang."""

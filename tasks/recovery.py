"""When recoveries are begun, watched and ended."""

"""Messages, and the channels that send them to real servers on this machine."""

"""What an answer tells of the error that it is, whatever framework sends it: class of trouble, id, bug, no message.

Nothing here asks anybody but this process.
"""

"""Who is told of what about incidents: planned with the transition itself, gathered into few messages, and sent.

Here it is decided what is sent, when, and whether it arrived. What a message looks like is the channels' concern.
"""

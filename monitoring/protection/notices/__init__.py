"""Whom the protection tells: the documented Slack endpoint of blocks, and the patch generator of failing routes.

A notice is a row, written in the transaction of the decision it tells of, and sent by a task. What it says is fixed
before it is sent first, so that each attempt says the same.
"""

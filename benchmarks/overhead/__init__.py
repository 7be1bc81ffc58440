"""What recording adds to a request and to a task, beside other tools. Run it with `bin/bench overhead`.

Every variant is a live process of its own; the parent steps them in short blocks, in a new order each round, and
compares each block with the bare process's block of the same round, so that the machine's moods cancel out.
"""

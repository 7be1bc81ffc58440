"""A shop full of bugs. The corpus runs it, in several releases, and knows each bug by its name.

It is imported as `shop`, from a copy, as an application of its own: see `releases`.
"""

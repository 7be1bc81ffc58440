"""The kinds of rules, one file each; `registry` lists them."""

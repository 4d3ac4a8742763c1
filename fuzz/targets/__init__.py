"""One module for each part that reads bytes from strangers: `check(data)` raises when a promise of it is broken."""

TARGETS = ("parse", "body", "bounce", "match", "commands", "imports")
NAMES = {"import": "imports"}  # a word of Python

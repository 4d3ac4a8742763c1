"""How many of something, in words: one letter, two letters."""


def amount(count: int, one: str, many: str) -> str:
    """The number and what is counted; a verb may belong to it: `amount(1, "mail waits", "mails wait")`."""
    return f"{count:,} {one if count == 1 else many}"

"""The statuses of a ticket, and what each means."""

OPEN = ("New", "In Progress", "Update Added", "Waiting Internal", "Waiting Approval", "Waiting Vendor")
WAITING_ON_CUSTOMER = ("Waiting Customer",)
TO_BUY = ("Ready to Procure",)
DONE = ("Resolved", "Complete", "Withdrawn")
ALL = (*OPEN, *WAITING_ON_CUSTOMER, *TO_BUY, *DONE)


def find(words: str) -> str | None:
    """The status that a person meant: the whole name or an unambiguous beginning, in any case."""
    wanted = " ".join(words.lower().split())
    if not wanted:
        return None
    exact = [status for status in ALL if status.lower() == wanted]
    close = exact or [status for status in ALL if status.lower().startswith(wanted)]
    return close[0] if len(close) == 1 else None


def is_done(status: str) -> bool:
    """True when nobody has to do anything any more."""
    return status in DONE

"""Forty more forms of delivery reports, known to flufl.bounce."""

from collections.abc import Iterator

from gateway import addresses
from gateway.bounce.status import report
from gateway.envelope import Report

_MAX = 256 * 1024


def reports(raw: bytes, sender: str, text: str) -> Iterator[Report]:
    """What the library finds; it stumbles over a From that is empty or not ASCII."""
    boxes, _ = addresses.parse(sender)
    if not boxes or not sender.isascii():
        return
    import email
    import logging

    from flufl.bounce import all_failures

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs each fault of its own with a traceback

    try:
        late, failed = all_failures(email.message_from_bytes(raw[:_MAX]))
        found = [(item, False) for item in failed] + [(item, True) for item in late - failed]
        names = sorted((_text(item), later) for item, later in found)
    except Exception:  # any fault of the library means only that it knows no better
        return
    for name, later in names:
        if fine := addresses.one(name):
            said = report(fine, text)
            yield Report(fine, said.status, said.permanent and not later, said.diagnostic)


def _text(item: bytes | str) -> str:
    return item.decode("ascii", "replace") if isinstance(item, bytes) else str(item)

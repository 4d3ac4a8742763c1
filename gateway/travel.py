"""How a mail travelled: the servers that it passed, and how long it stayed at each (RFC 5321 section 4.4)."""

from dataclasses import dataclass

HEAD = 256 * 1024  # bytes of the mail that are looked at: the trace is at the top


@dataclass(frozen=True, slots=True)
class Hop:
    """One server, as the Received line says it; nobody has checked what it says."""

    number: int
    sender: str
    server: str
    protocol: str
    at: str
    delay: float  # seconds since the hop before


def hops(raw: bytes) -> tuple[Hop, ...]:
    """The hops of a mail, first to last; empty when there are none that can be read."""
    import mailparser

    head = raw[:HEAD].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    try:
        found = mailparser.parse_from_bytes(head).received
    except Exception:  # mail-parser raises many kinds on mail of the wild; the trace is for show only
        return ()
    return tuple(
        Hop(
            number=int(hop.get("hop", place)),
            sender=_text(hop.get("from")),
            server=_text(hop.get("by")),
            protocol=_text(hop.get("with")),
            at=_text(hop.get("date_utc") or hop.get("date")),
            delay=float(hop.get("delay") or 0),
        )
        for place, hop in enumerate(found, 1)
        if isinstance(hop, dict)
    )


def _text(value: object) -> str:
    return " ".join(str(value or "").split())[:200]

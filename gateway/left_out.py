"""What the folding of an answer leaves out that is no letter of ours: a person should know that it is there."""

import re

from desk.state import TicketState
from gateway.desk_addresses import Addresses
from gateway.quoting import phrases, signature

# The first line of every letter to staff: what follows it is that letter.
OUR_LETTER = re.compile(r"Your reply (?:goes to .{1,200}\.|stays internal\b)")
_RULE = re.compile(r"[\W_]*\Z")


def marks(ticket: TicketState, addresses: Addresses) -> tuple[str, ...]:
    """What stands in our letters on a ticket and in their headers: its number, and the addresses of the desk."""
    return (ticket.number.lower(), *(desk.address for desk in addresses.desks))


def first_line(folded: str, ours: tuple[str, ...]) -> str:
    """The first unmarked line of what was folded, above our own letter; "" when there is none.

    `ours` are the marks of our letters.
    """
    in_signature = False
    for line in folded.splitlines():
        bare = line.strip()
        if not bare or bare[0] == ">":
            continue  # marked as quoted: nobody takes it for the writer's
        lower = bare.lower()
        if OUR_LETTER.match(bare) or any(word in lower for word in ours):
            return ""
        if signature.DASHES.match(line):
            in_signature = True
        elif phrases.HEADER_LINE.match(bare) or phrases.REPLY_VERB.search(bare):
            in_signature = False
        elif not in_signature and not _furniture(bare):
            return bare
    return ""


def _furniture(line: str) -> bool:
    """True for rules, and what programs put in between."""
    return (
        _RULE.match(line) is not None
        or phrases.MOBILE_SIGNATURE.match(line) is not None
        or phrases.ORIGINAL_LINE.match(line) is not None
        or phrases.FORWARD_LINE.match(line) is not None
    )

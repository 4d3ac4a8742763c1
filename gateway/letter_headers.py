"""Header fields of a letter: who it is from, where a reply goes, and what it answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from hashlib import blake2b

from desk.said import say
from gateway.desk_addresses import Addresses
from gateway.header_policy import clean_header, mailbox, unstructured
from gateway.letter import ANSWERS, PERSONAL, DeskFacts
from gateway.letter_context import Context
from gateway.letter_data import Earlier, pending_id
from gateway.thread_index import thread_guid, thread_index
from gateway.token import Token
from store.tables import Outbox, Ticket

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")  # printable ASCII without spaces and angle brackets
# Readers who may be anybody, or who have no business with the course of the ticket.
_TOPICS = {"first": say("We have your request"), "confirm": say("Confirm")}
_TELLS_LITTLE = frozenset({"confirm", "copy"})
_CHAIN = 10  # Message-IDs of References besides the root; RFC 5322 section 3.6.4 lets the middle go


@dataclass(frozen=True, slots=True)
class Threading:
    """What a letter answers."""

    root: str
    in_reply_to: str
    references: tuple[str, ...]
    index: str


def instance_mark(desk: DeskFacts) -> str:
    """X-Postdesk-Instance: by it this installation knows its own letters when they come back."""
    return blake2b(desk.instance.encode(), digest_size=12).hexdigest()


def token_of(row: Outbox, internal: bool) -> Token:
    """What a reply to the letter may do, signed into its Reply-To and Message-ID."""
    if row.kind == "confirm":
        return Token("confirm", 0, pending_id(row))
    if row.ticket_id is None and not _is_personal(row):
        return Token("delivery", 0, row.id)
    if row.contact_id is not None:
        return Token("contact", row.ticket_id or 0, row.contact_id)
    return Token("staff", row.ticket_id or 0, row.staff_id or 0, internal)


def _is_personal(row: Outbox) -> bool:
    """True for a letter about no ticket, the reply to which shows that its writer reads this person's mail."""
    return row.kind in PERSONAL and (row.contact_id is not None or row.staff_id is not None)


def threading(
    row: Outbox, ticket: Ticket, earlier: Sequence[Earlier], addresses: Addresses, desk: DeskFacts
) -> Threading:
    """The place of a letter among those that the same person had about the ticket."""
    # By time, not by id: each process has ids of its own.
    earlier = sorted(earlier, key=lambda letter: (letter.at, letter.outbox_id))
    before = [letter for letter in earlier if (letter.at, letter.outbox_id) < (row.created_at, row.id)]
    root = addresses.thread_root(ticket.number)
    reference = fit_message_id(row.context.get("reference"))
    chain = [i for letter in before for i in (fit_message_id(letter.reference), letter.message_id) if i]
    chain += [reference] if reference else []
    chain = list(dict.fromkeys(chain))
    if len(chain) > _CHAIN:
        chain = [*chain[:2], *chain[2 - _CHAIN :]]
    times = [letter.at for letter in before[1:]] + [row.created_at] if before else []
    return Threading(
        root=root,
        in_reply_to=reference or (before[-1].message_id if before else root),
        references=(root, *chain),
        index=thread_index(thread_guid(desk.instance, ticket.id), ticket.created_at, times),
    )


def fit_message_id(value: object) -> str:
    """A Message-ID of somebody else's mail, when it is fit to be repeated, else ""."""
    text = str(value or "")
    return text if _MESSAGE_ID.fullmatch(text) else ""


def fields(
    row: Outbox, context: Context, subject: str, author: str, token: Token, addresses: Addresses, desk: DeskFacts
) -> dict[str, str]:
    """The fields that every letter has, in the order in which people read them."""
    address = context["desk"]["address"]
    name = f"{author} ({desk.name})" if author else desk.name
    # A first-time sender's name is their own word: it is not repeated.
    to_name = "" if context["stranger"] else row.recipient_name
    found = {
        "Date": format_datetime(row.created_at),
        "From": mailbox(name, address),
        "To": mailbox(to_name, row.recipient),
        "Subject": unstructured(subject),
        "Message-ID": addresses.message_id(context["ticket"]["number"] if context["ticket"] else "desk", row.id, token),
    }
    if row.ticket_id is not None or _is_personal(row):
        found["Reply-To"] = mailbox(desk.name, addresses.reply_to(address, token))
    found["Auto-Submitted"] = "auto-replied" if row.kind in ANSWERS else "auto-generated"
    # Exchange answers no mail that carries this ([MS-OXCMAIL] section 2.2.3.2.14).
    found["X-Auto-Response-Suppress"] = "All"
    found["X-Postdesk-Instance"] = instance_mark(desk)
    if desk.version and row.staff_id is not None:
        found["X-Mailer"] = clean_header(f"Postdesk {desk.version}")
    found["Content-Language"] = clean_header(desk.language.code)
    return found


def ticket_fields(context: Context, thread: Threading, desk: DeskFacts) -> dict[str, str]:
    """The fields by which mail programs thread, and people filter, letters of a ticket."""
    ticket, reason = context["ticket"], context["reason"]
    topic = desk.language.gettext(_TOPICS[reason]) if reason in _TOPICS else ticket["letter_subject"]
    found = {
        "In-Reply-To": thread.in_reply_to,
        "References": " ".join(thread.references),
        "Thread-Topic": unstructured(f"[{ticket['number']}] {topic}"),
        "Thread-Index": thread.index,
        "List-Id": f"<tickets.{desk.hostname}>",
        "X-Ticket": ticket["number"],
        "X-Ticket-Status": unstructured(ticket["status_key"]),
        "X-Ticket-Reason": reason,
    }
    if reason in _TELLS_LITTLE:
        del found["X-Ticket-Status"]
    return found

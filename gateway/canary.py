"""The canary on its way: the token that only this desk can make, its letter, and how it is known when it comes back."""

from email.message import EmailMessage
from email.utils import format_datetime

from desk import canary
from desk.writes import Writes
from gateway.canary_token import HEADER, make, of
from gateway.case import Case, Decision
from gateway.desk_addresses import Addresses
from gateway.header_policy import POLICY, mailbox, unstructured, wire
from gateway.letter import DeskFacts
from gateway.letter_headers import instance_mark
from gateway.token import Token
from store.tables import Canary, Outbox

RULE = canary.KIND
_BODY = (
    "The desk sent this mail to itself, to see that mail comes through and how long it takes.\r\n"
    "It opens no ticket, and needs no answer.\r\n"
)


def recipient(desk_address: str, canary_id: int, addresses: Addresses) -> str:
    """Where the canary goes: service+c-<token>@example.com."""
    return addresses.canary_address(desk_address, canary_id)


def decision(case: Case) -> Decision | None:
    """The rule: a mail as we write it, with the token of one that is under way. Nobody answers it.

    Who knows the address may put it into Cc of a conversation: the answers there are mail like all other.
    """
    if of(case.mail, case.addresses.keys) not in case.view.more.canaries or not _is_as_written(case):
        return None
    reason = "It is the canary: a mail of this desk to itself, by which it sees that mail comes through."
    return Decision("ignored", RULE, reason)


def _is_as_written(case: Case) -> bool:
    """Automatic, and marked as ours; a server that takes unknown fields away leaves the Message-ID."""
    message = case.mail.message
    ours = case.rules.instance in message.instances or case.addresses.token_of(message.message_id) is not None
    return ours and message.extra.get("auto-submitted", "").strip().lower().startswith("auto-generated")


def record(case: Case, writes: Writes) -> None:
    """Note that it came back; a second copy changes nothing."""
    mail = case.mail
    came = {"arrived_at": mail.envelope.received_at or case.now, "handled_at": case.now}
    key = {"id": of(mail, case.addresses.keys), "handled_at": None}
    writes.set(Canary, key, received_id=mail.received_id, **came)


def letter(row: Outbox, addresses: Addresses, desk: DeskFacts) -> tuple[str, bytes]:
    """Its Message-ID and its bytes. It is marked as automatic, so that no other program answers it."""
    canary_id = row.context.get("canary")
    message_id = addresses.message_id("canary", row.id, Token("delivery", 0, row.id))
    message = EmailMessage(policy=POLICY)
    for name, value in {
        "Date": format_datetime(row.created_at),
        "From": mailbox(desk.name, str(row.context.get("from") or addresses.main.address)),
        "To": mailbox("", row.recipient),
        "Subject": unstructured(f"Canary of {desk.name}"),
        "Message-ID": message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Postdesk-Instance": instance_mark(desk),
        HEADER: make(canary_id if isinstance(canary_id, int) else 0, addresses.keys),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=us-ascii",
    }.items():
        message[name] = value
    message.set_payload(_BODY)
    return message_id, wire(message)

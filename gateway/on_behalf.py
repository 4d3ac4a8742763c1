"""A customer's mail that staff passed on: the ticket is the customer's, and the colleague's words stay inside."""

from dataclasses import replace

from desk.notes import NOTE_LENGTH
from desk.state import ContactState
from desk.tickets import Note
from gateway.case import Case, Decision
from gateway.commands.plan import Plan
from gateway.envelope import Forwarded, Message
from gateway.quoting import signature
from gateway.subject import is_forward

PASSED_ON = "The mail was passed on by {name}."
COMMAND = "forward"


def original(decision: Decision, case: Case) -> Forwarded | None:
    """The mail of somebody else that staff attached to a new mail; None where it is nobody's whom one could write to.

    Where senders are verified, only a verified colleague opens tickets in another's name.
    """
    mail = case.mail.message.forwarded
    if mail is None or not mail.attached or decision.staff is None or decision.write != "new":
        return None
    address = mail.sender.key
    if not address or address in case.view.staff_by_address or case.addresses.find(address):
        return None
    return mail if decision.verified.verdict == "pass" or not case.rules.verifies_senders else None


def handed_on(done: Plan, case: Case) -> Forwarded | None:
    """The mail that #forward made the customer's, where that was done."""
    if done.faults or not any(order.word == COMMAND for order in done.orders):
        return None
    return case.mail.message.forwarded


def apart(text: str, message: Message) -> tuple[str, str]:
    """The words of whoever passed a mail on, and what they passed on: only the first are read for commands."""
    first = message.forwarded
    if first is not None and not first.attached:
        return signature.without(first.above).strip(), first.quoted
    own = message.reply.strip()
    if own and is_forward(message.subject) and text.startswith(own):
        return own, text[len(own) :].strip()
    return text, ""


def entries(mail: Forwarded, entry: Note, requester: ContactState, decision: Decision, case: Case) -> tuple[Note, Note]:
    """What the customer wrote, which nobody proved, and beside it what the colleague wrote for the desk alone.

    The colleague's files stay with their words: only the mail itself is known to be the customer's.
    """
    words = "" if case.mail.message.foreign else entry.text
    passed_on = PASSED_ON.format(name=decision.staff.name if decision.staff else "a colleague")
    inside = f"{words}\n\n{passed_on}".strip()
    return theirs(mail, entry, requester), replace(
        entry, author=decision.staff, text=inside, html="", visibility="internal"
    )


def theirs(mail: Forwarded, entry: Note, requester: ContactState) -> Note:
    """The words of a mail that was passed on, as the first entry of its author's ticket."""
    cut = len(mail.text) > NOTE_LENGTH
    text = mail.text[: NOTE_LENGTH - 1] + "…" if cut else mail.text
    return replace(
        entry,
        author=requester,
        text=text,
        folded=mail.text if cut else "",
        html="",
        verified=False,
        files=(),
        changes={},
        visibility="public",
    )

"""A customer's mail that staff passed on whole: the ticket is the customer's, and the colleague's words stay inside."""

from dataclasses import replace

from desk.state import ContactState
from desk.tickets import Note
from gateway.decide import Case, Decision
from gateway.envelope import Forwarded

PASSED_ON = "The mail was passed on by {name}."


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
    return mail if decision.verified.verdict == "pass" or not case.rules.trusted_authserv_ids else None


def entries(mail: Forwarded, entry: Note, requester: ContactState, decision: Decision, case: Case) -> tuple[Note, Note]:
    """What the customer wrote, which nobody proved, and beside it what the colleague wrote for the desk alone.

    The colleague's files stay with their words: only the attached mail is known to be the customer's.
    """
    theirs = replace(
        entry, author=requester, text=mail.text, folded="", html="", verified=False, files=(), visibility="public"
    )
    name = decision.staff.name if decision.staff else ""
    words = "" if case.mail.message.foreign else entry.text
    passed_on = PASSED_ON.format(name=name or "a colleague")
    return theirs, replace(
        entry, author=decision.staff, text=f"{words}\n\n{passed_on}".strip(), html="", visibility="internal"
    )

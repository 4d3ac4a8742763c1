"""“watch” and “stop” of somebody who does not take part: about nobody but themselves, so staff need not approve it."""

from dataclasses import replace

from desk import access
from desk.state import ContactState, TicketState
from desk.writes import Writes
from gateway import performing, who
from gateway.case import Case, Decision
from gateway.commands import asked, plan, registry
from gateway.commands.spec import Known, Scene

_OWN = frozenset({"watch", "stop", "alert", "alerts"})


def apply(decision: Decision, case: Case, writes: Writes, ticket: TicketState, author: ContactState) -> Decision | None:
    """Do it, when that is all that the mail says and something proves its sender; None for any other mail."""
    if not case.sure or case.mail.files or case.mail.refused_files or case.mail.message.machine:
        return None
    role, chosen = access.role_of(author.person, ticket.view), case.match.chosen
    if role == "stranger" and (chosen is None or chosen.proof != "own_token"):
        return None  # the answer names the ticket: only to whom we wrote about it
    known = Known(spec for word, spec in registry.of(who.kind_of(case)).items() if word in _OWN)
    said = asked.of_customer(
        case.text, case.rules.words, known, new=False, names=who.names_in(case), glance=case.mail.asks.words
    )
    if said.words or said.unknown or not said.orders:
        return None
    scene = Scene(case, author, role, ticket, "")
    planned = plan.make(scene, said, known, case.rules.words)
    if planned.faults:
        return None
    doing = performing.perform(planned, scene, writes)
    performing.finish(doing, 0)
    performing.report(scene, planned, (), writes, None)
    return replace(
        decision, kind="answered", reason=f"{decision.reason} Only commands about themselves; they were done."
    )

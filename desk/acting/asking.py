"""Staff ask for an approval: a board of the ticket's organisation, or people named by their addresses."""

from collections.abc import Sequence

from desk import approvals, load, statuses
from desk.acting import choices, named
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.acting.working import must_live
from desk.said import say
from desk.state import ContactState

MOST = 20  # people who are named


def ask(stage: Stage, board: str, addresses: str) -> None:
    """Ask these people, besides those who are asked already; a decided ticket is decided anew."""
    must_live(stage)
    ticket = stage.ticket
    if statuses.is_done(ticket.status):
        status = say(ticket.status)
        raise Refused(say("The ticket is {status} already: nothing is left to approve.", status=status), "board")
    people = _board(stage, board) if board else []
    if addresses.strip() or not board:
        found = named.addresses(stage, addresses, "approvers", most=MOST)
        people += [one for one in named.contacts(stage, found, "approvers") if one.id not in {p.id for p in people}]
    _ask(stage, people)


def _board(stage: Stage, board: str) -> list[ContactState]:
    ids = choices.of(stage.session, stage.ticket, stage.desk.rules).boards.get(board)
    if ids is None:
        raise Refused(say("Select a board, or enter addresses"), "board")
    found = load.contacts_by_id(stage.session, ids, stage.desk.rules.levels)
    people = [found[one] for one in ids if one in found and found[one].active]
    if not people:
        raise Refused(say("Nobody on the board “{board}” is active.", board=board), "board")
    return people


def _ask(stage: Stage, people: Sequence[ContactState]) -> None:
    ticket, answers = stage.ticket, stage.known.approvals
    asked = approvals.unasked(ticket, people, answers.get(ticket.id, {}))
    if not asked:
        raise Refused(say("They are asked already."), "approvers")
    stage.changes |= approvals.ask(stage.writes, ticket, people, answers, stage.now)
    stage.people |= {person.id: person for person in people}
    stage.changes["asked to approve"] = ["", ", ".join(person.name or person.address for person in asked)]
    stage.told |= {person.id for person in asked}
    stage.send("approval", asked, {"by": stage.author_name})  # also to those who said “stop”

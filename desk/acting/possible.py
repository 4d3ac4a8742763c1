"""What somebody can do on a ticket now: pages offer that and no more, and each act looks again when it is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from desk import access, lifecycle, statuses, taking_part, tickets
from desk.acting.rules import Rules
from desk.approvals import REQUESTED
from desk.state import ContactState, StaffState, TicketState


@dataclass(frozen=True, slots=True)
class Possible:
    """All of it."""

    note: bool = False
    append: bool = False  # a note to the resolution
    private: bool = False
    copy: bool = False  # a note to others
    resolve: bool = False
    reopen: bool = False
    withdraw: bool = False
    approve: bool = False
    share: bool = False
    add_people: bool = False
    leave: bool = False
    watch: bool = False
    stop: bool = False
    alerts: bool = False
    remove_files: bool = False  # one's own; staff any


def of(
    author: ContactState | StaffState, ticket: TicketState, answers: Mapping[int, str], rules: Rules, now: datetime
) -> Possible:
    """For this person; `answers` of those who were asked to approve."""
    role = access.role_of(author.person, ticket.view)
    done = statuses.is_done(ticket.status)
    if isinstance(author, StaffState):
        shares = ticket.organisation_id is not None
        return Possible(note=True, copy=True, add_people=not done, share=shares, remove_files=True)
    if role not in ("participant", "colleague"):
        return Possible()
    note = tickets.accepts_replies(ticket, now, rules.reopen_days)
    silent = taking_part.wants_none(ticket, author)
    takes_part = role == "participant"
    is_contact = author.id == ticket.requester.id
    return Possible(
        note=note,
        append=note,
        private=note and rules.private_notes,
        copy=note and author.ways.may_copy(rules.copies),
        resolve=not done,
        reopen=lifecycle.may_reopen(ticket, now, rules.reopen_days),
        withdraw=not done,
        approve=not done and ticket.approval == REQUESTED and answers.get(author.id) == "",
        share=is_contact and ticket.organisation_id is not None,
        add_people=takes_part,
        leave=takes_part and not is_contact,
        watch=not author.muted and (silent or not takes_part),
        stop=takes_part and not silent,
        alerts=not done and not author.muted,
        remove_files=not done,
    )

"""Who takes part and who hears of it, changed on the ticket's page: as #watch, #stop, #share, Cc and #copy do."""

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from desk import alerts, load, people, taking_part, tickets
from desk.acting.rules import NotThere, Refused
from desk.acting.stage import Stage
from desk.clean import clean
from desk.profile_values import is_address
from desk.said import say
from desk.state import ContactState
from store.tables import Outbox

MAX_COPIES = 10  # addresses that one note goes to besides
MAX_ADDED = 20  # people who are added at once
_LONGEST = 8_000  # characters of a list of addresses
_BETWEEN = re.compile(r"[;,\n]")
_NAMED = re.compile(r"([^<>]{0,200})<([^<>]{1,320})>")


def must_take_part(stage: Stage) -> ContactState:
    """The author of an act that is for who takes part, and for colleagues with whom the ticket is shared."""
    author = stage.contact
    if stage.role not in ("participant", "colleague"):
        raise Refused(say("You do not take part in this ticket."))
    return author


def watch(stage: Stage) -> None:
    """They hear of every change from now on."""
    author = must_take_part(stage)
    if author.muted:
        raise Refused(say("You asked for no letters at all. Change that in your profile first."))
    taking_part.watch(stage.writes, stage.ticket, author, stage.now)


def stop(stage: Stage) -> None:
    """No more letters about the ticket, alerts neither; one more when it is done, for who takes part."""
    author = must_take_part(stage)
    _drop_alerts(stage, author)
    taking_part.stop(stage.writes, stage.ticket, author, stage.now)


def leave(stage: Stage) -> None:
    """They take part no more. The contact of the ticket stays."""
    author = must_take_part(stage)
    if author.id == stage.ticket.requester.id:
        raise Refused(say("You are the contact of this ticket, and cannot leave it."))
    if author.id not in stage.ticket.people:
        raise Refused(say("You do not take part in this ticket."))
    before = _names(stage)
    _drop_alerts(stage, author)
    taking_part.remove(stage.writes, stage.ticket, author, stage.now)
    stage.changes["additional contacts"] = [before, _names(stage)]


def remove(stage: Stage, contact_id: int) -> None:
    """By staff: an additional contact, added by mistake perhaps, sees and hears of the ticket no more."""
    stage.member  # noqa: B018 - for staff alone
    person = stage.ticket.people.get(contact_id)
    if person is None:
        raise NotThere
    before = _names(stage)
    _drop_alerts(stage, person)
    taking_part.remove(stage.writes, stage.ticket, person, stage.now)
    stage.changes["additional contacts"] = [before, _names(stage)]


def share(stage: Stage, *, shared: bool) -> None:
    """Let everybody of the organisation see it, or nobody but who takes part: for its contact, and for staff."""
    if not stage.is_staff and stage.author.id != stage.ticket.requester.id:
        raise Refused(say("Only the contact of the ticket can share it."))
    if stage.ticket.organisation_id is None:
        raise Refused(say("This ticket belongs to no organisation."))
    stage.changes |= taking_part.share(stage.writes, stage.ticket, shared=shared)


def add(stage: Stage, written: str, field: str = "people") -> None:
    """Additional contacts, by address, as a Cc brings them in; who said “stop” stays away."""
    if not stage.is_staff and stage.role != "participant":
        raise Refused(say("Only those who take part can add people."), field)
    found = _contacts(stage, written, MAX_ADDED, field)
    if gone := next((person for person in found if not person.active), None):
        raise Refused(say("{address} is deactivated.", address=gone.address), field)
    _not_too_many(stage, found, field)
    before = _names(stage)
    added = tickets.add_people(stage.writes, stage.ticket, found, stage.now)
    if not added:
        raise Refused(say("Nobody was added: they take part already, or want no letters about this ticket."), field)
    stage.changes["additional contacts"] = [before, _names(stage)]
    stage.told |= {person.id for person in added}
    context = {"by": stage.author_name, "how": "added"}
    stage.send("shared", added, context)


def copy(stage: Stage, written: str, words: str, field: str = "copies") -> None:
    """The note that is about to be written goes to these addresses as well, and its entry says so."""
    if isinstance(stage.author, ContactState) and not stage.author.ways.may_copy(stage.desk.rules.copies):
        raise Refused(say("This desk sends no copies to others."), field)
    if not words.strip():
        raise Refused(say("Enter a note: it is what the others get."), "note")
    if stage.visibility != "public":
        raise Refused(say("A private note goes to nobody else."), field)
    found = _contacts(stage, written, MAX_COPIES, field)
    for person in found:
        if taking_part.wants_none(stage.ticket, person):
            raise Refused(say("{address} wants no mail about this ticket.", address=person.address), field)
    _not_too_many(stage, found, field)
    stage.changes["copied to"] = ["", ", ".join(person.address for person in found)]
    # Who takes part gets this note in any case.
    taking = {stage.ticket.requester.id, stage.author.id, *stage.ticket.people}
    others = [person for person in found if person.id not in taking]
    stage.send("copy", others, {"by": stage.author_name})


def _not_too_many(stage: Stage, found: Sequence[ContactState], field: str) -> None:
    """Nobody is flooded by way of this desk."""
    addresses = {person.address for person in found} | {person.address.lower() for person in found}
    day = (
        select(Outbox.recipient, func.count())
        .where(Outbox.recipient.in_(addresses), Outbox.created_at > stage.now - timedelta(days=1), Outbox.automatic)
        .group_by(Outbox.recipient)
    )
    most = stage.desk.rules.caps.automatic_letters_per_day
    for address, count in stage.session.execute(day):
        if count >= most:
            raise Refused(say("{address} had too many letters from this desk today.", address=address), field)


def _contacts(stage: Stage, written: str, most: int, field: str) -> list[ContactState]:
    """The people of a list of addresses, each once; made when nobody has that address yet."""
    wanted = _addresses(written, most, field)
    colleagues = {person.address.lower() for person in stage.staff.values() if person.active}
    for key, (_, address) in wanted.items():
        if stage.desk.rules.is_ours(address):
            raise Refused(say("{address} is an address of this desk.", address=address), field)
        if key in colleagues:
            raise Refused(say("{address} is somebody at this desk, who reads it anyway.", address=address), field)
    known = load.contacts_by_address(stage.session, wanted, stage.desk.rules.levels)
    taking = {person.id: person for person in (stage.ticket.requester, *stage.ticket.people.values())}
    found: dict[int, ContactState] = {}
    for key, (name, address) in wanted.items():
        person = known.get(key) or people.add_contact(stage.writes, name=name, address=address, now=stage.now)
        person = taking.get(person.id, person)
        found[person.id] = person
    return list(found.values())


def _addresses(written: str, most: int, field: str) -> dict[str, tuple[str, str]]:
    """By address in lower case: name and address as written. They stand between semicolons, commas or line ends."""
    found: dict[str, tuple[str, str]] = {}
    for piece in _BETWEEN.split(written[:_LONGEST]):
        if not (one := clean(piece, 600)):
            continue
        named = _NAMED.fullmatch(one)
        name, address = (named[1].strip(' "'), named[2].strip()) if named else ("", one)
        if not is_address(address):
            raise Refused(say("“{text}” is not a complete e-mail address.", text=one[:100]), field)
        found.setdefault(address.lower(), (name, address))
    if not found:
        raise Refused(say("Enter an e-mail address in the correct format, like name@example.com."), field)
    if len(found) > most:
        raise Refused(say("Enter at most {most} addresses. There are {n}.", most=most, n=len(found)), field)
    return found


def _drop_alerts(stage: Stage, author: ContactState) -> None:
    if alerts.wanted(stage.ticket, author, stage.known):
        alerts.want(stage.writes, stage.ticket, author, (), stage.known)


def _names(stage: Stage) -> str:
    return ", ".join(person.address for person in stage.ticket.people.values())

"""Sample rows of the letters to staff."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from desk.said import kept_in, say
from postdesk.preview.scene import ADDRESSES, JANE, NAMES, NOW, NUMBER, PAT, SAM, TICKET, TOM, Scene
from store.tables import Event, Outbox, Ticket


def new_ticket(scene: Scene) -> Outbox:
    """S1."""
    scene.ticket.due_at = NOW + timedelta(hours=28)
    return scene.letter("new_ticket", SAM, minutes=1, event_id=_first(scene))


def new_tickets(scene: Scene) -> Outbox:
    """S1b."""
    others = ("Printer 9 prints half a page", "New socket for room 214")
    ids = [scene.ticket.id, *(_another(scene, place, title) for place, title in enumerate(others, 1))]
    told = {"since": NOW.isoformat(), "count": 412, "tickets": ids}
    return scene.letter("new_tickets", SAM, ticket_id=None, context=told)


def customer_wrote(scene: Scene) -> Outbox:
    """S2."""
    scene.ticket.status, scene.ticket.assignee_id = "Update Added", SAM
    scene.changed(SAM, {"status": ["New", "Waiting Customer"]}, text="Which phones are dead?", minutes=10)
    event = scene.note(JANE, "All of them, by the window too.", minutes=30)
    return scene.letter("customer_wrote", SAM, event_id=event)


def waiting_note(scene: Scene) -> Outbox:
    """S2, of somebody who does not take part: the note waits."""
    event = scene.note(PAT, "I know more about it.", minutes=30, visibility="pending", verified=False)
    lane = say("{name} does not take part in this ticket. Customers do not see it.", name=NAMES[PAT])
    return scene.letter("customer_wrote", SAM, event_id=event, context=kept_in({"lane": lane}))


def assigned(scene: Scene) -> Outbox:
    """S3."""
    scene.ticket.status, scene.ticket.assignee_id = "In Progress", SAM
    scene.note(TOM, "The licence ran out, it seems.", minutes=10, visibility="internal")
    return scene.letter("assigned", SAM, context={"by": NAMES[TOM]})


def due(scene: Scene) -> Outbox:
    """S4, before the time."""
    scene.ticket.status, scene.ticket.assignee_id = "In Progress", SAM
    scene.ticket.due_at = NOW + timedelta(minutes=70)
    return scene.letter("due", SAM)


def overdue(scene: Scene) -> Outbox:
    """S4, after it."""
    scene.ticket.status, scene.ticket.assignee_id = "In Progress", SAM
    scene.ticket.due_at = NOW + timedelta(minutes=20)
    return scene.letter("due", SAM)


def bounced(scene: Scene) -> Outbox:
    """S5, about a letter that did not arrive."""
    address, said = ADDRESSES[JANE], "refused with “550 no such user”. It is not tried again."
    lines = [say("To {address} about {number}: {words}", address=address, number=NUMBER, words=said)]
    return _trouble(scene, say("A letter to {address} did not arrive", address=address), lines)


def held(scene: Scene) -> Outbox:
    """S5, about a mail that waits for a person."""
    sender = ADDRESSES[PAT]
    waits = say(
        "A mail from {sender} with the subject “{subject}” waits for a person to decide.",
        sender=sender,
        subject="Urgent",
    )
    return _trouble(scene, say("A mail from {sender} is held", sender=sender), [waits])


def _trouble(scene: Scene, subject: str, lines: Sequence[str]) -> Outbox:
    return scene.letter("mail_trouble", SAM, ticket_id=None, context=kept_in({"subject": subject, "lines": lines}))


def day_sheet(scene: Scene) -> Outbox:
    """S6."""
    scene.ticket.due_at = NOW - timedelta(hours=1)
    until = NOW + timedelta(hours=10)
    titles = {"Printer 9 prints half a page": NOW + timedelta(hours=4), "New socket for room 214": None}
    for place, (title, due_at) in enumerate(titles.items(), 1):
        _another(scene, place, title, due_at=due_at)
    return scene.letter("day_sheet", SAM, ticket_id=None, minutes=1, context={"until": until.isoformat()})


def _another(scene: Scene, place: int, title: str, due_at: datetime | None = None) -> int:
    """One more new ticket; its id."""
    values = {"title": title, "letter_subject": title, "status": "New", "desk_address": scene.address}
    ticket = Ticket(
        id=next(scene.ids),
        number=f"T20190408.000{place}",
        requester_id=JANE,
        team_id=scene.ticket.team_id,
        due_at=due_at,
        created_at=NOW,
        updated_at=NOW,
        **values,
    )
    scene.add(ticket)
    return ticket.id


def done(scene: Scene) -> Outbox:
    """E14, to staff."""
    said = say("The status is {status}.", status=say("Waiting Vendor"))
    return scene.letter("done", SAM, context=kept_in({"lines": [said]}))


def _first(scene: Scene) -> int:
    return scene.session.query(Event.id).filter(Event.ticket_id == TICKET).order_by(Event.id).limit(1).scalar() or 0

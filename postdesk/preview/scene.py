"""The sample desk that letters are shown with: a customer, their ticket, and the people who answer."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import credentials
from desk.keys import Keys
from store.blobs import BlobStore
from store.tables import (
    Attachment,
    Base,
    Contact,
    ContactAddress,
    Event,
    Organisation,
    Outbox,
    Participant,
    Pending,
    Site,
    Staff,
    Team,
    TeamMember,
    Ticket,
)

NOW = datetime(2019, 4, 9, 12, 7, tzinfo=UTC)
NUMBER, TITLE = "T20190409.0967", "Phones down at Blackfriars"
ORGANISATION, SITE, TEAM, TICKET = 1, 2, 3, 4
JANE, KIM, ANA, VIC, PAT = 11, 12, 13, 14, 15  # contacts: the requester, a colleague, an approver, outsiders
SAM, TOM = 21, 22  # staff
NAMES = {JANE: "Jane Doe", KIM: "Kim Ito", ANA: "Ana Ruiz", VIC: "Vic Nguyen", PAT: "Pat Sample", SAM: "Sam Lee"} | {
    TOM: "Tom Berg"
}
ADDRESSES = {
    JANE: "jane@customer.test",
    KIM: "kim@customer.test",
    ANA: "ana@customer.test",
    VIC: "vic@elsewhere.test",
    PAT: "pat@elsewhere.test",
    SAM: "sam@desk.test",
    TOM: "tom@desk.test",
}
FIRST = "All phones on the second floor are dead since nine.\n\nCan you look?"
_OUTSIDE = (VIC, PAT)


@dataclass(slots=True)
class Scene:
    """The sample in a session whose changes are thrown away; each letter changes it as it needs."""

    session: Session
    blobs: BlobStore
    keys: Keys
    language: str  # of every reader
    address: str  # of the desk
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    @property
    def ticket(self) -> Ticket:
        """The sample ticket, to be changed."""
        return self.session.get_one(Ticket, TICKET)

    def lay(self) -> None:
        """The people, the ticket, and what it began with."""
        self.session.info["next_id"] = lambda: next(self.ids)  # for what the rules of the desk note (desk/audit.py)
        self.add(Organisation(id=ORGANISATION, name="Sample Works", visibility="organisation", created_at=NOW))
        self.add(Site(id=SITE, organisation_id=ORGANISATION, name="160 Blackfriars Road", main=True))
        self.add(Team(id=TEAM, name="Network"))
        for staff_id in (SAM, TOM):
            self.add(Staff(**self._person(staff_id), address=ADDRESSES[staff_id]))
            self.add(TeamMember(team_id=TEAM, staff_id=staff_id))
        for contact_id in (JANE, KIM, ANA, VIC, PAT):
            self.add(self._contact(contact_id))
        self.add(
            Ticket(
                id=TICKET,
                number=NUMBER,
                title=TITLE,
                letter_subject=TITLE,
                status="New",
                type="Incident",
                priority="High",
                urgency="High",
                impact="Others",
                desk_address=self.address,
                site_id=SITE,
                organisation_id=ORGANISATION,
                requester_id=JANE,
                team_id=TEAM,
                created_at=NOW,
                updated_at=NOW,
            )
        )
        self.note(JANE, FIRST)

    def add(self, *rows: Base) -> None:
        """Store rows, parents first as given."""
        for row in rows:
            self.session.add(row)
            self.session.flush()

    def note(self, by: int, text: str, *, minutes: int = 0, **values: Any) -> int:
        """An entry of the ticket, by a contact or a member of staff; its id."""
        who = {"staff_id" if by in (SAM, TOM) else "contact_id": by}
        known = {"kind": "note", "visibility": "public", "author": NAMES[by], "at": NOW + timedelta(minutes=minutes)}
        event = Event(id=next(self.ids), ticket_id=TICKET, text=text, **(known | who | values))
        self.add(event)
        return event.id

    def changed(self, by: int, changes: dict[str, Any], *, minutes: int = 30, text: str = "") -> int:
        """An entry that changes the ticket."""
        return self.note(by, text, minutes=minutes, kind="note" if text else "change", changes=changes)

    def file(self, event_id: int, name: str, kind: str, data: bytes) -> None:
        """Something attached to an entry."""
        digest = self.blobs.put_many([data])[0]
        self.add(
            Attachment(
                id=next(self.ids),
                ticket_id=TICKET,
                event_id=event_id,
                name=name,
                type=kind,
                size=len(data),
                digest=digest,
            )
        )

    def join(self, contact_id: int, role: str = "added") -> None:
        """Somebody takes part in the ticket."""
        self.add(Participant(ticket_id=TICKET, contact_id=contact_id, role=role, added_at=NOW))

    def waits(self, by: int, ticket: bool = True) -> int:
        """Something that waits for a “confirm”; its id."""
        whose = {"staff_id" if by in (SAM, TOM) else "contact_id": by, "ticket_id": TICKET if ticket else None}
        row = Pending(
            id=next(self.ids), commands=[], body={}, created_at=NOW, expires_at=NOW + timedelta(hours=24), **whose
        )
        self.add(row)
        return row.id

    def letter(self, kind: str, to: int = JANE, *, minutes: int = 40, **values: Any) -> Outbox:
        """The row of a letter about the ticket; `ticket_id=None` for one about none."""
        at = NOW + timedelta(minutes=minutes)
        known = {"ticket_id": TICKET, "context": {}, "next_at": at, "created_at": at}
        whose = {"staff_id" if to in (SAM, TOM) else "contact_id": to}
        row = Outbox(
            id=next(self.ids), kind=kind, recipient=ADDRESSES[to], recipient_name=NAMES[to], **(known | whose | values)
        )
        self.add(row)
        return row

    def credentials(self, to: int, kind: credentials.Kind, hours: int = 72) -> Outbox:
        """The row of a letter with a secret, which is made by the rules of the desk."""
        person = self.session.get_one(Contact, to)
        credentials.issue(
            self.session,
            self.keys,
            person,
            kind=kind,
            hours=hours,
            now=NOW,
            by=NAMES[ANA],
            next_id=lambda: next(self.ids),
        )
        return self.session.scalars(select(Outbox).where(Outbox.kind == "credentials", Outbox.contact_id == to)).one()

    def _person(self, person_id: int) -> dict[str, Any]:
        return {"id": person_id, "name": NAMES[person_id], "language": self.language, "created_at": NOW}

    def _contact(self, contact_id: int) -> Contact:
        address = ADDRESSES[contact_id]
        first, _, last = NAMES[contact_id].partition(" ")
        return Contact(
            **self._person(contact_id),
            first_name=first,
            last_name=last,
            organisation_id=None if contact_id in _OUTSIDE else ORGANISATION,
            known=contact_id != PAT,
            addresses=[ContactAddress(address=address, written=address)],
        )

"""Erasing one person: who it is, the beginning that cuts them off, the steps, and the end. Bounded transactions.

It begins with what must be at once: nobody finds them by their address any more, and nobody writes to them. What is to
be looked for is kept in the row of the erasure until the end, so that whoever is interrupted goes on by asking again.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from desk import audit, audit_seal, tries
from desk.erasing_words import Words, full_names
from desk.keys import Keys
from desk.people import PeopleError, find_contact
from store.tables import (
    AccessToken,
    Account,
    Alert,
    Approver,
    Base,
    Contact,
    ContactAddress,
    Erasure,
    HalfSignIn,
    LoginTry,
    Participant,
    Pending,
    RecoveryCode,
    Staff,
    Suppression,
    WebSession,
    core,
)

BEGUN, DONE = "begun", "done"
_PURPOSE = "erased"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of their tickets, and of the words that they wrote."""

    delete_tickets: bool = False
    words: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever is erased, as far as the steps need to know."""

    erasure_id: int
    number: int
    started: datetime
    contact_id: int  # 0 for an address that is no contact's
    addresses: tuple[str, ...]  # in small letters
    written: tuple[str, ...]  # the same as they were written
    names: tuple[str, ...]
    wish: Wish

    @property
    def name(self) -> str:
        """What they are called from now on."""
        return f"Erased person {self.number}"

    @property
    def address(self) -> str:
        """The address that stands for theirs; .invalid is nobody's (RFC 2606)."""
        return f"erased-{self.number}@erased.invalid"

    @property
    def everywhere(self) -> Words:
        """An address is theirs wherever it stands."""
        return Words.of(self.addresses, self.address)

    @property
    def nearby(self) -> Words:
        """Where they took part a full name is theirs too."""
        return Words.of(self.addresses, self.address, self.names, self.name)


def mark(address: str, keys: Keys, key_id: int | None = None) -> str:
    """A digest that says nothing of the address, unless one has the key and knows the address already."""
    key = keys.derive(_PURPOSE, key_id) or b""
    return hashlib.blake2b(address.strip().lower().encode(), key=key, digest_size=16).hexdigest()


def find(session: Session, address: str) -> tuple[Contact | None, Erasure | None]:
    """The contact of an address, and an erasure that was begun for it; PeopleError when it is a colleague's."""
    wanted = address.strip().lower()
    if session.scalar(select(Staff.id).where(Staff.address == wanted)):
        raise PeopleError(
            f"{wanted} is a member of staff: their words are the work of the desk. Use: postdesk staff leave {wanted}"
        )
    open_ones = _rows(session, BEGUN)
    return find_contact(session, wanted), next((row for row in open_ones if wanted in row.report["addresses"]), None)


def names_of(contact: Contact | None) -> tuple[str, ...]:
    """The full names that are replaced where they took part."""
    return full_names(contact.name, contact.first_name, contact.last_name) if contact else ()


def begin(
    session: Session, address: str, wish: Wish, keys: Keys, now: datetime, next_id: Callable[[], int], *,
    also: Collection[str] = (), by: str = "",
) -> Person:  # fmt: skip
    """Cut somebody off, and note who it is until all is done; goes on with what was begun before."""
    contact, open_one = find(session, address)
    if open_one is not None:
        return _read(open_one)
    written = [one.written for one in contact.addresses] if contact else [address.strip()]
    for other in also:
        if find(session, other)[0] not in (None, contact):
            raise PeopleError(f"{other} is the address of another contact. Erase each of them.")
        written.append(other.strip())
    addresses = sorted({one.lower() for one in written})
    number = 1 + max((row.report.get("person", 0) for row in session.scalars(select(Erasure))), default=0)
    report = {
        "state": BEGUN,
        "person": number,
        "contact_id": contact.id if contact else 0,
        "addresses": addresses,
        "written": sorted(set(written)),
        "names": list(names_of(contact)),
        "marks": [mark(one, keys) for one in addresses],
        "tickets": "delete" if wish.delete_tickets else "keep",
        "words": wish.words,
    }
    row = Erasure(id=next_id(), at=now, by=by, report=report)
    session.add(row)
    session.flush()
    person = _read(row)
    taking_part = select(Participant.ticket_id).where(Participant.contact_id == person.contact_id)
    note(session, person, "near", session.scalars(taking_part).all())
    _cut_off(session, person, contact, now)
    audit.note(session, "erasure.begun", "contact", person.contact_id or None, erasure=person.number)
    return person


def note(session: Session, person: Person, what: str, values: Collection[Any]) -> None:
    """Add to what is still to be looked at, in the transaction that found it: an interruption forgets none.

    `digests` are bytes that may be nobody's now, `near` tickets where they took part, `sending` letters to others.
    """
    if values:
        row = session.get_one(Erasure, person.erasure_id)
        row.report = {**row.report, what: sorted({*row.report.get(what, ()), *values})}
        session.flush()


def noted(session: Session, person: Person, what: str) -> list[Any]:
    """All of that kind."""
    return list(session.get_one(Erasure, person.erasure_id).report.get(what, ()))


def _read(row: Erasure) -> Person:
    report = row.report
    wish = Wish(report["tickets"] == "delete", bool(report["words"]))
    addresses, written, names = (tuple(report[name]) for name in ("addresses", "written", "names"))
    return Person(row.id, report["person"], row.at, report["contact_id"], addresses, written, names, wish)


def _cut_off(session: Session, person: Person, contact: Contact | None, now: datetime) -> None:
    session.execute(delete(LoginTry).where(tries.naming(person.addresses)).execution_options(synchronize_session=False))
    session.execute(delete(core(Suppression)).where(core(Suppression).c.address.in_(person.addresses)))
    if contact is None:
        return
    accounts = core(Account)
    theirs = session.scalars(select(accounts.c.id).where(accounts.c.contact_id == contact.id)).all()
    audit_seal.forget_peers(session, contact.id, theirs)  # while it is known which accounts are theirs
    for held in (WebSession, AccessToken, HalfSignIn, RecoveryCode):
        session.execute(delete(core(held)).where(core(held).c.account_id.in_(theirs)))
    session.execute(delete(core(LoginTry)).where(tries.at_codes(theirs)))
    session.execute(delete(accounts).where(accounts.c.contact_id == contact.id))
    tables: Sequence[type[Base]] = (Approver, Participant, Alert, Pending)
    for table in tables:
        session.execute(delete(core(table)).where(core(table).c.contact_id == contact.id))
    session.expire(contact)
    session.execute(delete(core(ContactAddress)).where(core(ContactAddress).c.contact_id == contact.id))
    session.add(ContactAddress(address=person.address, written=person.address, contact_id=contact.id, position=0))
    blank: dict[str, Any] = {
        "organisation_id": None, "site_id": None, "name": person.name, "first_name": "", "last_name": "",
        "level": "Standard User", "language": "", "known": False, "muted": True, "sees": "own", "digest": False,
        "news": False, "columns": [], "details": {}, "deactivated_at": contact.deactivated_at or now,
    }  # fmt: skip
    session.execute(update(core(Contact)).where(core(Contact).c.id == contact.id).values(blank))


def finish(
    session: Session, person: Person, counts: dict[str, int], stays: Sequence[str], now: datetime, young: Sequence[str]
) -> dict[str, Any]:
    """The last row that knew who it was forgets it; a contact whom nothing refers to goes. Returns the report.

    The digests of bytes that are too `young` to go stay in the row, until `settle` takes them out of it.
    """
    audit.note(session, "erasure.done", "contact", person.contact_id or None, erasure=person.number)
    audit_seal.forget_peers(session, person.contact_id)
    if person.contact_id and not _is_referred_to(session, person.contact_id):
        session.execute(delete(core(ContactAddress)).where(core(ContactAddress).c.contact_id == person.contact_id))
        session.execute(delete(core(Contact)).where(core(Contact).c.id == person.contact_id))
    row = session.get_one(Erasure, person.erasure_id)
    gone = ("addresses", "written", "names", "contact_id", "near", "sending", "digests")
    kept = {name: value for name, value in row.report.items() if name not in gone}
    report = kept | {"state": DONE, "ended": now.isoformat(), "counts": counts, "stays": list(stays)}
    row.report = report | ({"digests": sorted(young)} if young else {})
    session.flush()
    return report


def begun(session: Session) -> list[Person]:
    """Those whose erasure has not ended."""
    return [_read(row) for row in _rows(session, BEGUN)]


def young(session: Session) -> list[tuple[int, datetime, list[str]]]:
    """Erasures that have ended but for some bytes, when they did, and the digests of these."""
    return [
        (row.id, datetime.fromisoformat(row.report["ended"]), list(row.report["digests"]))
        for row in _rows(session, DONE)
        if row.report.get("digests")
    ]


def settle(session: Session, erasure_id: int, left: Sequence[str]) -> None:
    """These bytes of an erasure are left; the others are gone, or somebody's again."""
    row = session.get_one(Erasure, erasure_id)
    kept = {name: value for name, value in row.report.items() if name != "digests"}
    row.report = kept | ({"digests": sorted(left)} if left else {})
    session.flush()


def _rows(session: Session, state: str) -> list[Erasure]:
    found = session.scalars(select(Erasure).order_by(Erasure.id))
    return [row for row in found if row.report.get("state") == state]


def _is_referred_to(session: Session, contact_id: int) -> bool:
    target = core(Contact).c.id
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            mine = key.column is target and table is not core(ContactAddress)
            if mine and session.scalar(select(exists().where(key.parent == contact_id))):
                return True
    return False

"""What commands about people need to know of them: profiles, access to the portal, and whose an address is."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from desk import contact_file, granting, own_address, profile
from desk.contact_file import Row
from desk.granting import AccountState
from desk.profile import ADDRESSES, Profile
from desk.state import ContactState, StaffState
from gateway.asks import Asks
from store.tables import Contact

WORDS = frozenset({"me", "people", "signin", "resend-credentials"})


class Waiting(Protocol):
    """Commands that wait for a “confirm”."""

    @property
    def contact_id(self) -> int | None:
        """Whose they are."""

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """Words and arguments."""

    @property
    def body(self) -> Mapping[str, Any]:
        """What they need of the mail."""


# Who wrote a mail, as a contact and as staff, and what it names.
Sender = tuple[ContactState | None, StaffState | None, Asks]


@dataclass(slots=True)
class Folk:
    """People as these commands see them, for one batch; kept up to date by what the batch does."""

    profiles: dict[int, Profile] = field(default_factory=dict)  # by contact
    owners: dict[str, int] = field(default_factory=dict)  # address in lower case → contact
    staff_accounts: dict[int, AccountState] = field(default_factory=dict)
    links: Counter[str] = field(default_factory=Counter)  # address → sign-in links within the hour
    asked: own_address.Asked = field(default_factory=own_address.Asked)  # at new addresses, whether they are theirs


@dataclass(slots=True)
class _Wanted:
    contacts: set[int] = field(default_factory=set)
    staff: set[int] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)  # named one by one: of whom everything is asked
    listed: set[str] = field(default_factory=set)  # in a file, for an import


def load(
    session: Session,
    senders: Iterable[Sender],
    staff_by_address: Mapping[str, StaffState],
    pending: Collection[Waiting],
    folk: Folk,
    now: datetime,
) -> None:
    """Load for a batch; nothing for one that asks for nothing of this."""
    wanted = _Wanted()
    links = False
    for sender in senders:
        if WORDS & sender[2].words:
            _add(wanted, sender, staff_by_address)
            links |= "signin" in sender[2].words
    for waiting in pending:
        if WORDS.intersection(word for word, _ in waiting.commands):
            _add_waiting(wanted, waiting)
    if not (wanted.contacts or wanted.staff or wanted.addresses):
        return
    folk.owners = profile.owners(session, wanted.addresses | wanted.listed)
    _load_profiles(session, wanted, folk)
    folk.asked = own_address.asked(session, wanted.addresses, now)
    folk.staff_accounts = {a.staff_id: a for a in granting.accounts(session, (), wanted.staff) if a.staff_id}
    if links:
        known = {one.address for one in folk.profiles.values()} | set(staff_by_address)
        folk.links = granting.links_sent(session, known, now)


def _add(wanted: _Wanted, sender: Sender, staff_by_address: Mapping[str, StaffState]) -> None:
    contact, staff, asks = sender
    wanted.addresses |= asks.addresses
    wanted.staff |= {staff_by_address[address].id for address in asks.addresses if address in staff_by_address}
    if staff is not None:
        wanted.staff.add(staff.id)
    if contact is not None:
        wanted.contacts.add(contact.id)
        if asks.sheet is not None and contact.organisation_id is not None:
            wanted.listed |= asks.sheet.addresses


def _add_waiting(wanted: _Wanted, waiting: Waiting) -> None:
    if waiting.contact_id is not None:
        wanted.contacts.add(waiting.contact_id)
    body = waiting.body
    wanted.addresses |= {str(value).strip().lower() for label, value in body.get("fields", ()) if label in ADDRESSES}
    wanted.addresses |= {word.lower() for _, argument in waiting.commands for word in argument.split() if "@" in word}
    if address := body.get("address"):  # asked whether it is to be theirs
        wanted.addresses.add(str(address))
    kept = [Row.of(row) for row in body.get("kept", {}).get("rows", ())]
    wanted.listed |= contact_file.addresses_of(kept)


def _load_profiles(session: Session, wanted: _Wanted, folk: Folk) -> None:
    """Of who asks and whom they name, one by one or in a file: as many as are named, however many there are."""
    named = {folk.owners[address] for address in wanted.addresses | wanted.listed if address in folk.owners}
    folk.profiles = profile.load(session, Contact.id.in_(wanted.contacts | named))

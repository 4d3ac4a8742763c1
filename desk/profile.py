"""A contact's own data: what a profile holds, by the labels of its lines, and what filled-in lines change in it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from desk import audit, granting, languages, notices
from desk.granting import AccountState
from desk.profile_values import ADDRESSES as ADDRESSES
from desk.profile_values import ERASE as ERASE
from desk.profile_values import MANDATORY as MANDATORY
from desk.profile_values import FieldError as FieldError
from desk.profile_values import checked
from desk.said import say
from desk.state import ContactState
from desk.writes import Writes
from store.tables import Contact, ContactAddress, Organisation, Site

# What people may change of themselves, in the order of their profile.
OWN = (
    "Prefix", "First name", "Last name", "Suffix", "Job title", "Phone", "Extension", "Fax", "Mobile", "Email",
    "Language",
)  # fmt: skip
# What an Admin user may fill in for somebody, in the order of the import file.
PERSON = (
    "External ID",
    "Prefix",
    "First name",
    "Middle initial",
    "Last name",
    "Suffix",
    "Job title",
    "Address",
    "Address 2",
    "City",
    "Post code",
    "Country",
    "More address",
    "Email",
    "Email 2",
    "Email 3",
    "Phone",
    "Extension",
    "Alternate phone",
    "Mobile",
    "Fax",
    "Language",
    "Level",
)
_AT_ONCE = 10_000  # addresses in one query: databases take so many parameters, and not many more

Changes = dict[str, tuple[str, str]]  # label → before, after


@dataclass(slots=True)
class Profile:
    """A contact with everything that a profile shows."""

    id: int
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    level: str = "Standard User"
    known: bool = False
    muted: bool = False
    active: bool = True
    organisation_id: int | None = None
    organisation: str = ""
    site_id: int | None = None
    site: str = ""
    details: dict[str, str] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)  # as written; the first is the primary one
    account: AccountState | None = None
    language: str = ""  # its code

    @classmethod
    def of(cls, contact: ContactState) -> "Profile":
        """Of somebody who has written for the first time just now."""
        addresses = [contact.address] if contact.address else []
        return cls(contact.id, contact.name, level=contact.level, known=contact.known, addresses=addresses)

    @property
    def address(self) -> str:
        """The primary address, as written."""
        return self.addresses[0] if self.addresses else ""

    @property
    def shown(self) -> str:
        """Jane Doe, jane@customer.test"""
        return f"{self.name}, {self.address}" if self.name and self.name != self.address else self.address

    @property
    def has_access(self) -> bool:
        """True for somebody who may sign in to the portal."""
        return self.account is not None and self.account.active

    @property
    def state(self) -> ContactState:
        """As letters are written to them."""
        return ContactState(
            self.id, self.name, self.address, self.known, self.muted, self.active, self.organisation_id,
            level=self.level,
        )  # fmt: skip

    def value(self, label: str) -> str:
        """What stands behind a label; "" for nothing."""
        if label in ADDRESSES:
            place = ADDRESSES.index(label)
            return self.addresses[place] if place < len(self.addresses) else ""
        if label in ("First name", "Last name") and not self.first_name and not self.last_name:
            first, _, last = self.name.partition(" ")  # a name from a mail, which nobody has taken apart
            return first if label == "First name" else last
        own = {"First name": self.first_name, "Last name": self.last_name, "Level": self.level}
        own["Language"] = languages.shown(self.language)
        return own[label] if label in own else str(self.details.get(label, ""))


def load(session: Session, condition: ColumnElement[bool]) -> dict[int, Profile]:
    """The profiles of the contacts that meet a condition, with their access: three queries for all."""
    rows = session.execute(
        select(
            Contact.id, Contact.name, Contact.first_name, Contact.last_name, Contact.level, Contact.known,
            Contact.muted, Contact.deactivated_at, Contact.organisation_id, Organisation.name, Contact.site_id,
            Site.name, Contact.details, Contact.language,
        )
        .outerjoin(Organisation, Organisation.id == Contact.organisation_id)
        .outerjoin(Site, Site.id == Contact.site_id)
        .where(condition)
    )  # fmt: skip
    found = {
        row[0]: Profile(
            *row[:7],
            row[7] is None,
            row[8],
            row[9] or "",
            row[10],
            row[11] or "",
            dict(row[12] or {}),
            language=row[13],
        )
        for row in rows
    }
    whose = ContactAddress.contact_id.in_(select(Contact.id).where(condition))
    written = select(ContactAddress.contact_id, ContactAddress.written).where(whose)
    for contact_id, address in session.execute(written.order_by(ContactAddress.position, ContactAddress.address)):
        found[contact_id].addresses.append(address)
    for account in granting.accounts_of(session, select(Contact.id).where(condition)):
        found[account.contact_id or 0].account = account
    return found


def owners(session: Session, addresses: Collection[str]) -> dict[str, int]:
    """Whose these lower-case addresses are, as ids of contacts; of those that are somebody's."""
    named = sorted(addresses)
    found: dict[str, int] = {}
    for start in range(0, len(named), _AT_ONCE):
        part = ContactAddress.address.in_(named[start : start + _AT_ONCE])
        rows = session.execute(select(ContactAddress.address, ContactAddress.contact_id).where(part))
        found.update((address, contact_id) for address, contact_id in rows)
    return found


def changes(
    profile: Profile, lines: Iterable[tuple[str, str]], allowed: Collection[str], levels: Collection[str]
) -> Changes:
    """What filled-in lines come to; a line that says what is there already changes nothing.

    FieldError for a line that cannot be: a mandatory field left empty, no such level, too long a value.
    """
    found: Changes = {}
    for label, written in lines:
        if label not in allowed:
            continue
        value = checked(label, written, levels)
        before = profile.value(label)
        if value != before and not (label in ADDRESSES and value.lower() == before.lower()):
            found[label] = (before, value)
        else:
            found.pop(label, None)
    return found


def sentences(changed: Changes) -> list[str]:
    """What was changed, a sentence for each field: what it is now, and what it was."""
    return [_sentence(label, before, after) for label, (before, after) in changed.items()]


def _sentence(label: str, before: str, after: str) -> str:
    if label == "Level":  # a name of ours
        before, after = say(before), say(after)
    if before and after:
        return say("{label} is now {value}; it was {before}.", label=say(label), value=after, before=before)
    if after:
        return say("{label} is now {value}; it was empty.", label=say(label), value=after)
    return say("{label} is now empty; it was {before}.", label=say(label), before=before)


def note(writes: Writes, profile: Profile, changed: Mapping[str, tuple[str, str]]) -> None:
    """For the audit log: which fields were changed, and of what is given to people, to what."""
    if fields := sorted(label for label in changed if label != "Level"):
        audit.note(writes, "contact.changed", "contact", profile.id, fields=fields)
    if "Level" in changed:
        audit.note(writes, "rights.changed", "contact", profile.id, level=changed["Level"][1], was=changed["Level"][0])


def apply(writes: Writes, profile: Profile, changed: Mapping[str, tuple[str, str]], *, noted: bool = True) -> None:
    """Make the changes: in the row, in the addresses, and in what later mails of the batch see."""
    if noted:
        note(writes, profile, changed)
    after = {label: new for label, (_, new) in changed.items()}
    values: dict[str, Any] = {}
    if "First name" in after or "Last name" in after:
        profile.first_name, profile.last_name = (
            after.get(label, profile.value(label)) for label in ("First name", "Last name")
        )
        profile.name = f"{profile.first_name} {profile.last_name}".strip()[:200]
        values = {"first_name": profile.first_name, "last_name": profile.last_name, "name": profile.name}
    if "Level" in after:
        profile.level = values["level"] = after.pop("Level")
    if "Language" in after:
        profile.language = values["language"] = languages.code_of(after.pop("Language")) or ""
    wanted = {label: after.pop(label) for label in ADDRESSES if label in after}
    more = {label: new for label, new in after.items() if label not in MANDATORY}
    if more:
        profile.details = {label: new for label, new in (profile.details | more).items() if new}
        values["details"] = profile.details
    if values:
        writes.change(Contact, profile.id, **values)
    if wanted:
        set_addresses(writes, profile, reordered(profile, wanted))


def reordered(profile: Profile, wanted: Mapping[str, str]) -> list[str]:
    """The addresses with changed ones in their places; a primary one that is replaced stays as the second."""
    places = [wanted.get(label, profile.value(label)) for label in ADDRESSES]
    if "Email" in wanted and "Email 2" not in wanted:
        places.insert(1, profile.address)
    rest = profile.addresses[len(ADDRESSES) :]
    found: dict[str, str] = {}
    for address in (*places, *rest):
        if address:
            found.setdefault(address.lower(), address)
    return list(found.values())


def set_addresses(writes: Writes, profile: Profile, wanted: list[str]) -> None:
    """These and no others, the primary one first; with it goes the user name, and all sessions end."""
    before = {address.lower(): address for address in profile.addresses}
    keys = [address.lower() for address in wanted]
    for gone in before.keys() - set(keys):
        writes.drop(ContactAddress, {"address": gone})
    for position, (key, written) in enumerate(zip(keys, wanted, strict=True)):
        if key in before:
            writes.set(ContactAddress, {"address": key}, position=position, written=written)
        else:
            writes.add(ContactAddress, address=key, contact_id=profile.id, written=written, position=position)
    moved = keys[:1] != [profile.address.lower()]
    profile.addresses = list(wanted)
    if moved and profile.account is not None:
        granting.rename(writes, profile.account, profile.address)


def tell_of_address(
    writes: Writes,
    before: ContactState,
    after: ContactState,
    now: datetime,
    *,
    by: str = "",
    kept: bool = True,
    portal: bool = False,
) -> None:
    """Letters (E3) to the old primary address and to the new one; `kept` says that the old one is still theirs.

    `portal`: they sign in to the portal, and the new address is their user name now.
    """
    context = {"old": before.address, "new": after.address, "by": by, "kept": kept, "portal": portal}
    for to in (before, after):
        notices.letter(writes, "address_changed", to, now, context=context, automatic=False)

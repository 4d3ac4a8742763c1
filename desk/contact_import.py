"""A contact import: what each row of a file comes to, decided before anything is done, and then done."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from desk import granting, people, profile
from desk.contact_file import USERNAME, Row
from desk.granting import Policy
from desk.keys import Keys
from desk.people import PeopleError
from desk.profile import MANDATORY, PERSON, Changes, Profile
from desk.writes import Writes
from store.tables import Contact, ImportRun

Fate = Literal["added", "updated", "skipped", "refused"]
_FATES: tuple[Fate, ...] = ("added", "updated", "skipped", "refused")
NOT_USABLE = "this address cannot be used here; ask the desk to add it"
_BETWEEN = timedelta(seconds=2)  # from one welcome letter to the next: no relay likes thousands at once
_FIELDS = (*PERSON, "Primary outsourced contact")
_SHOWN = 5  # refused rows that a sentence names


@dataclass(frozen=True, slots=True)
class Directory:
    """Whom the desk knows, as far as a file names them, and who reads it."""

    profiles: Mapping[int, Profile]
    owners: Mapping[str, int]  # address in lower case → contact
    organisation_id: int
    levels: Sequence[str] = ("Standard User", "Admin User")
    own_id: int = 0  # the contact who imports: nobody raises or lowers themselves
    ours: Collection[str] = ()  # addresses of staff and of the desk, in lower case
    trusted: bool = False  # an operator: may take contacts in who belong to no organisation yet


@dataclass(frozen=True, slots=True)
class Step:
    """One row and its fate; `why` says it in words where it is not plain."""

    row: Row
    fate: Fate
    why: str = ""
    profile: Profile | None = None  # of who is there already
    changes: Changes = field(default_factory=dict)
    access: bool = False  # gets a letter with credentials

    @property
    def number(self) -> int:
        """The row of the file."""
        return self.row.number


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole file, decided."""

    steps: tuple[Step, ...]

    def count(self, fate: Fate) -> int:
        """How many rows come to that."""
        return sum(step.fate == fate for step in self.steps)

    @property
    def letters(self) -> int:
        """How many people get a letter with credentials."""
        return sum(step.access for step in self.steps)

    @property
    def refused(self) -> list[str]:
        """Every refused row, with its reason: “row 6: …”."""
        return [f"row {step.number}: {step.why}" for step in self.steps if step.fate == "refused"]

    def counts(self, *, done: bool) -> str:
        """12 will be added, 3 updated, 1 refused."""
        parts: list[str] = []
        for fate in _FATES:
            if (count := self.count(fate)) or fate == "added":
                will = "" if done or parts else "will be "
                parts.append(f"{count:,} {will}{fate}")
        return ", ".join(parts) + "."

    def summary(self, *, done: bool) -> str:
        """12 will be added, 3 updated, 1 refused (row 6: …)."""
        refused = self.refused
        more = f"; and {len(refused) - _SHOWN:,} more" if len(refused) > _SHOWN else ""
        why = f" ({'; '.join(refused[:_SHOWN])}{more})" if refused else ""
        return f"{self.counts(done=done)[:-1]}{why}."


class _Refused(Exception):
    """Why a row cannot be taken."""


def plan(rows: Iterable[Row], directory: Directory, *, update: bool) -> Plan:
    """Decide about every row; nothing is changed. Existing people are passed over, or with `update` updated."""
    named: dict[tuple[str, str, str], Profile] = {}
    for known in directory.profiles.values():
        if _belongs(known, directory):
            named[_names(known.value("First name"), known.value("Last name"), known.address)] = known
    seen: dict[str, int] = {}
    return Plan(tuple(_decided(row, directory, named, seen, update) for row in rows))


def _decided(
    row: Row, directory: Directory, named: Mapping[tuple[str, str, str], Profile], seen: dict[str, int], update: bool
) -> Step:
    try:
        return _step(row, directory, named, seen, update)
    except (_Refused, PeopleError) as error:
        return Step(row, "refused", str(error).rstrip("."))


def _step(
    row: Row, directory: Directory, named: Mapping[tuple[str, str, str], Profile], seen: dict[str, int], update: bool
) -> Step:
    cells = row.cells
    if row.password:
        raise _Refused("the column for the password must be empty; we make one")
    username, email = cells.get(USERNAME, "").lower(), cells.get("Email", "").lower()
    _once(row, {username, email} - {""}, seen)
    known = _known(directory, cells, named, username)
    if username and username not in {email, known.address.lower() if known else ""}:
        raise _Refused("the user name must be the e-mail address")
    blank = profile.Profile(0, level="") if known is None else known
    lines = [(label, value) for label, value in cells.items() if label in _FIELDS]
    changed = profile.changes(blank, lines, _FIELDS, directory.levels)
    wanted = bool(username or "Level" in cells)
    if known is None:
        missing = [label for label in MANDATORY if label not in changed]
        if missing:
            raise _Refused(f"{' and '.join(missing)} must be filled in")
    _free(changed, known, directory)
    if known is None:
        return Step(row, "added", changes=changed, access=wanted)
    if known.id == directory.own_id and "Level" in changed:
        raise _Refused("nobody changes their own level")
    if known.organisation_id is None:
        return Step(row, "added", "was a contact without an organisation", known, changed, wanted)
    if not update:
        return Step(row, "skipped", "is there already", known)
    access = wanted and not known.has_access and known.active
    if not changed and not access:
        return Step(row, "skipped", "nothing is different", known)
    return Step(row, "updated", "", known, changed, access)


def _once(row: Row, addresses: set[str], seen: dict[str, int]) -> None:
    for address in sorted(addresses):
        before = seen.setdefault(address, row.number)
        if before != row.number:
            raise _Refused(f"it has the same address as row {before}")


def _known(
    directory: Directory, cells: Mapping[str, str], named: Mapping[tuple[str, str, str], Profile], username: str
) -> Profile | None:
    """Who the row is about: by the user name, or by first name, last name and address together."""
    owner = directory.profiles.get(directory.owners.get(username, 0)) if username else None
    if owner is not None and _belongs(owner, directory):
        return owner
    email = cells.get("Email", "")
    found = named.get(_names(cells.get("First name", ""), cells.get("Last name", ""), email)) if email else None
    if found is None and directory.trusted and email:
        loose = directory.profiles.get(directory.owners.get(email.lower(), 0))
        found = loose if loose is not None and loose.organisation_id is None else None
    return found


def _free(changed: Changes, known: Profile | None, directory: Directory) -> None:
    """Each new address must be nobody else's; whose it is, is said only of people of the same organisation."""
    for label in profile.ADDRESSES:
        address = changed.get(label, ("", ""))[1].lower()
        if not address:
            continue
        owner = directory.owners.get(address)
        if address in directory.ours:
            raise _Refused(NOT_USABLE)
        if owner is not None and (known is None or owner != known.id):
            other = directory.profiles.get(owner)
            if other is None or not _belongs(other, directory) or other.organisation_id is None:
                raise _Refused(NOT_USABLE)
            raise _Refused(f"{address} belongs to {other.name or 'somebody'}: fill in the user name to update them")


def _belongs(known: Profile, directory: Directory) -> bool:
    if known.organisation_id is None:
        return directory.trusted
    return known.organisation_id == directory.organisation_id


def _names(first: str, last: str, address: str) -> tuple[str, str, str]:
    return first.strip().casefold(), last.strip().casefold(), address.strip().lower()


@dataclass(frozen=True, slots=True)
class Access:
    """How credentials are made here, and in whose name they are given."""

    keys: Keys
    policy: Policy
    by: str


def carry_out(
    writes: Writes,
    made: Plan,
    directory: Directory,
    access: Access,
    now: datetime,
    *,
    site_id: int | None = None,
) -> list[Profile]:
    """Do what was decided; who was added comes back. Letters with credentials go out one after another."""
    added, letters = [], 0
    for step in made.steps:
        if step.fate in ("skipped", "refused"):
            continue
        person = step.profile or _add(writes, step, directory, site_id, now)
        if step.profile is not None:
            _update(writes, step, directory, site_id)
        if step.fate == "added":
            added.append(person)
        if step.access:
            wait = letters * _BETWEEN
            person.account = granting.give(
                writes, access.keys, access.policy, person.state, person.account, now, by=access.by, wait=wait
            )
            letters += 1
    return added


def _add(writes: Writes, step: Step, directory: Directory, site_id: int | None, now: datetime) -> Profile:
    changed = {label: after for label, (_, after) in step.changes.items()}
    name = f"{changed['First name']} {changed['Last name']}"
    state = people.add_contact(
        writes, name=name, address=changed["Email"], now=now, organisation_id=directory.organisation_id, known=True
    )
    person = Profile.of(state)
    person.organisation_id, person.site_id = directory.organisation_id, site_id
    writes.change(Contact, state.id, site_id=site_id)
    profile.apply(writes, person, {label: both for label, both in step.changes.items() if label != "Email"})
    return person


def _update(writes: Writes, step: Step, directory: Directory, site_id: int | None) -> None:
    person = step.profile
    assert person is not None  # noqa: S101 - for the type checker: the caller has looked
    profile.apply(writes, person, step.changes)
    if person.organisation_id is None:
        person.organisation_id, person.site_id, person.known = directory.organisation_id, site_id, True
        writes.change(Contact, person.id, organisation_id=person.organisation_id, site_id=site_id, known=True)


def keep_run(
    writes: Writes,
    made: Plan,
    now: datetime,
    *,
    organisation_id: int,
    contact_id: int | None,
    file_name: str,
    update: bool,
) -> None:
    """The history of imports: what was read, and the fate of each row."""
    counted = Counter(step.fate for step in made.steps)
    writes.add(
        ImportRun,
        id=writes.next_id(),
        organisation_id=organisation_id,
        contact_id=contact_id,
        file_name=file_name[:255],
        update=update,
        added=counted["added"],
        updated=counted["updated"],
        skipped=counted["skipped"],
        refused=counted["refused"],
        rows=[[step.number, step.fate, step.why] for step in made.steps],
        at=now,
    )

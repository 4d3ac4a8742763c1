"""A contact import: what each row of a file comes to, decided before anything is done, and then done."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from desk import import_words, profile
from desk.contact_file import HYPHEN, USERNAME, Row
from desk.profile import MANDATORY, PERSON, Changes, FieldError, Profile
from desk.said import AND, listed, say

Fate = Literal["added", "updated", "skipped", "refused"]
FIELDS = (*PERSON, "Primary outsourced contact")  # what a row, or a form, can fill in
FATES: tuple[Fate, ...] = ("added", "updated", "skipped", "refused")
FATE_WORDS: Mapping[Fate, str] = {
    "added": say("added"),
    "updated": say("updated"),
    "skipped": say("skipped"),
    "refused": say("refused"),
}
NOT_USABLE = say("this address cannot be used here; ask the desk to add it")
SHOWN = 5  # refused rows that a sentence names


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

    @property
    def who(self) -> str:
        """Whom the row names: “Jane Doe, jane@customer.test”, as far as it does."""
        names = (self.row.cells.get(label, "") for label in ("First name", "Last name"))
        return ", ".join(part for part in (" ".join(names).strip(), self.row.cells.get("Email", "")) if part)

    @property
    def fate_said(self) -> str:
        """Row 6, Jane Doe, jane@customer.test: refused, …"""
        values = {"n": self.number, "who": self.who, "fate": FATE_WORDS[self.fate]}
        if self.why:
            return say("Row {n}, {who}: {fate}, {why}.", why=self.why, **values)
        return say("Row {n}, {who}: {fate}.", **values)

    @property
    def told(self) -> str:
        """row 6: …"""
        return say("row {n}: {why}", n=self.number, why=self.why)


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
        return [step.told for step in self.steps if step.fate == "refused"]

    def counts(self, *, done: bool) -> str:
        """12 will be added, 3 updated, 1 refused."""
        return import_words.counts(self._counts(), done=done)

    def summary(self, *, done: bool) -> str:
        """12 will be added, 3 updated, 1 refused (row 6: …)."""
        return import_words.summary(self._counts(), self.refused, SHOWN, done=done)

    def _counts(self) -> dict[str, int]:
        return {fate: self.count(fate) for fate in FATES}


class _Refused(Exception):
    """Why a row cannot be taken."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def plan(rows: Iterable[Row], directory: Directory, *, update: bool, seen: dict[str, int] | None = None) -> Plan:
    """Decide about every row; nothing is changed. Existing people are passed over, or with `update` updated.

    `seen` are the addresses of earlier parts of the same file, with their rows; those of these rows are added to it.
    """
    named: dict[tuple[str, str, str], Profile] = {}
    for known in directory.profiles.values():
        if _belongs(known, directory):
            named[_names(known.value("First name"), known.value("Last name"), known.address)] = known
    seen = {} if seen is None else seen
    return Plan(tuple(_decided(row, directory, named, seen, update) for row in rows))


def note(rows: Iterable[Row], seen: dict[str, int]) -> None:
    """Rows of the same file that were decided before: their addresses become some of `seen`, as `plan` does it."""
    for row in rows:
        with suppress(_Refused):
            _once(row, seen)


def _decided(
    row: Row, directory: Directory, named: Mapping[tuple[str, str, str], Profile], seen: dict[str, int], update: bool
) -> Step:
    try:
        return _step(row, directory, named, seen, update)
    except (_Refused, FieldError) as error:
        return Step(row, "refused", error.why)


def _step(
    row: Row, directory: Directory, named: Mapping[tuple[str, str, str], Profile], seen: dict[str, int], update: bool
) -> Step:
    cells = row.cells
    if row.password:
        raise _Refused(say("the column for the password must be empty; we make one"))
    username, email = cells.get(USERNAME, "").lower(), cells.get("Email", "").lower()
    _once(row, seen)
    known = _known(directory, cells, named, username)
    if username and username not in {email, known.address.lower() if known else ""}:
        raise _Refused(say("the user name must be the e-mail address"))
    blank = profile.Profile(0, level="") if known is None else known
    lines = [(label, value) for label, value in cells.items() if label in FIELDS]
    lines = [(label, value) for label, value in lines if value != HYPHEN]
    changed = profile.changes(blank, lines, FIELDS, directory.levels)
    wanted = bool(username or "Level" in cells)
    if known is None:
        missing = [label for label in MANDATORY if label not in changed]
        if missing:
            names = listed((say(label) for label in missing), AND)
            raise _Refused(say("{names} must be filled in", names=names))
    _free(changed, known, directory)
    if known is None:
        return Step(row, "added", changes=changed, access=wanted)
    if known.id == directory.own_id and "Level" in changed:
        raise _Refused(say("nobody changes their own level"))
    access = wanted and not known.has_access and known.active
    if known.organisation_id is None:
        return Step(row, "added", say("was a contact without an organisation"), known, changed, access)
    if not update:
        return Step(row, "skipped", say("is there already"), known)
    if not changed and not access:
        return Step(row, "skipped", say("nothing is different"), known)
    return Step(row, "updated", "", known, changed, access)


def _once(row: Row, seen: dict[str, int]) -> None:
    if row.password:
        return
    addresses = {row.cells.get(label, "").lower() for label in (USERNAME, *profile.ADDRESSES)}
    for address in sorted(address for address in addresses if "@" in address):
        before = seen.setdefault(address, row.number)
        if before != row.number:
            raise _Refused(say("it has the same address as row {n}", n=before))


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
            name = other.name or say("somebody")
            raise _Refused(
                say("{address} belongs to {name}: fill in the user name to update them", address=address, name=name)
            )


def _belongs(known: Profile, directory: Directory) -> bool:
    if known.organisation_id is None:
        return directory.trusted
    return known.organisation_id == directory.organisation_id


def _names(first: str, last: str, address: str) -> tuple[str, str, str]:
    first, last = ("-" if name == HYPHEN else name.strip().casefold() for name in (first, last))
    return first, last, address.strip().lower()

"""Contact imports and mailbox files: what a file holds is read within bounds, and nobody is taken for somebody else."""

import io
import tempfile
from collections import Counter
from pathlib import Path

from desk import contact_file, contact_import, profile
from desk.cells import harmless, marked, unmarked
from desk.contact_file import COLUMNS, HYPHEN, Sheet
from desk.contact_import import Directory, Plan
from desk.csv_text import NotCsv
from desk.granting import AccountState
from desk.profile import Profile
from fuzz import cleaned
from postdesk import moving_source
from postdesk.moving_source import Found

MAILS = False
WORDS = (
    *(name for name, _ in COLUMNS), "First Name,Last Name,Email Address\n", "sep=;\n", "ann@customer.test", "\xff\xfe",
    "bob@customer.test", "eve@elsewhere.test", "sam@desk.test", "Admin User", "Standard User", "-", "'-", "'=1+1", "\t",
    '"', '""', "\r\n", "From ann@customer.test Mon Aug  3 10:00:00 2026\n", ">From ", "\ufeff", ";", "PK\x03\x04",
)  # fmt: skip
_WORKS, _ELSEWHERE, _OWN = 1, 2, 10
_PEOPLE = (
    Profile(_OWN, "Ann Able", "Ann", "Able", "Admin User", organisation_id=_WORKS, addresses=["ann@customer.test"]),
    Profile(11, "Bob Best", "Bob", "Best", organisation_id=_WORKS, addresses=["Bob@customer.test"],
            account=AccountState(11, 11, None, "bob@customer.test")),
    Profile(12, "Eve Secret", "Eve", "Secret", organisation_id=_ELSEWHERE, addresses=["eve@elsewhere.test"]),
    Profile(13, "Lou Loose", "Lou", "Loose", addresses=["lou@customer.test"]),
)  # fmt: skip
_OURS = "sam@desk.test"


def check(data: bytes) -> None:
    """The first byte says what the file is, and how it is taken in."""
    if data[:1] == b"m":
        _mailbox(data[1:])
    elif data:
        _contacts(data[1:], update=bool(data[0] & 1), trusted=bool(data[0] & 2))


def _contacts(data: bytes, *, update: bool, trusted: bool) -> None:
    sheet = contact_file.read("people.csv", data)
    assert sheet == _read_by_rows(data), "read at once and row by row are two things"
    cleaned.texts("a fault", [sheet.fault])
    for row in sheet.rows:
        for value in row.cells.values():
            assert unmarked(marked(value)) == value or value == HYPHEN, f"written and read: {value!r}"
            assert harmless(value)[:1] not in "=+-@" or not value, f"a formula: {value!r}"
    owners = {address.lower(): person.id for person in _PEOPLE for address in person.addresses}
    people = {person.id: person for person in _PEOPLE}
    directory = Directory(people, owners, _WORKS, own_id=_OWN, ours={_OURS}, trusted=trusted)
    made = contact_import.plan(sheet.rows, directory, update=update)
    assert [step.row for step in made.steps] == list(sheet.rows), "a row is lost"
    _fates(made, owners, update)


def _read_by_rows(data: bytes) -> Sheet:
    try:
        opened = contact_file.open_rows("people.csv", io.BytesIO(data), most=contact_file.MAX_ROWS)
        return Sheet("people.csv", tuple(opened.rows), opened.unknown)
    except NotCsv as fault:
        return Sheet("people.csv", fault=fault.said)


def _fates(made: Plan, owners: dict[str, int], update: bool) -> None:
    taken = Counter[str]()
    for step in made.steps:
        assert step.fate != "refused" or step.why, "refused without a reason"
        assert update or step.fate != "updated", "updated, and nobody wanted that"
        assert "Secret" not in step.why or "Secret" in str(step.row.cells), "tells of another organisation"
        cleaned.lines("a value", [after for label, (_, after) in step.changes.items() if step.fate != "refused"])
        if step.fate not in ("added", "updated"):
            continue
        mine = {step.changes[label][1].lower() for label in profile.ADDRESSES if label in step.changes} - {""}
        taken.update(mine)
        assert _OURS not in mine, "an address of the desk"
        owned = {owners[address] for address in mine if address in owners}
        assert owned <= {step.profile.id if step.profile else 0}, "somebody else's address"
        assert step.profile is None or step.profile.organisation_id in (None, _WORKS), "somebody of elsewhere"
        assert step.profile is None or step.profile.id != _OWN or "Level" not in step.changes, "raised themselves"
    assert all(count == 1 for count in taken.values()), f"one address for two: {taken.most_common(1)}"


def _mailbox(data: bytes) -> None:
    """A file of mails: each is there once, and together they are no more than the file."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = Path(folder, "mails")
        file.write_bytes(data)
        found = [one for one in moving_source.find([file], Path(folder)) if isinstance(one, Found)]
        mails = [moving_source.read(one, 10_000_000) for one in found]
        if data[:2] != b"\x1f\x8b":
            assert sum(map(len, mails)) <= len(data), "more than there was"
            assert len(mails) == 1 or data.startswith(b"From "), "several mails in a file of one"
    places = [one.place for one in found]
    assert len(set(places)) == len(places), "two mails of one name"

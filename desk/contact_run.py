"""An import carried out, at once or part by part, and what is kept of it for the history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from desk import audit, granting, people, profile
from desk.contact_import import Step
from desk.contact_tally import Tally
from desk.granting import Policy
from desk.keys import Keys
from desk.profile import ADDRESSES, Profile
from desk.writes import Writes
from store.tables import Contact, ContactAddress, ImportRun


@dataclass(frozen=True, slots=True)
class Access:
    """How credentials are made here, and in whose name they are given."""

    keys: Keys
    policy: Policy
    by: str


@dataclass(slots=True)
class Run:
    """One import: into what, whose letters it writes, and how many so far."""

    access: Access
    organisation_id: int
    site_id: int | None = None  # of who is added
    id: int | None = None  # by which its letters are found
    first: timedelta = timedelta()  # until its first letter goes out
    letters: int = 0

    @property
    def _between(self) -> timedelta:
        """From one letter to the next: no relay likes thousands at once."""
        return timedelta(minutes=1) / max(self.access.policy.letters_per_minute, 1)

    def queue_behind(self, wait: timedelta) -> None:
        """The letters of earlier imports go first; the last of them in so long."""
        self.first = wait + self._between if wait else wait

    def wait(self) -> timedelta:
        """Until the next letter goes out."""
        wait = self.first + self.letters * self._between
        self.letters += 1
        return wait


def carry_out(writes: Writes, steps: Iterable[Step], run: Run, now: datetime) -> list[Profile]:
    """Do what was decided; who was added comes back. Letters with credentials go out one after another."""
    added = []
    for step in steps:
        if step.fate in ("skipped", "refused"):
            continue
        person = step.profile or _add(writes, step, run, now)
        if step.profile is not None:
            _update(writes, step, run)
        if step.fate == "added":
            added.append(person)
            if run.id is None:  # one person, and no import
                audit.note(writes, "contact.added", "contact", person.id)
        if step.access:
            person.account = granting.give(
                writes, run.access.keys, run.access.policy, person.state, person.account, now,
                by=run.access.by, wait=run.wait(), import_id=run.id,
            )  # fmt: skip
    return added


def _add(writes: Writes, step: Step, run: Run, now: datetime) -> Profile:
    changed = {label: after for label, (_, after) in step.changes.items()}
    name = f"{changed['First name']} {changed['Last name']}"
    state = people.add_contact(
        writes, name=name, address=changed["Email"], now=now, organisation_id=run.organisation_id, known=True
    )
    person = Profile.of(state)
    person.organisation_id, person.site_id = run.organisation_id, run.site_id
    writes.change(Contact, state.id, site_id=run.site_id)
    others = {label: both for label, both in step.changes.items() if label not in ADDRESSES}
    profile.apply(writes, person, others, noted=False)
    for label in ADDRESSES[1:]:
        written = changed.get(label, "")
        if written and written.lower() not in {address.lower() for address in person.addresses}:
            writes.add(
                ContactAddress, address=written.lower(), contact_id=person.id, written=written,
                position=len(person.addresses),
            )  # fmt: skip
            person.addresses.append(written)
    return person


def _update(writes: Writes, step: Step, run: Run) -> None:
    person = step.profile
    assert person is not None  # noqa: S101 - for the type checker: the caller has looked
    profile.apply(writes, person, step.changes, noted=False)
    if person.organisation_id is None:
        person.organisation_id, person.site_id, person.known = run.organisation_id, run.site_id, True
        writes.change(Contact, person.id, organisation_id=person.organisation_id, site_id=run.site_id, known=True)


@dataclass(frozen=True, slots=True)
class About:
    """What the history says of an import beside its rows."""

    file_name: str
    update: bool
    contact_id: int | None = None  # who asked for it, where a contact did
    by: str = ""


def keep(writes: Writes, run: Run, about: About, tally: Tally, now: datetime) -> int:
    """A new entry of the history, with what was done so far; returns its id."""
    run.id = run.id or writes.next_id()
    writes.add(
        ImportRun,
        id=run.id,
        organisation_id=run.organisation_id,
        site_id=run.site_id,
        contact_id=about.contact_id,
        by=about.by[:320],
        file_name=about.file_name[:255],
        update=about.update,
        at=now,
        **_figures(tally),
    )
    audit.note(writes, "import.begun", "import", run.id, organisation=run.organisation_id, update=about.update or None)
    return run.id


def keep_on(writes: Writes, run_id: int, tally: Tally) -> None:
    """Bring that entry up to date, when another part is done."""
    writes.change(ImportRun, run_id, **_figures(tally))


def _figures(tally: Tally) -> dict[str, Any]:
    return {**tally.figures, "rows": tally.rows}

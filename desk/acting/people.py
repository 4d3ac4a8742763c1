"""What Admin users and staff do about one person: added, changed, let into the portal and out of it, muted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import func, select, text

from desk import contact_batches, contact_import, contact_rules, contact_run, granting, profile, profile_values
from desk.acting.people_stage import Keeping, person_of
from desk.acting.rules import Refused
from desk.contact_file import Row
from desk.contact_import import FIELDS, Directory
from desk.contact_run import Run
from desk.profile import ADDRESSES, MANDATORY, Changes, Profile
from desk.profile_values import FieldError
from desk.said import say
from store.tables import Contact, Outbox
from store.tables.outbox import SECRET_LETTERS

LABELS = tuple(label for label in FIELDS if label != "Level")  # what is filled in; the level is chosen
LETTERS_PER_HOUR = 3  # with credentials, to one person
OWN_ADDRESS = say("Your own e-mail addresses cannot be changed here. Use your profile, or write to us.")
EXISTS = say("A person with this e-mail address already exists.")
_MISSING = {
    "First name": say("Enter a first name."),
    "Last name": say("Enter a last name."),
    "Email": say("Enter an e-mail address."),
}
_FORMAT = say("Enter an e-mail address in the correct format, like name@example.com.")
Did = Literal["added", "added_access", "saved", "access_given", "access_taken"]


class Wrong(Refused):
    """What is wrong with a filled-in form: a sentence for each label; "Access" is the switch for the portal."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        first = next(iter(faults))
        super().__init__(faults[first], first)
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a person is to be."""

    values: Mapping[str, str]  # by label; a label that is missing stays as it is
    level: str = ""  # "": as it is
    access: bool = False
    muted: bool = False
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """Who was saved, and what that came to."""

    contact_id: int
    did: Did


def add(stage: Keeping, wanted: Wanted) -> Saved:
    """A new person of the organisation; Wrong says what is not right."""
    faults = _faults(stage, wanted)
    right = {label: value for label, value in wanted.values.items() if label in LABELS and label not in faults}
    cells = {label: value for label, value in right.items() if value.strip(" -")}
    for label in MANDATORY:
        if label not in cells:
            faults.setdefault(label, _MISSING[label])
    known = _directory(stage, Row(1, cells))
    for label in ADDRESSES:
        if _is_here(known, cells.get(label, ""), 0):
            faults.setdefault(label, EXISTS)
    if wanted.access and not wanted.level:
        faults.setdefault("Level", say("Select a security level."))
    if faults:
        raise Wrong(faults)
    if wanted.level:
        cells["Level"] = wanted.level
    (step,) = contact_import.plan([Row(1, cells)], known, update=False).steps
    if step.fate != "added":
        raise Wrong({_blamed(known, cells): say("{Why}.", Why=step.why)})
    run = Run(stage.access, stage.scope.id, stage.site(wanted.site_id))
    access = wanted.access and not (step.profile is not None and step.profile.has_access)
    (person,) = contact_run.carry_out(stage.writes, [replace(step, access=access)], run, stage.now)
    if wanted.muted and not person.muted:
        contact_rules.mute(stage.writes, person, (), muted=True)
    return Saved(person.id, "added_access" if access else "added")


def change(stage: Keeping, contact_id: int, wanted: Wanted) -> Saved:
    """Change what is different; Wrong says what is not right. With another primary address both hear of it."""
    person = person_of(stage.session, stage.scope, contact_id)
    faults = _faults(stage, wanted)
    for label in MANDATORY:
        if not wanted.values.get(label, "-").strip(" -") and label in wanted.values:
            faults.setdefault(label, _MISSING[label])
    lines = [(label, value) for label, value in wanted.values.items() if label in LABELS and label not in faults]
    if wanted.level and "Level" not in faults:
        lines.append(("Level", wanted.level))
    changed = profile.changes(person, lines, FIELDS, stage.desk.rules.levels.names)
    faults |= _not_so(stage, person, changed, wanted)
    if faults:
        raise Wrong({label: faults[label] for label in (*FIELDS, "Access") if label in faults})
    _apply(stage, person, changed, wanted)
    return Saved(person.id, _access(stage, person, wanted))


def resend(stage: Keeping, contact_id: int) -> Saved:
    """Another letter with credentials to somebody who has access; what the last one carried works no more."""
    person = person_of(stage.session, stage.scope, contact_id)
    if why := contact_rules.no_giving(person):
        raise Refused(why)
    if not person.has_access:
        raise Refused(say("{name} has no portal access.", name=person.shown))
    _give(stage, person)
    return Saved(person.id, "access_given")


def _faults(stage: Keeping, wanted: Wanted) -> dict[str, str]:
    """What each field by itself says."""
    found: dict[str, str] = {}
    for label, value in wanted.values.items():
        if label not in LABELS or (label in MANDATORY and not value.strip(" -")):
            continue
        try:
            profile_values.checked(label, value, ())
        except FieldError as error:
            typed = label in ADDRESSES and not profile_values.is_address(value.strip())
            found[label] = _FORMAT if typed and len(value) <= profile_values.LONGEST["Email"] else error.said
    if wanted.level and wanted.level not in stage.desk.rules.levels.names:
        found["Level"] = say("Select a security level.")
    return found


def _directory(stage: Keeping, row: Row) -> Directory:
    return contact_batches.directory(stage.session, [row], stage.wish(update=False))


def _is_here(known: Directory, address: str, own: int) -> bool:
    """Whether it is that of somebody else whom the one who acts may know of."""
    owner = known.profiles.get(known.owners.get(address.strip().lower(), 0))
    if owner is None or owner.id == own:
        return False
    if owner.organisation_id == known.organisation_id:
        return True
    return known.trusted and owner.organisation_id is not None


def _blamed(known: Directory, cells: Mapping[str, str]) -> str:
    """The field that a refused row is refused for: the address that is somebody's."""
    keys = {label: cells.get(label, "").strip().lower() for label in ADDRESSES}
    taken = (label for label, key in keys.items() if key in known.owners or key in known.ours)
    return next(taken, "Email")


def _not_so(stage: Keeping, person: Profile, changed: Changes, wanted: Wanted) -> dict[str, str]:
    """What the rules say of these changes."""
    found: dict[str, str] = {}
    cells = {label: after for label, (_, after) in changed.items() if label in ADDRESSES and after}
    known = _directory(stage, Row(1, cells))
    for label in ADDRESSES:
        if label in changed and person.id == stage.own_id:
            found[label] = OWN_ADDRESS
        elif _is_here(known, cells.get(label, ""), person.id):
            found[label] = EXISTS
    if why := contact_rules.no_change(person, changed, stage.own_id, known.owners, known.ours):
        found.setdefault(*why)
    if wanted.access and not person.has_access:
        if no := contact_rules.no_giving(person):
            found["Access"] = no
        elif not wanted.level and person.level not in stage.desk.rules.levels.names:
            found["Level"] = say("Select a security level.")
    if not wanted.access and person.has_access and (no := contact_rules.no_taking(person, stage.own_id)):
        found["Access"] = no
    return found


def _apply(stage: Keeping, person: Profile, changed: Changes, wanted: Wanted) -> None:
    before = person.state
    profile.apply(stage.writes, person, changed)
    if "Email" in changed:
        kept = before.address.lower() in {address.lower() for address in person.addresses}
        profile.tell_of_address(
            stage.writes, before, person.state, stage.now, by=stage.by, kept=kept, portal=person.has_access
        )
    if wanted.muted != person.muted:
        contact_rules.mute(stage.writes, person, (), muted=wanted.muted)
    if wanted.site_id is not None and wanted.site_id != person.site_id:
        stage.writes.change(Contact, person.id, site_id=stage.site(wanted.site_id))


def _access(stage: Keeping, person: Profile, wanted: Wanted) -> Did:
    if wanted.access and not person.has_access:
        _give(stage, person)
        return "access_given"
    if not wanted.access and person.has_access and person.account is not None:
        granting.take(stage.writes, person.account)
        return "access_taken"
    return "saved"


def _give(stage: Keeping, person: Profile) -> None:
    """A letter with credentials, of which one person gets a few in an hour."""
    lately = select(func.count()).where(
        text(f"outbox.{SECRET_LETTERS}"),
        Outbox.contact_id == person.id,
        Outbox.kind == "credentials",
        Outbox.created_at > stage.now - timedelta(hours=1),
    )
    if (stage.session.scalar(lately.select_from(Outbox)) or 0) >= LETTERS_PER_HOUR:
        why = say(
            "{name} got several letters with credentials within the hour. Wait, and try again.", name=person.shown
        )
        raise Wrong({"Access": why})
    access = stage.access
    person.account = granting.give(
        stage.writes, access.keys, access.policy, person.state, person.account, stage.now, by=access.by
    )

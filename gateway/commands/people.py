"""#people: what Admin users do about the contacts of their organisation. Every change waits for a “confirm”."""

import re
from collections.abc import Callable

from desk import contact_import, contact_rules, contact_run, granting, profile
from desk.contact_file import Row
from desk.contact_import import Directory, Plan
from desk.contact_run import Access, Run
from desk.people import PeopleError
from desk.profile import MANDATORY, PERSON, Changes, Profile
from desk.said import SPACE, both, listed, say
from gateway.commands import people_import
from gateway.commands.people_scene import access_of, admin_of, answer, directory, person_lines
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\]{1,320}")
_ANSWERED = ("list", "template", "imports", "export")


def _people(scene: Scene, argument: str) -> Act | Fault:
    admin = admin_of(scene)
    if isinstance(admin, Fault):
        return admin
    word, _, rest = argument.strip().partition(" ")
    form = scene.case.rules.words.argument("people", word) if word else "list"
    if form in _ANSWERED:
        return answer(scene, f"{form} {rest.strip()}".strip() if form == "export" else form)
    check = _FORMS.get(form or "")
    if check is None:
        return Fault(say("“#people {word}” is not known. Send #help to see what there is.", word=word))
    if scene.ticket is not None:
        return Fault(say("“#people {word}” is no part of a ticket: write it as the subject of a new mail.", word=form))
    return check(scene, admin, rest.strip())


def _add(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    cells = {label: value for label, value in person_lines(scene) if value.strip(" -")}
    if any(label not in cells for label in MANDATORY):
        return answer(scene, "add", fields=cells)
    if _is_here(scene, admin, cells["Email"]):
        there = say("{address} is there already. To change the entry: #people edit {address}", address=cells["Email"])
        return Fault(there)
    known = directory(scene, admin)
    made = contact_import.plan([Row(1, cells)], known, update=False)
    (step,) = made.steps
    if step.fate != "added":
        return Fault(say("{Why}.", Why=step.why))
    site = people_import.site_of(scene, admin)
    if isinstance(site, Fault):
        return site
    name = f"{step.changes['First name'][1]} {step.changes['Last name'][1]}, {step.changes['Email'][1]}"
    says = say("{name} is added, without portal access.", name=name)
    if step.access:
        says = say("{name} is added, and gets a letter with credentials.", name=name)
    return Act(
        says,
        _do_add(made, known, access_of(scene, admin), site),
        confirm=True,
        preview=(say("Add {name}.", name=name),),
    )


def _do_add(made: Plan, known: Directory, access: Access, site_id: int | None) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        case = doing.scene.case
        run = Run(access, known.organisation_id, site_id)
        for person in contact_run.carry_out(doing.writes, made.steps, run, case.now):
            case.view.more.folk.profiles[person.id] = person
            for address in person.addresses:
                case.view.more.folk.owners[address.lower()] = person.id
                case.view.contacts[address.lower()] = person.state

    return do


def _is_here(scene: Scene, admin: Profile, address: str) -> bool:
    folk = scene.case.view.more.folk
    found = folk.profiles.get(folk.owners.get(address.lower(), 0))
    return found is not None and found.organisation_id == admin.organisation_id


def _find(scene: Scene, admin: Profile, rest: str) -> Profile | Fault:
    """Whom an address names; the same words for one of another organisation and for nobody."""
    named = _ADDRESS.search(rest)
    address = named[0] if named else ""
    if "@" not in address:
        return Fault(say("Name the person by e-mail address, like #people edit jane@example.com."))
    if not _is_here(scene, admin, address):
        return Fault(say("There is nobody with the address {address} in your organisation.", address=address))
    folk = scene.case.view.more.folk
    return folk.profiles[folk.owners[address.lower()]]


def _edit(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    person = _find(scene, admin, rest)
    if isinstance(person, Fault):
        return person
    lines = person_lines(scene)
    if not lines:
        return answer(scene, f"edit {person.address}")
    try:
        changed = profile.changes(person, lines, PERSON, scene.case.rules.levels.names)
    except PeopleError as error:
        return Fault(error.said)
    if fault := _no_way(scene, admin, person, changed):
        return fault
    access = any(label == "Level" for label, _ in lines) and not person.has_access and person.active
    if not changed and not access:
        same = say("Nothing is different from what is written of {name}.", name=person.shown)
        return Act(same, lambda doing: None, proof=False)
    said = [*profile.sentences(changed), *([say("They get a letter with credentials.")] if access else [])]
    preview = (say("Change {name}:", name=person.shown), *said)
    given = access_of(scene, admin) if access else None
    says = say("{name}: {changes}", name=person.shown, changes=listed(said, SPACE))
    return Act(says, _do_edit(person, changed, given), confirm=True, preview=preview)


def _no_way(scene: Scene, admin: Profile, person: Profile, changed: Changes) -> Fault | None:
    owners, ours = scene.case.view.more.folk.owners, directory(scene, admin).ours
    found = contact_rules.no_change(person, changed, admin.id, owners, ours)
    return Fault(found[1]) if found else None


def _do_edit(person: Profile, changed: Changes, given: Access | None) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        now, before = doing.scene.case.now, person.state
        profile.apply(doing.writes, person, changed)
        doing.scene.case.view.more.folk.owners.update({address.lower(): person.id for address in person.addresses})
        if "Email" in changed:
            by = doing.scene.author.name or doing.scene.author.address
            kept = before.address.lower() in {address.lower() for address in person.addresses}
            profile.tell_of_address(doing.writes, before, person.state, now, by=by, kept=kept, portal=person.has_access)
        if given is not None:
            _give(doing, person, given)

    return do


def _give(doing: Doing, person: Profile, given: Access) -> None:
    now = doing.scene.case.now
    person.account = granting.give(
        doing.writes, given.keys, given.policy, person.state, person.account, now, by=given.by
    )


def _activate(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    person = _find(scene, admin, rest)
    if isinstance(person, Fault):
        return person
    if why := contact_rules.no_giving(person):
        return Fault(why)
    given = access_of(scene, admin)
    says = say(
        "{name} has portal access, as {level}, and gets a letter with credentials.",
        name=person.shown,
        level=say(person.level),
    )
    preview = (say("Give {name} access to the portal, and write them a letter with credentials.", name=person.shown),)
    return Act(says, lambda doing: _give(doing, person, given), confirm=True, preview=preview)


def _deactivate(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    person = _find(scene, admin, rest)
    if isinstance(person, Fault):
        return person
    account = person.account
    why = contact_rules.no_taking(person, admin.id)
    if why or account is None:
        return Fault(why or "")
    says = say(
        "{name} has no portal access any more. Mail from {address} still reaches us.",
        name=person.shown,
        address=person.address,
    )
    preview = (say("Take portal access away from {name}.", name=person.shown),)
    return Act(says, lambda doing: granting.take(doing.writes, account), confirm=True, preview=preview)


def _muting(muted: bool) -> "_Form":
    def check(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
        person = _find(scene, admin, rest)
        if isinstance(person, Fault):
            return person
        if person.muted == muted:
            already = say("{name} gets letters already.", name=person.shown)
            if muted:
                already = say("{name} gets no letters about tickets already.", name=person.shown)
            return Fault(already)
        gets = say("{name} gets letters about tickets again.", name=person.shown)
        undo = say("To undo it: {command}", command=f"#people mute {person.address}")
        if muted:
            gets = say("{name} gets no letters about tickets any more.", name=person.shown)
            undo = say("To undo it: {command}", command=f"#people unmute {person.address}")
        return Act(both(gets, undo), _mute(person, muted), confirm=True, preview=(gets,))

    return check


def _mute(person: Profile, muted: bool) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        states = [doing.scene.case.view.contacts.get(address.lower()) for address in person.addresses]
        there = [state for state in states if state is not None]
        contact_rules.mute(doing.writes, person, there, muted=muted)

    return do


_Form = Callable[[Scene, Profile, str], Act | Fault]
_FORMS: dict[str, _Form] = {
    "add": _add,
    "edit": _edit,
    "activate": _activate,
    "deactivate": _deactivate,
    "mute": _muting(True),
    "unmute": _muting(False),
    "import": people_import.check,
}

COMMANDS: tuple[Spec, ...] = (
    Spec("people", ("admin",), "#people", say("Lists the people of your organisation; add, edit, activate, deactivate, "
         "mute, unmute, template, import, imports, export."), _people, ticket=False, subject=True, form=True),
)  # fmt: skip

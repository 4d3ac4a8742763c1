"""#people: what Admin users do about the contacts of their organisation. Every change waits for a “confirm”."""

import re
from collections.abc import Callable

from desk import contact_import, granting, notices, profile, taking_part
from desk.contact_file import Row
from desk.contact_import import Access, Directory, Plan
from desk.people import PeopleError
from desk.profile import MANDATORY, PERSON, Changes, Profile
from gateway.commands import people_import
from gateway.commands.people_scene import access_of, admin_of, answer, directory, person_lines
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\]{1,320}")
_ANSWERED = ("list", "template", "imports")


def _people(scene: Scene, argument: str) -> Act | Fault:
    admin = admin_of(scene)
    if isinstance(admin, Fault):
        return admin
    word, _, rest = argument.strip().partition(" ")
    form = scene.case.rules.words.argument("people", word) if word else "list"
    if form in _ANSWERED:
        return answer(scene, form)
    check = _FORMS.get(form or "")
    if check is None:
        return Fault(f"“#people {word}” is not known. Send #help to see what there is.")
    if scene.ticket is not None:
        return Fault(f"“#people {form}” is no part of a ticket: write it as the subject of a new mail.")
    return check(scene, admin, rest.strip())


def _add(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    cells = {label: value for label, value in person_lines(scene) if value.strip(" -")}
    if any(label not in cells for label in MANDATORY):
        return answer(scene, "add", fields=cells)
    if _is_here(scene, admin, cells["Email"]):
        return Fault(f"{cells['Email']} is there already. To change the entry: #people edit {cells['Email']}")
    known = directory(scene, admin)
    made = contact_import.plan([Row(1, cells)], known, update=False)
    (step,) = made.steps
    if step.fate != "added":
        return Fault(_sentence(step.why))
    site = people_import.site_of(scene, admin)
    if isinstance(site, Fault):
        return site
    name = f"{step.changes['First name'][1]} {step.changes['Last name'][1]}, {step.changes['Email'][1]}"
    says = f"{name} is added" + (", and gets a letter with credentials." if step.access else ", without portal access.")
    return Act(says, _do_add(made, known, access_of(scene, admin), site), confirm=True, preview=(f"Add {name}.",))


def _do_add(made: Plan, known: Directory, access: Access, site_id: int | None) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        case = doing.scene.case
        for person in contact_import.carry_out(doing.writes, made, known, access, case.now, site_id=site_id):
            case.view.more.folk.profiles[person.id] = person
            for address in person.addresses:
                case.view.more.folk.owners[address.lower()] = person.id
                case.view.contacts[address.lower()] = person.state

    return do


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}."


def _is_here(scene: Scene, admin: Profile, address: str) -> bool:
    folk = scene.case.view.more.folk
    found = folk.profiles.get(folk.owners.get(address.lower(), 0))
    return found is not None and found.organisation_id == admin.organisation_id


def _find(scene: Scene, admin: Profile, rest: str) -> Profile | Fault:
    """Whom an address names; the same words for one of another organisation and for nobody."""
    named = _ADDRESS.search(rest)
    address = named[0] if named else ""
    if "@" not in address:
        return Fault("Name the person by e-mail address, like #people edit jane@example.com.")
    if not _is_here(scene, admin, address):
        return Fault(f"There is nobody with the address {address} in your organisation.")
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
        changed = profile.changes(person, lines, PERSON, scene.case.rules.levels)
    except PeopleError as error:
        return Fault(str(error))
    if fault := _no_way(scene, admin, person, changed):
        return fault
    access = any(label == "Level" for label, _ in lines) and not person.has_access and person.active
    if not changed and not access:
        return Act(f"Nothing is different from what is written of {person.shown}.", lambda doing: None, proof=False)
    said = [*profile.sentences(changed), *(["They get a letter with credentials."] if access else [])]
    preview = (f"Change {person.shown}:", *said)
    given = access_of(scene, admin) if access else None
    return Act(f"{person.shown}: {' '.join(said)}", _do_edit(person, changed, given), confirm=True, preview=preview)


def _no_way(scene: Scene, admin: Profile, person: Profile, changed: Changes) -> Fault | None:
    if person.id == admin.id and "Level" in changed:
        return Fault("Nobody changes their own level. Another Admin user can, or we at the desk.")
    folk, ours = scene.case.view.more.folk, directory(scene, admin).ours
    for label in profile.ADDRESSES:
        address = changed.get(label, ("", ""))[1].lower()
        if address and (address in ours or folk.owners.get(address, person.id) != person.id):
            return Fault("That address cannot be used.")
    return None


def _do_edit(person: Profile, changed: Changes, given: Access | None) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        now, before = doing.scene.case.now, person.state
        profile.apply(doing.writes, person, changed)
        doing.scene.case.view.more.folk.owners.update({address.lower(): person.id for address in person.addresses})
        if "Email" in changed:
            by = doing.scene.author.name or doing.scene.author.address
            line = f"{by} changed your address at our desk to {person.address}; it was {before.address}."
            for to in (before, person.state):
                notices.letter(doing.writes, "done", to, now, context={"lines": [line]})
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
    if not person.active:
        return Fault(f"{person.shown} is deactivated. Ask us to bring them back.")
    given = access_of(scene, admin)
    says = f"{person.shown} has portal access, as {person.level}, and gets a letter with credentials."
    preview = (f"Give {person.shown} access to the portal, and write them a letter with credentials.",)
    return Act(says, lambda doing: _give(doing, person, given), confirm=True, preview=preview)


def _deactivate(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    person = _find(scene, admin, rest)
    if isinstance(person, Fault):
        return person
    if person.id == admin.id:
        return Fault("You cannot take your own access away. Another Admin user can, or we at the desk.")
    account = person.account
    if account is None or not account.active:
        return Fault(f"{person.shown} has no portal access.")
    says = f"{person.shown} has no portal access any more. Mail from {person.address} still reaches us."
    preview = (f"Take portal access away from {person.shown}.",)
    return Act(says, lambda doing: granting.take(doing.writes, account), confirm=True, preview=preview)


def _muting(muted: bool) -> "_Form":
    def check(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
        person = _find(scene, admin, rest)
        if isinstance(person, Fault):
            return person
        if person.muted == muted:
            return Fault(f"{person.shown} {'gets no letters about tickets' if muted else 'gets letters'} already.")
        gets = "gets no letters about tickets any more" if muted else "gets letters about tickets again"
        undo = f"#people {'unmute' if muted else 'mute'} {person.address}"
        preview = (f"{person.shown} {gets}.",)
        return Act(f"{person.shown} {gets}. To undo it: {undo}", _mute(person, muted), confirm=True, preview=preview)

    return check


def _mute(person: Profile, muted: bool) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        person.muted = muted
        states = [doing.scene.case.view.contacts.get(address.lower()) for address in person.addresses]
        for state in [state for state in states if state is not None] or [person.state]:
            taking_part.stop_all(doing.writes, state, stop=muted)

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
    Spec("people", ("admin",), "#people", "Lists the people of your organisation; add, edit, activate, deactivate, "
         "mute, unmute, template, import, imports.", _people, ticket=False, subject=True, form=True),
)  # fmt: skip

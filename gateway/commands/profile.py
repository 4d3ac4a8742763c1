"""What people do about themselves: #me shows and changes their profile, #signin sends a link to the portal."""

from collections.abc import Callable

from desk import audit, granting, notices, own_address, people, profile
from desk.people import PeopleError
from desk.profile import Changes, Profile
from desk.said import SPACE, listed, say
from desk.state import ContactState, StaffState
from gateway import answers_to
from gateway.commands.questions import asks
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec, nothing

NOT_USABLE = say("That address cannot be used.")
_NO_ACCESS = say("You do not have access. Write to the desk in your own words if that is wrong.")
_SIGN_IN = say("A sign-in link goes to every address that has access to the portal, at most three times in an hour.")


def profile_of(scene: Scene) -> Profile:
    """The author's own profile."""
    assert isinstance(scene.author, ContactState)  # noqa: S101 - for the type checker: the spec is for contacts
    found = scene.case.view.more.folk.profiles.get(scene.author.id)
    if found is None and not scene.author.fresh:
        raise RuntimeError("a command about a profile was checked without it")
    return found if found is not None else Profile.of(scene.author)


def _me(scene: Scene, argument: str) -> Act | Fault:
    if scene.is_staff:
        return Fault(say("#me shows the profile of a customer; you work at the desk."))
    own = profile_of(scene)
    if not own.active:
        return Fault(_NO_ACCESS)
    if scene.confirmed and (address := scene.kept.get(own_address.NEW)):
        return _take_address(scene, own, str(address))
    if not any(label in profile.PERSON for label, _ in scene.fields):
        return asks("me")(scene, argument)
    for label, value in scene.fields:
        shown = {"Level": own.level, "Organisation": own.organisation}.get(label, value)
        if value.casefold() != shown.casefold():
            return Fault(
                say(
                    "{label} cannot be changed here. An Admin user of your organisation can, or we at the desk.",
                    label=say(label),
                )
            )
    try:
        changed = profile.changes(own, scene.fields, profile.OWN, scene.case.rules.levels.names)
    except PeopleError as error:
        return Fault(error.said)
    if not changed:
        same = say("Nothing is different from what your profile says.")
        return Act(same, nothing, proof=False, tell=bool(scene.words))
    return _change(scene, own, changed)


def _change(scene: Scene, own: Profile, changed: Changes) -> Act | Fault:
    now = {label: pair for label, pair in changed.items() if label != "Email"}
    said = profile.sentences(now)
    new = changed["Email"][1] if "Email" in changed else ""
    if new:
        if not is_free(scene, new, own):
            return Fault(NOT_USABLE)
        if answers_to.refusal(scene.author, scene.case, None):  # or one could have us write to anybody, all day
            return Fault(say("You had too many letters today to be asked about a new address. Nothing was changed."))
        folk, most = scene.case.view.more.folk, scene.case.rules.caps.first_receipts_per_hour
        if why := own_address.why_not(own, new, folk.asked, most):
            return Fault(why)
        sent = say("A letter went to {address}. Answer it with “confirm”, and that becomes your address.", address=new)
        said.append(sent)

    def do(doing: Doing) -> None:
        profile.apply(doing.writes, own, now)
        if new:
            _ask_there(doing, own, new)

    return Act(listed(said, SPACE), do, preview=tuple(said))


def is_free(scene: Scene, address: str, own: Profile | None) -> bool:
    """True for an address that is nobody else's: no contact's, not of staff, none of the desk."""
    key, case = address.lower(), scene.case
    if key in case.view.staff_by_address or case.addresses.find(key):
        return False
    owner = case.view.more.folk.owners.get(key)
    contact = case.view.contacts.get(key)
    owner = owner if owner is not None else contact.id if contact else None
    return owner is None or (own is not None and owner == own.id)


def _ask_there(doing: Doing, own: Profile, new: str) -> None:
    """Ask at the new address whether it is theirs, and tell the old one, where it was not written from."""
    scene, now = doing.scene, doing.scene.case.now
    audit.note(doing.writes, "address.asked", "contact", own.id)
    own_address.ask(doing.writes, own, new, now, received_id=scene.case.mail.received_id or None)
    asked = scene.case.view.more.folk.asked
    asked.waiting.add((new.lower(), own.id))
    asked.lately[new.lower()] += 1
    if own.address.lower() != scene.author.address.lower():
        line = say(
            "As {address} wanted, we asked {new} whether that is your address now. It is not yet.",
            address=scene.author.address,
            new=new,
        )
        notices.letter(doing.writes, "done", own.state, now, context={"lines": [line]})


def _take_address(scene: Scene, own: Profile, new: str) -> Act | Fault:
    """The new address answered: it is the primary one from now on, and the old one stays as the second."""
    if not is_free(scene, new, own):
        return Fault(NOT_USABLE)
    old = own.state
    said = say(
        "Your address is now {new}; it was {old}. Mail from the old one still counts as yours.",
        new=new,
        old=old.address,
    )

    def do(doing: Doing) -> None:
        profile.set_addresses(doing.writes, own, profile.reordered(own, {"Email": new}))
        audit.note(doing.writes, "contact.changed", "contact", own.id, fields=["Email"])
        if isinstance(doing.scene.author, ContactState):
            people.confirm(doing.writes, doing.scene.author)
            doing.scene.case.view.more.folk.owners[new.lower()] = own.id
            doing.scene.author.address = new  # so that the letter about it goes there
        profile.tell_of_address(doing.writes, old, own.state, doing.scene.case.now, portal=own.has_access)

    return Act(said, do, tell=False)


def _sign_in(scene: Scene, argument: str) -> Act | Fault:
    """The same answer to everybody: nobody learns by it who has access."""
    folk, author = scene.case.view.more.folk, scene.author
    if isinstance(author, StaffState):
        person: ContactState | StaffState = author
        account = folk.staff_accounts.get(author.id)
    else:
        own = profile_of(scene)
        person, account = own.state, own.account
    sent = folk.links[person.address]
    may = person.active and sent < granting.LINKS_PER_HOUR
    has = account.active if account is not None else isinstance(person, ContactState) and person.known
    return Act(_SIGN_IN, _send_link(person), proof=False, tell=not (may and has))


def _send_link(person: ContactState | StaffState) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        case = doing.scene.case
        folk, keys = case.view.more.folk, case.addresses.keys
        own = folk.profiles.get(person.id) if isinstance(person, ContactState) else None
        before = own.account if own else folk.staff_accounts.get(person.id)
        sent = folk.links[person.address]
        account = granting.send_link(doing.writes, keys, person, before, case.now, sent=sent)
        if account is not None:
            folk.links[person.address] += 1
            if own is not None:
                own.account = account

    return do


COMMANDS: tuple[Spec, ...] = (
    Spec("me", ("customer",), "#me", say("Sends your profile. Answer it with changed lines to change it."), _me,
         ticket=False, subject=True, form=True),
    Spec("signin", ("customer", "staff"), "#signin", say("Sends you a link to sign in to the portal."), _sign_in,
         ticket=False, subject=True),
)  # fmt: skip

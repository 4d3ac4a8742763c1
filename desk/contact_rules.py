"""What holds for whoever keeps the people of an organisation, by mail or on a page: who may change what of whom."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from desk import audit, profile, sites, taking_part
from desk.profile import Changes, Profile
from desk.said import Said, say
from desk.state import ContactState
from desk.writes import Writes
from store.tables import Site

OWN_LEVEL = say("Nobody changes their own level. Another Admin user can, or we at the desk.")
OWN_ACCESS = say("You cannot take your own access away. Another Admin user can, or we at the desk.")


def no_change(
    person: Profile, changed: Changes, keeper_id: int, owners: Mapping[str, int], ours: Collection[str]
) -> tuple[str, Said] | None:
    """The label that cannot be changed so, with a sentence: nobody's own level, and no address of anybody else.

    So an organisation always keeps an Admin user: the one who acts. `keeper_id` is their contact, 0 for staff.
    """
    if person.id == keeper_id and "Level" in changed:
        return "Level", OWN_LEVEL
    for label in profile.ADDRESSES:
        address = changed.get(label, ("", ""))[1].lower()
        if address and (address in ours or owners.get(address, person.id) != person.id):
            return label, say("That address cannot be used.")
    return None


def no_giving(person: Profile) -> Said | None:
    """Why they cannot get access to the portal."""
    return None if person.active else say("{name} is deactivated. Ask us to bring them back.", name=person.shown)


def no_taking(person: Profile, keeper_id: int) -> Said | None:
    """Why it cannot be taken away from them."""
    if person.id == keeper_id:
        return OWN_ACCESS
    return None if person.has_access else say("{name} has no portal access.", name=person.shown)


def mute(writes: Writes, person: Profile, states: Iterable[ContactState], *, muted: bool) -> None:
    """No more letters about tickets, or letters again; `states` are the same person as others see them."""
    person.muted = muted
    audit.note(writes, "contact.changed", "contact", person.id, fields=["letters"])
    for state in list(states) or [replace(person.state, muted=not muted)]:
        taking_part.stop_all(writes, state, stop=muted)


def with_place(there: Sequence[Site], person: Profile) -> Profile:
    """With the address of their site, or of the main one, where none is written yet (features.md, row 181)."""
    if any(person.details.get(label) for label in sites.ADDRESS):
        return person
    site = next((one for one in there if one.id == person.site_id), None) or sites.main_of(there)
    return replace(person, details=person.details | sites.address_lines(site)) if site is not None else person

"""The processes on all machines: does one with each role live, are they of one version, do they share a clock?"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from postdesk.doctor.findings import Finding, Notes, Probe, span

if TYPE_CHECKING:
    from postdesk.wiring import House

_WORK = {
    "work": "No mail becomes a ticket.",
    "deliver": "No letter leaves.",
    "schedule": "No timer runs.",
    "smtp": "No mail comes in by SMTP.",
    "lmtp": "No mail comes in by LMTP.",
    "imap": "No mailbox is read.",
    "portal": "Nobody can open the portal.",
}


def probes(house: "House", _seconds: float) -> list[Probe]:
    """One."""
    return [Probe("processes", "the processes", lambda: _look(house))]


def _look(house: "House") -> Iterable[Finding]:
    from store.identity import short
    from store.processes import known, missing_roles

    notes = Notes("processes")
    if house.missing_database:
        return notes.found
    with house.database.reading() as session:
        found, missing = known(session), missing_roles(session)
    living = [process for process in found if process.lives]
    if not living:
        means = "Nothing is taken, handled or sent."
        notes.error("No process of this desk runs.", means, "Start it:", "postdesk serve")
        return notes.found
    for role in missing:
        means = _WORK.get(role, "What it does is not done.")
        do = f"Start one: postdesk serve --role {role}, or look why it ended."
        notes.error(f"No process with the role {role} lives.", means, do)
    for process in found:
        if not process.lives:
            who = f"{short(process.name)} ({', '.join(process.roles)})"
            what = f"{who} has not been seen for {span(process.seen)}."
            means = "It died with its machine, or is cut off from the database."
            notes.warning(what, means, "Look at that machine. Its row goes away after a day.")
    versions = sorted({process.version for process in living})
    if len(versions) > 1:
        means = "That is all right while you upgrade, and no longer."
        notes.warning(f"Processes of several versions run: {', '.join(versions)}.", means, "Upgrade the older ones.")
    if not notes.found:
        notes.ok(f"{len(living)} processes live, of version {versions[0]}, and no role is missing.")
    return notes.found

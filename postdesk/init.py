"""`postdesk init`: settings file, signing key, database, the first organisation and the first member of staff."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from postdesk import bundled, init_file
from postdesk.init_file import InitError, standing, write_private
from postdesk.settings import command, find_file, load
from postdesk.settings_kinds import ADDRESS

DEFAULT_FILE = Path("var/postdesk.toml")
LINK_HOURS = 72

__all__ = ["Answers", "InitError", "known_address", "run"]


@dataclass(frozen=True, slots=True)
class Answers:
    """What has to be known before anything is written."""

    organisation: str
    address: str
    staff_name: str
    staff_address: str

    @classmethod
    def sample(cls, address: str = "") -> "Answers":
        """A desk for trying out; .test is a domain that never leaves the machine (RFC 2606)."""
        return cls("Sample Organisation", address or "service@desk.test", "Sam Sample", "sam@desk.test")

    def asked(self, ask: Callable[[str], str]) -> "Answers":
        """Ask for what is not given."""
        return Answers(
            self.organisation or ask("Your organisation"),
            self.address or ask("The desk address people write to"),
            self.staff_name or ask("Name of the first member of staff"),
            self.staff_address or ask("Their own mail address"),
        )

    def faults(self) -> list[str]:
        """What cannot be right."""
        faults = [
            f"{text!r} is not a mail address"
            for text in (self.address, self.staff_address)
            if not ADDRESS.fullmatch(text)
        ]
        if self.address.lower() == self.staff_address.lower():
            faults.append("the desk and its staff need different addresses: a letter to one must not come back")
        if not self.organisation.strip() or not self.staff_name.strip():
            faults.append("the organisation and the member of staff need a name")
        return faults


def place(config: Path | None) -> Path:
    """The settings file that the desk is to have."""
    return (config or find_file(None, os.environ) or DEFAULT_FILE).absolute()


def known_address(config: Path | None) -> str:
    """The main address that a file without a desk names already, else ""; InitError when there is a desk."""
    loaded = standing(place(config))
    addresses = loaded.settings.desk.addresses if loaded else ()
    return addresses[0].address if addresses else ""


def run(config: Path | None, answers: Answers) -> str:
    """Set up; returns what to tell the operator. InitError when something stands in the way."""
    if faults := answers.faults():
        raise InitError("\n".join(faults))
    file, known = place(config), known_address(config)
    if known and answers.address.lower() != known.lower():
        raise InitError(f"{file} names {known} as the address of the desk. Give none, or change it there.")
    try:
        init_file.write(file, answers.organisation.strip(), answers.address.lower())
    except OSError as error:
        raise InitError(f"{file} cannot be written: {error.strerror}") from error
    link = _fill(file, answers)
    return (
        f"Settings are in {file}, data beside them.\n"
        f"{answers.staff_name} can sign in, once, within {LINK_HOURS} hours, at:\n  {link}\n"
        f"Services, items, hours and targets of your own: copy {_sample()} beside the settings, and change it.\n"
        f"Start with: {command('serve', config)}"
    )


def _sample() -> Path:
    return bundled.folder("config") / "catalogue.toml"


def _fill(file: Path, answers: Answers) -> str:
    """Key, tables and first rows; returns the sign-in link of the first member of staff."""
    from desk import audit, credentials, people
    from desk.keys import Keys
    from postdesk.wiring import House
    from store.migrations import upgrade

    house = House(load(file), create=True)
    key_file = house.settings.secrets.key_file
    if not key_file.exists():
        head = "# Signing keys of Postdesk, newest first. Keep a copy: without it old letters cannot be answered.\n"
        write_private(key_file, head + Keys.new_line(1) + "\n")
    upgrade(house.database)
    now, next_id = datetime.now(UTC), house.database.ids.next
    with house.database.transaction() as session:
        audit.note(session, "desk.made")
        people.organisation(session, answers.organisation.strip(), next_id(), now)
        team = people.team(session, house.settings.desk.addresses[0].team, next_id())
        person = people.add_staff(
            session, staff_id=next_id(), name=answers.staff_name, address=answers.staff_address, now=now, admin=True
        )
        people.join(session, team.id, person.id)
        account = credentials.issue(
            session, house.keys, person, kind="link", hours=LINK_HOURS, now=now, by="", next_id=next_id, letter=False
        )
        secret = credentials.once_secret(account.once_nonce or b"", house.keys, "link")
    house.database.close()
    return f"{house.settings.desk.base_url}/in/once/{secret}"

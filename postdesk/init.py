"""`postdesk init`: settings file, signing key, database, the first organisation and the first member of staff."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from postdesk import bundled
from postdesk.settings import find_file, load
from postdesk.settings_kinds import ADDRESS

DEFAULT_FILE = Path("var/postdesk.toml")
LINK_HOURS = 72


class InitError(Exception):
    """Why the set-up stopped, in words."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What has to be known before anything is written."""

    organisation: str
    address: str
    staff_name: str
    staff_address: str

    @classmethod
    def sample(cls) -> "Answers":
        """A desk for trying out; .test is a domain that never leaves the machine (RFC 2606)."""
        return cls("Sample Organisation", "service@desk.test", "Sam Sample", "sam@desk.test")

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


def run(config: Path | None, answers: Answers) -> str:
    """Set up; returns what to tell the operator. InitError when something stands in the way."""
    if faults := answers.faults():
        raise InitError("\n".join(faults))
    file = config or find_file(None, os.environ) or DEFAULT_FILE
    file = file.absolute()
    if file.exists():
        raise InitError(f"{file} is there already. Edit it, or choose another with: postdesk --config FILE init")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(file, _settings_text(answers))
    link = _fill(file, answers)
    return (
        f"Settings are in {file}, data beside them.\n"
        f"{answers.staff_name} can sign in, once, within {LINK_HOURS} hours, at:\n  {link}\n"
        f"Services, items, hours and targets of your own: copy {_sample()} beside the settings, and change it.\n"
        "Start with: postdesk serve"
    )


def _sample() -> Path:
    return bundled.folder("config") / "catalogue.toml"


def _settings_text(answers: Answers) -> str:
    name = answers.organisation.strip().replace("\\", "\\\\").replace('"', '\\"')
    return f"""\
# Settings of this desk. Every other setting, with its default, stands in the shipped default.toml.

[desk]
name = "{name} Service Desk"
base_url = "http://127.0.0.1:8080"
addresses = [{{ address = "{answers.address.lower()}", team = "Service Desk", type = "Query" }}]

[relay]
# "maildir" keeps outgoing mail in the folder outbox/; set "smtp" and host when it may leave this machine.
mode = "maildir"
"""


def _write_private(file: Path, text: str) -> None:
    """Made with its final mode: no moment in which others could read it."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)


def _fill(file: Path, answers: Answers) -> str:
    """Key, tables and first rows; returns the sign-in link of the first member of staff."""
    from desk import credentials, people
    from desk.keys import Keys
    from postdesk.wiring import House
    from store.migrations import upgrade

    house = House(load(file), create=True)
    key_file = house.settings.secrets.key_file
    if not key_file.exists():
        head = "# Signing keys of Postdesk, newest first. Keep a copy: without it old letters cannot be answered.\n"
        _write_private(key_file, head + Keys.new_line(1) + "\n")
    upgrade(house.database)
    now, next_id = datetime.now(UTC), house.database.ids.next
    with house.database.transaction() as session:
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

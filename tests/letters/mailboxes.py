"""Everybody's mailbox after a long conversation: the script of tests/conversation, played in this process."""

import email
import email.policy
import re
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.compose import Composer
from gateway.delivery import Deliverer
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import DeskFacts, Letter
from gateway.relay import Result, Sent
from gateway.rules import Caps
from store.database import Database
from store.migrations import upgrade
from store.tables import Contact, ContactAddress, Organisation, Staff, Team, TeamMember
from tests.gateway import desk_world
from tests.gateway.answers.answer_world import FACTS
from tests.gateway.desk_world import KEYS, NOW, RULES, World
from tests.letters.jwz import Mail

SCRIPT: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[1] / "conversation" / "script.toml").read_text(encoding="utf-8")
)
PEOPLE: dict[str, str] = SCRIPT["people"]
TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"


class Kept:
    """A relay that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letters: Sequence[Letter]) -> list[Result]:
        """All of it goes."""
        self.letters += letters
        return [Sent("250 ok") for _ in letters]

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Conversation:
    """Everybody's mailbox, in the order of time: what they wrote, and the letters that they got."""

    boxes: dict[str, list[Mail]]
    bridges: set[tuple[str, str]]  # tickets that a person's own mail joins: an answer to one became another


def played(folder: Path) -> Conversation:
    """The whole script."""
    database = Database(f"sqlite:///{folder}/desk.db")
    upgrade(database)
    _people(database)
    caps = replace(Caps(), first_receipts_per_hour=50, receipts_per_ticket=50)
    with desk_world.opened(database, folder, replace(RULES, caps=caps, fold=timedelta(0))) as world:
        found = _Player(world).play()
    database.close()
    return found


def _people(database: Database) -> None:
    new = database.ids.next
    with database.transaction() as session:
        works = Organisation(id=new(), name="Sample Works", created_at=NOW)
        session.add(works)
        session.flush()

        team = session.scalar(select(Team.id).where(Team.name == "Service Desk"))
        if team is None:
            team = new()
            session.add(Team(id=team, name="Service Desk"))
        for name in ("Sam", "Sue"):
            staff = Staff(id=new(), name=f"{name} Sample", address=PEOPLE[name], created_at=NOW)
            session.add(staff)
            session.flush()
            if name == "Sam":
                session.add(TeamMember(team_id=team, staff_id=staff.id))
        for name in ("Jane", "Karl"):
            own = [ContactAddress(address=PEOPLE[name], written=PEOPLE[name])]
            session.add(
                Contact(
                    id=new(), name=f"{name} Doe", organisation_id=works.id, known=True, created_at=NOW, addresses=own
                )
            )


class _Player:
    def __init__(self, world: World) -> None:
        self.world, self.relay = world, Kept()
        facts = DeskFacts("Desk", "https://desk.test", RULES.zone, "", "desk.test", "sample", 14, FACTS)
        composer = Composer(world.addresses, facts, TEMPLATES, keys=KEYS, blobs=world.blobs, clock=world.clock)
        policy = DeliveryPolicy(connections=1, fold_seconds=0)
        self.deliverer = Deliverer(world.database, composer, lambda: self.relay, policy, clock=world.clock)
        self.letters: dict[int, list[tuple[str, EmailMessage]]] = {}
        self.tickets: dict[int, str] = {}
        self.found = Conversation(defaultdict(list), set())

    def play(self) -> Conversation:
        """All mails, one after the other, ten minutes apart."""
        for number, step in enumerate(SCRIPT["mail"], 1):
            self.world.clock.forward(minutes=10)
            self._one(number, step)
        self.deliverer.close()
        return self.found

    def _one(self, number: int, step: dict[str, Any]) -> None:
        address = PEOPLE[step["from"]]
        answered = self._answered(step, address)
        subject = self._numbers(step.get("subject") or f"Re: {answered['Subject']}" if answered else step["subject"])
        fields = {"message_id": f"<mail{number}@people.test>"}
        if answered is not None:
            references = f"{answered['References'] or ''} {answered['Message-ID']}".strip()
            fields |= {"in_reply_to": str(answered["Message-ID"]), "references": references}
            fields["to"] = str(answered["Reply-To"]).rpartition("<")[2].strip(">")
        if "cc" in step:
            fields["cc"] = PEOPLE[step["cc"]]
        if "automatic" in step:
            fields["auto_submitted"] = step["automatic"]
        verdict = "pass" if step.get("verified") else "none"
        text = self._numbers(step["text"])
        date = self.world.clock.now.strftime("%a, %d %b %Y %H:%M:%S +0000")
        raw = desk_world.mail(address, subject, text, verdict=verdict, date=date, **fields)
        done = self.world.take(raw, recipients=(fields.get("to", desk_world.DESK),))
        ticket = self.world.ticket(done.ticket_id).number if done.ticket_id else ""
        self.tickets[number] = ticket
        own = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(own, EmailMessage)
        self.found.boxes[address].append(_mail(own, ticket, f"mail {number}"))
        if answered is not None and answered["X-Ticket"] and ticket not in ("", answered["X-Ticket"]):
            self.found.bridges.add((str(answered["X-Ticket"]), ticket))
        self._deliver(number)

    def _answered(self, step: dict[str, Any], address: str) -> EmailMessage | None:
        if "answers" not in step:
            return None
        own = [letter for to, letter in self.letters[step["answers"]] if to == address]
        assert own, step
        return own[-1]

    def _numbers(self, text: str) -> str:
        return re.sub(r"\{(\d+)\}", lambda found: self.tickets[int(found[1])], text)

    def _deliver(self, number: int) -> None:
        start = len(self.relay.letters)
        for _ in range(50):
            if not self.deliverer.drain_once():
                break
        self.letters[number] = []
        for letter in self.relay.letters[start:]:
            message = email.message_from_bytes(letter.bytes, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.letters[number].append((letter.recipient, message))
            found = _mail(message, str(message["X-Ticket"] or ""), f"letter of mail {number}")
            self.found.boxes[letter.recipient].append(found)


def _mail(message: EmailMessage, ticket: str, name: str) -> Mail:
    return Mail(
        id=str(message["Message-ID"]),
        references=tuple(str(message["References"] or "").split()),
        in_reply_to=str(message["In-Reply-To"] or ""),
        subject=str(message["Subject"]),
        topic=str(message["Thread-Topic"] or ""),
        index=str(message["Thread-Index"] or ""),
        ticket=ticket,
        name=name,
    )

"""Each folder of tests/scenarios: one mail, and what it must become."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk.files import FilePolicy
from desk.keys import Keys
from desk.state import ContactState, StaffState, TicketState
from gateway.claimed import Claimed, read_mail
from gateway.decide import decide
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.envelope import Envelope
from gateway.rules import Rules
from gateway.view import View
from postdesk.words import load

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("scenarios/*/expect.toml"))
WORDS = load(Path(__file__).parents[1] / "config" / "words")
RULES = Rules(ZoneInfo("Europe/London"), "this-desk", FilePolicy(10_000_000, 20, frozenset({"exe"})), WORDS)


def _world() -> View:
    jane = ContactState(11, "Jane Doe", "jane@customer.test", known=True)
    sam = StaffState(12, "Sam Sample", "sam@desk.test")
    ticket = TicketState(13, "T20190409.0967", "Phones down", "New", jane, "service@desk.test")
    return View(
        staff={sam.id: sam},
        staff_by_address={sam.address: sam},
        contacts={jane.address: jane},
        tickets={ticket.id: ticket},
        by_number={ticket.number: ticket.id},
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path) -> None:
    """The mail becomes what its folder expects."""
    expected: dict[str, Any] = tomllib.loads((folder / "expect.toml").read_text(encoding="utf-8"))
    addresses = Addresses((DeskAddress("service@desk.test"),), Keys.parse(Keys.new_line(1)), "desk.test")
    envelope = Envelope("someone@customer.test", ("service@desk.test",), "smtp")
    mail = read_mail(Claimed(1, envelope, (folder / "in.eml").read_bytes(), 0), addresses, RULES)
    view = _world()
    decision, _ = decide(mail, view, RULES, addresses, datetime.now(UTC))
    ticket = view.ticket(decision.ticket_id) if decision.ticket_id else None
    found = {
        "kind": decision.kind,
        "rule": decision.rule,
        "reason": decision.reason,
        "ticket": ticket.number if ticket else "",
        "sender": f"{mail.message.sender.name} <{mail.message.sender.address}>",
        "subject": mail.message.subject,
        "text": mail.message.text,
        "reply": mail.message.reply,
        "automatic": mail.message.automatic,
        "attachments": [item.name for item in mail.message.attachments],
        "forwarded": mail.message.forwarded.sender.address if mail.message.forwarded else "",
    }
    # "invitation_has", "html_lacks" and the like: words that must stand in a field, or must not.
    wanted = {name: expected.pop(name) for name in list(expected) if name.endswith(("_has", "_have", "_lacks"))}
    assert {name: found[name] for name in expected} == expected
    for name, words in wanted.items():
        field, _, way = name.rpartition("_")
        value = str(getattr(mail.message, field))
        assert {word: word in value for word in words} == dict.fromkeys(words, way != "lacks")

"""A desk with a catalogue: types with questions, services, items of several organisations, and targets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.catalogue import Catalogue, Item, Service
from desk.hours import Amount, office
from desk.request_types import STANDARD, Question, RequestType
from desk.targets import Target, Targets
from gateway.desk_addresses import Addresses
from gateway.rules import Rules
from store.database import Database
from tests.gateway import desk_world as sample
from tests.gateway.commands.by_mail import BLACKFRIARS, TELEHOUSE
from tests.gateway.desk_world import RULES, WORDS, World

LONDON = ZoneInfo("Europe/London")
FLOOR = Question("Which floor are you on?", required=True)
COLOUR = Question("Colour", choices=("Black", "White"))
ACCESS = RequestType("Access", fields=("Site",), questions=(FLOOR,), team="Network", aliases=("access",))
CATALOGUE = Catalogue(
    services=(
        Service("Distribution list", "Mail", questions=(COLOUR,), type="Change Request"),
        Service("Mailbox", "Mail"),
        Service("Wi-Fi", team="Network"),
        Service("Secret works", organisations=("Elsewhere",)),
    ),
    items=(
        Item("SIP trunk 4", "Sample Works", BLACKFRIARS[0], "SIP", "S-77", "REF-9", team="Network"),
        Item("Edge router", "Sample Works", TELEHOUSE[1]),
        Item("Edge switch", "Sample Works"),
        Item("Lift phone", "Works North"),
        Item("Vault door", "Elsewhere", serial="V-1", team="Network"),
    ),
    types=(*STANDARD, ACCESS),
    targets=Targets(
        {"": office(LONDON)},
        (
            Target("Low", Amount(days=1), Amount(days=5)),
            Target("Critical", Amount(minutes=30), Amount(minutes=240)),
            Target("Low", Amount(minutes=60), None, "Access"),
        ),
    ),
)


def rules() -> Rules:
    """A desk with a catalogue; its words know the questions."""
    return replace(RULES, catalogue=CATALOGUE, words=WORDS.with_labels(CATALOGUE.question_labels))


@contextmanager
def catalogued(database: Database, folder: Path) -> Iterator[World]:
    """The desk of it. 23 November 2026 is a Monday, and it is noon."""
    addresses = Addresses(sample.ADDRESSES.desks, sample.KEYS, "desk.test", types=CATALOGUE.addressed)
    with sample.opened(database, folder, rules(), addresses) as made:
        yield made

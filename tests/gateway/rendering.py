"""The letters of a sample desk as their readers get them: rendered from the outbox, as text."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.answers import AnswerFacts
from gateway.compose import Composer
from gateway.letter import DeskFacts, Letter, Unsent
from store.tables import Outbox
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import World

TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"


def facts(**changes: object) -> DeskFacts:
    """What letters say of the sample desk."""
    values: dict[str, object] = {
        "name": "Sample Desk",
        "base_url": "https://desk.test",
        "zone": ZoneInfo("Europe/London"),
        "phone": "",
        "hostname": "desk.test",
        "instance": "sample",
        "reopen_days": 14,
        "answers": AnswerFacts(
            ZoneInfo("Europe/London"), "Sample Desk", sample.DESK, "https://desk.test", sample.WORDS
        ),
    }
    return DeskFacts(**(values | changes))  # type: ignore[arg-type]


def letters(world: World, kind: str = "", recipient: str = "") -> list[EmailMessage]:
    """Every letter of the outbox that can be sent, oldest first; one that cannot be written fails the test."""
    composer = Composer(sample.ADDRESSES, facts(), TEMPLATES, keys=sample.KEYS, blobs=world.blobs, clock=world.clock)
    with world.database.reading() as session:
        rows = list(session.scalars(select(Outbox).order_by(Outbox.id)))
        made: dict[int, Letter | Unsent] = {}
        while len(made) < len(rows):  # a round makes so many answers
            made |= composer.render_many(session, [row for row in rows if row.id not in made])
    found = []
    for row in rows:
        letter = made[row.id]
        if not isinstance(letter, Letter):
            assert letter.final, f"{row.kind} to {row.recipient}: {letter.reason}"
            continue
        if kind in ("", row.kind) and recipient in ("", row.recipient):
            found.append(email.message_from_bytes(letter.bytes, policy=email.policy.default))
    return found


def words(letter: EmailMessage) -> str:
    """Everything that a reader could see of a letter: subject, names, text, HTML, files."""
    parts = [str(letter["Subject"]), str(letter["From"]), str(letter["To"])]
    for part in letter.walk():
        if part.get_content_maintype() == "text":
            parts.append(str(part.get_content()))
        parts.append(part.get_filename() or "")
    return " ".join(" ".join(parts).split())


def text(letter: EmailMessage) -> str:
    """The text part of a letter, as it stands."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())

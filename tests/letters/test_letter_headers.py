"""Header fields of every letter, as they are kept in golden/, and the rules behind them.

After a change that is meant: POSTDESK_GOLDEN=write pytest tests/letters/test_letter_headers.py, and read the diff.
"""

import base64
import os
import re
from pathlib import Path

import pytest

from postdesk import __version__
from postdesk.preview.rendering import Preview
from postdesk.preview.scene import NUMBER, Scene
from tests.letters import rendered

GOLDEN = Path(__file__).parent / "golden"
ROOT = "<t20190409.0967@desk.example.com>"
_TOKEN = re.compile(r"(?<=[.+]r-)[a-z2-7]+|(?<=[+]stop-)[a-z2-7]+|(?<=/u/)[\w-]+")
_ROW = re.compile(r"(?<=\.o)\d+(?=\.)")
_VARYING = {"Thread-Index": "INDEX", "X-Postdesk-Instance": "MARK", "X-Mailer": "Postdesk VERSION"}
_BOUNDARY = re.compile(r'boundary="[^"]*"')
# Letters that end with one click (RFC 8058): alerts, what one watches, digests, and what goes to everybody.
ONE_CLICK = {"E12", "E19", "E20"}


def fields(letter: Preview) -> str:
    """The header of a letter, with what is different each time taken out."""
    lines = []
    for name, value in letter.message.items():
        value = _BOUNDARY.sub('boundary="…"', _ROW.sub("N", _TOKEN.sub("TOKEN", " ".join(str(value).split()))))
        lines.append(f"{name}: {_VARYING.get(name, value)}\n")
    return "".join(lines)


def of_tickets() -> list[Preview]:
    """Letters about a ticket."""
    return [letter for letter in rendered.letters("en").values() if letter.message["X-Ticket"]]


@pytest.mark.parametrize("name", rendered.NAMES)
def test_header(name: str) -> None:
    """Each field with its value, in the order in which people read them."""
    found, file = fields(rendered.letters("en")[name]), GOLDEN / f"{name}.txt"
    if os.environ.get("POSTDESK_GOLDEN") == "write":
        file.write_text(found, encoding="utf-8")
    assert file.is_file(), "write it: POSTDESK_GOLDEN=write"
    assert found == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    """Each belongs to a letter."""
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(rendered.NAMES)


@pytest.mark.parametrize("language", rendered.LANGUAGES)
def test_letters_of_a_ticket_thread(language: str) -> None:
    """The root stands first in References whatever the letter, and each answers something."""
    rendered.need(language)
    letters = [letter for letter in rendered.letters(language).values() if letter.message["X-Ticket"]]
    assert len(letters) > 30
    for letter in letters:
        assert str(letter.message["References"]).split()[0] == ROOT
        assert letter.message["In-Reply-To"]
        assert letter.message["X-Ticket"] == NUMBER


def test_thread_index() -> None:
    """22 bytes for the ticket, which all its letters share, and 5 for each letter that came before."""
    indexes = [base64.b64decode(str(letter.message["Thread-Index"])) for letter in of_tickets()]
    for index in indexes:
        assert index[0] == 1
        assert (len(index) - 22) % 5 == 0
    assert len({index[:22] for index in indexes}) == 1


def test_subject_stays_when_the_title_changes() -> None:
    """Mail programs thread by it; and the state of a ticket is never in it."""

    def retitle(scene: Scene) -> None:
        scene.ticket.title = "Phones work again, mostly"

    after = rendered.changed(retitle)
    for letter in of_tickets():
        assert after[letter.entry.name].subject == letter.subject
        assert after[letter.entry.name].message["Thread-Topic"] == letter.message["Thread-Topic"]
        assert str(letter.message["X-Ticket-Status"]) not in letter.subject


@pytest.mark.parametrize("name", rendered.NAMES)
def test_one_click_where_it_is_offered(name: str) -> None:
    """RFC 8058 is for letters that come by themselves; nobody ends what they asked of a person with one click."""
    letter = rendered.letters("en")[name]
    offered = letter.entry.id in ONE_CLICK or letter.message["X-Ticket-Reason"] == "watching"
    post, way = letter.message["List-Unsubscribe-Post"], str(letter.message["List-Unsubscribe"] or "")
    assert (post == "List-Unsubscribe=One-Click") == offered
    assert ("<https://desk.example.com/u/" in way) == offered
    assert not way or way.startswith("<mailto:service+")


@pytest.mark.parametrize("name", rendered.NAMES)
def test_machines_know_a_letter(name: str) -> None:
    """No vacation notice answers it, and no machine takes it for a person's mail (RFC 3834)."""
    message = rendered.letters("en")[name].message
    assert message["Auto-Submitted"] in ("auto-replied", "auto-generated")
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Date"]
    assert message["Message-ID"]


@pytest.mark.feature("F45", "mail")
@pytest.mark.parametrize("name", rendered.NAMES)
def test_the_version(name: str) -> None:
    """Letters to staff say which Postdesk wrote them; to others it would tell which faults to try."""
    letter = rendered.letters("en")[name]
    to_staff = letter.message["To"].addresses[0].domain == "desk.test"
    assert letter.message["X-Mailer"] == (f"Postdesk {__version__}" if to_staff else None)

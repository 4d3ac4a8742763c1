"""What the portal has buttons for, done by mail alone: to ask, attach, see and answer."""

from email.message import EmailMessage

import pytest
from sqlalchemy import select

from store.tables import Attachment
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.answers.answer_world import ask, numbers
from tests.gateway.commands.by_mail import opened, reply
from tests.gateway.desk_world import ANN, KIM, NUMBER, PAT, REM, SAM, People, World
from tests.gateway.test_intake import with_files

PICTURE, LOG = b"\xff\xd8\xff\xe0 a picture", b"lines\n" * 3
FILES = {"handset.jpg": PICTURE, "log.txt": LOG}


def attached(letter: EmailMessage) -> dict[str, bytes]:
    """The files of a letter by name."""
    found: dict[str, bytes] = {}
    for item in letter.iter_attachments():
        assert isinstance(item, EmailMessage)
        found[str(item.get_filename())] = item.get_content()
    return found


@pytest.mark.feature("F57", "mail")
@pytest.mark.feature("F59", "mail")
@pytest.mark.feature("F98", "mail")
@pytest.mark.feature("F103", "mail")
def test_one_mail_is_the_whole_form(world: World, people: People) -> None:
    """It is submitted as it comes; the receipt shows it and leads to it, and it is the first of the open ones."""
    ticket = opened(world, "Urgency: high\n\nIt burns.", subject="Printer on fire")
    (receipt,) = rendering.letters(world, "received", ANN)
    lines = rendering.text(receipt).splitlines()
    for shown in ("Title: Printer on fire", f"Contact: {ANN}", f"https://desk.test/t/{ticket.number}"):
        assert shown in lines
    assert numbers(ask(world, people, ANN, "list", "open")) == [ticket.number, NUMBER]


@pytest.mark.feature("F101", "mail")
@pytest.mark.feature("F102", "mail")
@pytest.mark.feature("F108", "mail")
@pytest.mark.feature("F111", "mail")
def test_files_come_with_the_mail(world: World, people: People) -> None:
    """Several at once; staff get them, colleagues who may see the ticket see them, and nobody else."""
    done = world.take(with_files(*FILES.items(), cc=PAT))
    names = select(Attachment.name).where(Attachment.ticket_id == done.ticket_id).order_by(Attachment.id)
    assert world.all(names) == list(FILES)
    (told,) = rendering.letters(world, "new_ticket", SAM)
    assert attached(told) == FILES
    seen = {who: ask(world, people, who, "status", ticket=done.ticket_id).text for who in (ANN, PAT, KIM, REM)}
    named = {who for who, text in seen.items() if "Files: handset.jpg (1 KB), log.txt (1 KB)" in text}
    assert named == {ANN, PAT, KIM}
    assert "handset.jpg" not in seen[REM]


@pytest.mark.feature("F56", "mail")
@pytest.mark.feature("F119", "mail")
@pytest.mark.feature("F130", "mail")
def test_a_reply_to_a_letter_is_a_note_with_its_files(world: World, people: People) -> None:
    """To whichever letter of the ticket; a few words are enough, and the others get words and files."""
    world.take(reply(people, "We look into it.", SAM))
    (letter,) = rendering.letters(world, "update", ANN)
    raw = with_files(*FILES.items(), to=str(letter["Reply-To"]), subject=str(letter["Subject"]))
    assert world.take(raw).ticket_id == people.ticket
    entry = world.events(people.ticket)[-1]
    assert (entry.kind, entry.visibility, entry.text) == ("note", "public", "See the files.")
    for kind, reader in (("update", PAT), ("customer_wrote", SAM)):
        told = rendering.letters(world, kind, reader)[-1]
        assert "See the files." in rendering.text(told)
        assert attached(told) == FILES


@pytest.mark.feature("F44")
def test_there_are_no_projects(world: World, people: People) -> None:
    """Nobody can ask for them: no command, no label, and not a word of them in anybody's help."""
    assert sample.WORDS.command("projects") is None
    world.take(sample.mail(ANN, "#projects", "", verdict="pass"))
    assert world.letters("answer", ANN) == []
    for who in (ANN, SAM):
        assert "project" not in ask(world, people, who, "help").text.lower()

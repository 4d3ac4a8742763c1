"""Notes by mail: private and quiet ones, those that go into the resolution too, and files that are taken away."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from store.tables import Attachment, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, DESK, KIM, NUMBER, PAT, SAM, People, World

BOUNDARY = 'multipart/mixed; boundary="b"'


def own(people: People, sender: str, body: str, **fields: Any) -> bytes:
    """A reply to somebody's own letter about the ticket."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(sender))
    return sample.mail(sender, f"Re: [{NUMBER}] Phones", body, to=to, **fields)


def with_files(people: People, sender: str, *names: str) -> bytes:
    """The same with files."""
    parts = "".join(
        f'--b\nContent-Type: image/png\nContent-Disposition: attachment; filename="{name}"\n\n{name}\n'
        for name in names
    )
    return own(people, sender, f"--b\n\nSee the pictures.\n{parts}--b--", content_type=BOUNDARY)


def told(world: World, kind: str = "update") -> list[str]:
    """Whom the letters of a kind went to."""
    return [row.recipient for row in world.letters(kind)]


def lines(world: World, kind: str, recipient: str) -> str:
    """What the last letter of a kind to somebody says."""
    return " ".join(world.letters(kind, recipient)[-1].context["lines"])


# notes


@pytest.mark.feature("F137", "mail")
def test_a_title_line_says_what_a_note_is_about(world: World, people: People) -> None:
    """Above the words of a reply, cut out of them; letters and the ticket show it; the ticket keeps its own title."""
    world.take(own(people, ANN, "Title: Customer update\n\nIt rings again."))
    (entry,) = world.events(people.ticket)
    assert (entry.title, entry.text, entry.changes.get("title")) == ("Customer update", "It rings again.", None)
    before = world.ticket(people.ticket).title
    assert before == "Phones are down"
    for letter in rendering.letters(world, "customer_wrote"):
        assert "Ann wrote: Customer update It rings again." in " ".join(rendering.text(letter).split())
    assert rendering.letters(world, "customer_wrote") != []
    too_long = "Title: " + "x" * 101 + "\n\nIt rings."
    world.take(own(people, ANN, too_long))
    assert world.events(people.ticket)[1].text == too_long
    world.take(own(people, ANN, "Title: Two phones are down"))
    assert world.ticket(people.ticket).title == "Two phones are down"
    assert world.events(people.ticket)[2].title == ""


@pytest.mark.feature("F107", "mail")
def test_a_line_names_a_file(world: World, people: People) -> None:
    """`handset.jpg: photo of the display`; the line stays, the ending too, and other lines name nothing."""
    body = "--b\n\nHandset.JPG: photo of the display\nswitch: the small box\nlog.txt: " + "x" * 101
    files = "".join(
        f'\n--b\nContent-Type: image/png\nContent-Disposition: attachment; filename="{name}"\n\n{name}\n'
        for name in ("handset.jpg", "log.txt", "switch")
    )
    world.take(own(people, ANN, f"{body}{files}--b--", content_type=BOUNDARY))
    with world.database.reading() as session:
        found = session.execute(select(Attachment.name, Attachment.original_name).order_by(Attachment.id)).all()
    assert [tuple(row) for row in found] == [
        ("photo of the display.jpg", "handset.jpg"),
        ("log.txt", "log.txt"),
        ("switch", "switch"),
    ]
    assert "Handset.JPG: photo of the display" in world.events(people.ticket)[0].text


@pytest.mark.feature("F131", "mail")
@pytest.mark.feature("F138", "mail")
@pytest.mark.feature("F141", "mail")
@pytest.mark.feature("F143", "mail")
def test_a_reply_is_a_note(world: World, people: People) -> None:
    """It stands in the ticket once the mail is handled; who takes part and staff are told."""
    assert world.take(own(people, ANN, "It is the second floor.")).kind == "noted"
    (entry,) = world.events(people.ticket)
    assert (entry.text, entry.visibility, entry.author) == ("It is the second floor.", "public", "Ann")
    assert told(world) == [PAT]
    assert told(world, "customer_wrote") == [SAM]


@pytest.mark.feature("F136", "mail")
def test_a_note_on_any_ticket_that_one_can_see(world: World, people: People) -> None:
    """A colleague who takes no part, with the number in the subject; not once it is hidden from them."""
    world.take(sample.mail(KIM, f"About [{NUMBER}]", "Here too.", verdict="pass"))
    assert [(entry.text, entry.author) for entry in world.events(people.ticket)] == [("Here too.", "Kim")]
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(shared=False))
    world.take(sample.mail(KIM, f"About [{NUMBER}]", "And here.", verdict="pass"))
    assert len(world.events(people.ticket)) == 1


@pytest.mark.feature("F139", "mail")
def test_who_else_is_told(world: World, people: People) -> None:
    """Whom the Cc of a note brings in hears of it and how it began (E18), besides those who hear in any case."""
    world.take(own(people, ANN, "Kim knows the switch.", cc=KIM))
    assert told(world) == [PAT]
    assert told(world, "shared") == [KIM]
    world.take(own(people, ANN, "And the router.", cc=KIM))
    assert sorted(told(world)) == [KIM, PAT, PAT]
    assert told(world, "shared") == [KIM]


# private


def offer_private(world: World) -> None:
    """Private notes are off unless a desk wants them."""
    world.rules = replace(sample.RULES, private_notes=True)
    world.intake = world.new_intake()


@pytest.mark.feature("F140", "mail")
def test_private(world: World, people: People) -> None:
    """Where they are offered: staff read it, nobody of the customer side does, and the author is told."""
    offer_private(world)
    world.take(own(people, PAT, "#private\nAnn gave me the wrong password."))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.author, entry.text) == ("internal", "Pat", "Ann gave me the wrong password.")
    assert told(world) == []
    assert told(world, "customer_wrote") == [SAM]
    assert "the desk alone" in lines(world, "done", PAT)


def test_private_is_not_offered(world: World, people: People) -> None:
    """By default. What was meant to be private is still shown to nobody else, and the author hears of it."""
    world.take(own(people, PAT, "She is wrong.\n#private"))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.text) == ("internal", "She is wrong.")
    assert told(world) == told(world, "done") == []
    assert "not offered" in lines(world, "not_done", PAT)


@pytest.mark.parametrize(
    "body",
    [
        "#private\n#remove nosuch.png\nSecret.",
        "#private note\nSecret.",
        "#privat\nSecret.",
        "#privte\nSecret.",
        "Secret.\n#private\nMore.",
        "#private\n#copy new@elsewhere.test\nSecret.",
        "#private\n#append\nSecret.",
        "#private\n" + "#alert due\n" * 21 + "Secret.",
    ],
)
def test_what_was_meant_to_be_private_is_never_shown(world: World, people: People, body: str) -> None:
    """Nothing of it is done, or it is a slip, or in the wrong place: only staff read it, and the author hears."""
    offer_private(world)
    world.take(own(people, PAT, body))
    (entry,) = world.events(people.ticket)
    assert entry.visibility == "internal"
    assert "Secret." in entry.text
    assert told(world) == told(world, "copy") == []
    assert len(world.letters("not_done", PAT)) == 1 or body.startswith("#privat\n")


def test_private_of_a_new_ticket(world: World, people: People) -> None:
    """Its first words are for the desk; also when another command of the mail cannot be done."""
    for body in ("#private\nSecret.", "#private\n#quiet\nSecret."):
        done = world.take(sample.mail(ANN, "Salary", body, verdict="pass"))
        assert [entry.visibility for entry in world.events(done.ticket_id)] == ["internal"]


def test_private_needs_no_proof(world: World, people: People) -> None:
    """It hides words and changes nothing else: no need to wait, and no time in which all read it."""
    offer_private(world)
    world.take(sample.mail(PAT, f"[{NUMBER}]", "#private\n#stop\nSecret."))
    assert [entry.visibility for entry in world.events(people.ticket)] == ["internal"]
    assert told(world) == []
    assert told(world, "confirm") == [PAT]


# quiet


@pytest.mark.feature("F133", "mail")
def test_quiet(world: World, people: People) -> None:
    """Staff are told by default, and not with #quiet; the customer side is told all the same."""
    world.take(own(people, ANN, "First."))
    assert told(world, "customer_wrote") == [SAM]
    world.take(own(people, ANN, "#quiet\nNo hurry."))
    assert told(world, "customer_wrote") == [SAM]
    assert told(world) == [PAT, PAT]
    assert world.events(people.ticket)[-1].text == "No hurry."


def test_an_unproven_note_is_never_quiet(world: World, people: People) -> None:
    """A forged one must not slip past staff."""
    world.take(sample.mail(ANN, f"[{NUMBER}]", "#quiet\nGive Eve access."))
    assert told(world, "customer_wrote") == [SAM]
    assert "told" in lines(world, "done", ANN)


def test_a_new_ticket_is_never_quiet(world: World, people: People) -> None:
    """Somebody has to hear of it."""
    world.take(sample.mail(ANN, "Printer", "#quiet\nIt smokes.", verdict="pass"))
    assert told(world, "new_ticket") == [SAM]


# append


@pytest.mark.feature("F132", "mail")
def test_append(world: World, people: People) -> None:
    """The note goes into the resolution too, with the name of the one who added it."""
    world.take(own(people, SAM, "#resolve New cable."))
    world.take(own(people, ANN, "The cable was cut by a mouse.\n#append"))
    ticket, entry = world.ticket(people.ticket), world.events(people.ticket)[-1]
    assert ticket.resolution == "New cable.\n\nThe cable was cut by a mouse.\n(added by Ann)"
    assert entry.text == "The cable was cut by a mouse."
    assert entry.changes["resolution"] == ["New cable.", ticket.resolution]


def test_append_nothing(world: World, people: People) -> None:
    """There have to be words."""
    world.take(own(people, ANN, "#append"))
    assert "holds none" in lines(world, "not_done", ANN)


# files


def shown(world: World) -> list[str]:
    """Names of the files that people see."""
    return world.all(select(Attachment.name).where(Attachment.hidden_at.is_(None)).order_by(Attachment.id))


@pytest.mark.feature("F112", "mail")
@pytest.mark.parametrize("named", ["Handset.PNG", "handset", "  handset.png "])
def test_remove(world: World, people: People, named: str) -> None:
    """One's own file, by its name or a part of it: hidden, kept, and in the history."""
    world.take(with_files(people, ANN, "handset.png", "switch.png"))
    world.take(own(people, ANN, f"#remove {named}"))
    assert shown(world) == ["switch.png"]
    assert world.count(Attachment) == 2
    assert world.events(people.ticket)[-1].changes == {"file removed": ["handset.png", ""]}
    assert "handset.png is removed" in lines(world, "done", ANN)
    world.take(own(people, ANN, f"#remove {named}"))
    assert "There are: switch.png" in lines(world, "not_done", ANN)


@pytest.mark.parametrize(
    "sender, named, why",
    [
        (ANN, "", "There are: a1.png, a2.png"),
        (ANN, "a", "could be several"),
        (ANN, "b.png", "no file of yours"),
        (PAT, "a1.png", "There are: b.png"),
        (KIM, "a1.png", "no file here that you sent"),
    ],
)
def test_remove_refused(world: World, people: People, sender: str, named: str, why: str) -> None:
    """Not somebody else's, and not one of several."""
    world.take(with_files(people, ANN, "a1.png", "a2.png"))
    world.take(with_files(people, PAT, "b.png"))
    world.take(own(people, sender, f"#remove {named}", verdict="pass"))
    assert shown(world) == ["a1.png", "a2.png", "b.png"]
    assert why in lines(world, "not_done", sender)


def test_remove_on_a_closed_ticket(world: World, people: People) -> None:
    """What is done stays as it is."""
    world.take(with_files(people, ANN, "handset.png"))
    world.take(own(people, SAM, "#resolve Done."))
    world.take(own(people, ANN, "#remove handset.png"))
    assert shown(world) == ["handset.png"]
    assert "files stay" in lines(world, "not_done", ANN)


def test_staff_remove_any_file(world: World, people: People) -> None:
    """Also a customer's, and on a closed ticket."""
    world.take(with_files(people, ANN, "passport.png"))
    world.take(own(people, SAM, "#resolve Done."))
    world.take(own(people, SAM, "#remove passport.png"))
    assert shown(world) == []


def test_an_unproven_removal_waits(world: World, people: People) -> None:
    """It is done on “confirm”."""
    world.take(with_files(people, ANN, "handset.png"))
    world.take(sample.mail(ANN, f"[{NUMBER}]", "#remove handset.png"))
    assert shown(world) == ["handset.png"]
    (question,) = world.letters("confirm")
    token = sample.Token("confirm", people.ticket, question.context["pending"])
    world.take(sample.mail(ANN, "Re", "confirm", to=sample.ADDRESSES.reply_to(DESK, token)))
    assert shown(world) == []

"""A mail as an entry: what of it is shown, and what staff are told of the rest."""

import pytest
from sqlalchemy import select

from store.tables import Attachment
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, PAT, SAM, People, World

PASTED = "Is this mail genuine?\n\nFrom: bank@x.test\nSent: Monday\nTo: me\nSubject: Your account\n\nClick.\n\nShall I?"


@pytest.mark.parametrize(
    "text",
    [
        PASTED,
        "Hello,\n\nOn Monday, 23 November 2026 at 10:00 my boss <boss@x.test> wrote:\nplease fix it.",
        "---------- Forwarded message ---------\nFrom: Bob <bob@x.test>\nSubject: Chair\n\nPlease order a chair.",
        "The log says:\n> error 5\n\nWhat is it?",
    ],
)
def test_a_new_mail_is_shown_whole(text: str, world: World, people: People) -> None:
    """What answers nothing quotes nothing that is known here: all of it is the request."""
    done = world.take(sample.mail(EVE, "A question", text))
    (entry,) = world.events(done.ticket_id)
    assert entry.text == text


def test_signature_of_a_new_mail(world: World, people: People) -> None:
    """Only what stands below `-- ` is folded."""
    done = world.take(sample.mail(EVE, "Chair", "Please order one.\n\n-- \nEve\nExample Ltd"))
    (entry,) = world.events(done.ticket_id)
    assert (entry.text, "Example Ltd" in entry.folded) == ("Please order one.", True)


def test_an_answer_is_folded(world: World, people: People) -> None:
    """The same words in an answer are what the desk wrote itself."""
    world.take(sample.mail(ANN, "Re: Phones", f"Still dead.\n\n{PASTED[23:]}", in_reply_to=FIRST_MAIL))
    last = world.events(people.ticket)[-1]
    assert last.text == "Still dead."
    assert "Your account" in last.folded


def test_who_points_below_is_shown_whole(world: World, people: People) -> None:
    """Answers between unmarked lines of a quotation are not lost."""
    text = f"See my answers below.\n\n{PASTED[23:]}\n[Ann] yes"
    world.take(sample.mail(ANN, "Re: Phones", text, in_reply_to=FIRST_MAIL))
    assert world.events(people.ticket)[-1].text.endswith("[Ann] yes")


def test_staff_who_point_below_are_asked(world: World, people: People) -> None:
    """Nothing goes to the customer: their words cannot be told from a letter that may show internal notes."""
    address = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    text = f"Siehe unten.\n\n{PASTED[23:]}\n[Sam] yes"
    world.take(sample.mail(SAM, "Re: Phones", text, to=address), recipients=(address,))
    assert world.events(people.ticket)[-1].visibility == "internal"
    (letter,) = world.letters("not_done", SAM)
    assert "above the quotation" in str(letter.context)
    assert world.letters("update") == []


def test_staff_are_told_what_is_left_out(world: World, people: People) -> None:
    """A letter says so when lines stand folded that are no letter of ours; a marked quotation is not worth a line."""
    world.take(sample.mail(ANN, "Re: Phones", f"Look.\n\n{PASTED[23:]}", in_reply_to=FIRST_MAIL))
    world.take(
        sample.mail(ANN, "Re: Phones", "Look.\n\nOn 23.11.26 at 10:00 Desk wrote:\n> old", in_reply_to=FIRST_MAIL)
    )
    first, second = world.letters("customer_wrote", SAM)
    assert "left out" in str(first.context["hints"])
    assert second.context["hints"] == []


def test_who_first_wrote_is_named(world: World, people: People) -> None:
    """Staff see whose mail a customer passes on."""
    text = "fyi\n\n---------- Forwarded message ---------\nFrom: Bob <bob@x.test>\nSubject: Chair\n\nOne chair."
    world.take(sample.mail(EVE, "Fwd: Chair", text))
    assert any("Bob <bob@x.test>" in str(row.context["hints"]) for row in world.letters("new_ticket"))


@pytest.mark.parametrize("fields", [{"list_id": "<g.customer.test>"}, {"precedence": "bulk"}], ids=str)
def test_a_person_behind_a_list(fields: dict[str, str], world: World, people: People) -> None:
    """An answer to our own letter that came through a group is folded as automatic mail is, and staff are told."""
    address = sample.ADDRESSES.reply_to(DESK, people.token(PAT))
    done = world.take(sample.mail(PAT, "Re: Phones", "I am here.", to=address, **fields), recipients=(address,))
    assert done.kind == "folded"
    assert [row.recipient for row in world.letters("customer_wrote")] == [SAM]


def test_day_of_return(world: World, people: People) -> None:
    """An out-of-office says first when its writer is back."""
    raw = sample.mail(
        ANN, "Out of office", "I am back on 7 December 2026.", auto_submitted="auto-replied", in_reply_to=FIRST_MAIL
    )
    world.take(raw)
    assert world.events(people.ticket)[-1].text.startswith("[Back on 7 December 2026]")


def test_our_words_stand_in_brackets(world: World, people: People) -> None:
    """What the desk says of a mail is not put into its sender's mouth."""
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMAsample\n-----END PGP MESSAGE-----"
    done = world.take(sample.mail(EVE, "Secret", armour))
    assert world.events(done.ticket_id)[0].text.startswith("[The mail is encrypted (PGP)")


@pytest.mark.feature("F106", "mail")
@pytest.mark.feature("F114", "mail")
def test_rich_text_is_kept_beside_the_words(world: World, people: People) -> None:
    """The plain text is read, the sender's HTML is kept without anything that acts, and its pictures with the entry."""
    rich = '<p><b>Broken</b>: <img src="cid:p1@x"> <img src="https://x.test/t.gif"></p><script>alert(1)</script>'
    body = (
        f"--r\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nBroken, see here.\n"
        f"--a\nContent-Type: text/html\n\n{rich}\n--a--\n"
        "--r\nContent-Type: image/png\nContent-ID: <p1@x>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--r--"
    )
    done = world.take(sample.mail(EVE, "Screen", body, content_type="multipart/related; boundary=r"))
    (entry,) = world.events(done.ticket_id)
    assert entry.text == "Broken, see here."
    assert "<b>Broken</b>" in entry.html
    assert 'src="cid:p1@x"' in entry.html
    assert not {"script", "x.test"} & set(entry.html.replace("/", " ").replace("<", " ").split())
    (picture,) = world.all(select(Attachment).where(Attachment.event_id == entry.id))
    assert (picture.content_id, picture.inline) == ("p1@x", True)

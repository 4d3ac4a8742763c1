"""Fill-in lines: where they count, and what stays text."""

import pytest

from gateway.commands import fields
from gateway.commands.fields import Field
from gateway.commands.vocabulary import PERSON_LABELS
from gateway.commands.words import Words


def taken(found: fields.Fields) -> list[tuple[str, str]]:
    """Labels and values."""
    return [(field.label, field.value) for field in found.values]


@pytest.mark.parametrize(
    "text, values, rest",
    [
        ("Site: Blackfriars\n\nThe fax is dead", [("Site", "Blackfriars")], "The fax is dead"),
        (
            "Site: Blackfriars\n\nUrgency: high\nThe fax is dead",
            [("Site", "Blackfriars"), ("Urgency", "high")],
            "The fax is dead",
        ),
        ("\n\nType: incident", [("Type", "incident")], ""),
        ("The fax is dead\nSite: Blackfriars", [], "The fax is dead\nSite: Blackfriars"),
        ("Hello: you\nSite: Blackfriars", [], "Hello: you\nSite: Blackfriars"),
        ("Site: a\nHello: you\nItem: b", [("Site", "a")], "Hello: you\nItem: b"),
        ("Site:\nThe fax is dead", [], "Site:\nThe fax is dead"),
        ("Site: a\nItem:\nOur ref:\n\nThe fax is dead", [("Site", "a")], "The fax is dead"),
        ("Item:\nOur ref:\nSite: a", [("Site", "a")], ""),
        ("Item:\nOur ref:\n\nHello", [], "Hello"),
        ("Standort: Köln\nUnser Zeichen: AB-1\n\nHallo", [("Site", "Köln"), ("Our ref", "AB-1")], "Hallo"),
        ("Urgence : haute\nHello", [("Urgency", "haute")], "Hello"),
        ("Urgencia: alta", [("Urgency", "alta")], ""),
        ("Urgency：high", [("Urgency", "high")], ""),
    ],
)
def test_at_the_top(words: Words, text: str, values: list[tuple[str, str]], rest: str) -> None:
    """Of a new mail the block that opens it counts, up to the first other line."""
    found = fields.split(text, words, everywhere=False)
    assert (taken(found), found.words) == (values, rest)


@pytest.mark.parametrize(
    "text, values, rest",
    [
        ("Hello\nSite: Blackfriars\nyou", [("Site", "Blackfriars")], "Hello\nyou"),
        ("Our ref: INC-4471", [("Our ref", "INC-4471")], ""),
        ("our reference: inc-4471", [("Our ref", "inc-4471")], ""),
        ("Needed by: 3 May 2019", [("Needed by", "3 May 2019")], ""),
        ("- Site: Blackfriars\n- Item: Router 2", [("Site", "Blackfriars"), ("Item", "Router 2")], ""),
        ("*Site:* Blackfriars", [("Site", "Blackfriars")], ""),
        ("**Site**: Blackfriars", [("Site", "Blackfriars")], ""),
        ("* Site: Blackfriars", [("Site", "Blackfriars")], ""),
        ("*Site: Blackfriars*", [("Site", "Blackfriars")], ""),
        ("• Site: Blackfriars", [("Site", "Blackfriars")], ""),
        ("  Site:   Blackfriars  ", [("Site", "Blackfriars")], ""),
        ("Site: http://customer.test:80/", [("Site", "http://customer.test:80/")], ""),
        ("Title: Fax: dead", [("Title", "Fax: dead")], ""),
        ("Contact: New Name <new@customer.test>", [("Contact", "New Name <new@customer.test>")], ""),
        ("Re: Site", [], "Re: Site"),
        ("http://customer.test", [], "http://customer.test"),
        ("Status: still down", [], "Status: still down"),
        ("Email: ann@customer.test", [], "Email: ann@customer.test"),
        ("It is at 10:30 in the hall", [], "It is at 10:30 in the hall"),
        ("The site: Blackfriars", [], "The site: Blackfriars"),
        ("> Site: Blackfriars", [], "> Site: Blackfriars"),
        ("Hello\nSite:\nBlackfriars", [], "Hello\nSite:\nBlackfriars"),
        ("Site: a\nSite: b", [("Site", "a"), ("Site", "b")], ""),
        ("Site: a\r\nHello\r\n", [("Site", "a")], "Hello"),
        ("Betreff: Fax\nAsunto: fax", [], "Betreff: Fax\nAsunto: fax"),
        ("", [], ""),
    ],
)
def test_anywhere(words: Words, text: str, values: list[tuple[str, str]], rest: str) -> None:
    """In a reply a line counts where it stands; labels of staff and of people do not."""
    found = fields.split(text, words, everywhere=True)
    assert (taken(found), found.words) == (values, rest)


def test_other_labels_for_other_mails(words: Words) -> None:
    """The form of a person is filled in with the labels of persons."""
    found = fields.split("Vorname: Ana\nEmail: ana@customer.test", words, everywhere=False, allowed=PERSON_LABELS)
    assert taken(found) == [("First name", "Ana"), ("Email", "ana@customer.test")]


@pytest.mark.parametrize(
    "quoted, values",
    [
        ("> Our ref: INC-4471", [("Our ref", "INC-4471")]),
        ("> > Our ref: INC-4471\n> Site:", [("Our ref", "INC-4471")]),
        ("Our ref: INC-4471", [("Our ref", "INC-4471")]),
        ("| Site: Blackfriars", [("Site", "Blackfriars")]),
        (">Item: (SIP trunk 4, Edge router 2, or “not sure”)", []),
        ("> Item: (SIP trunk 4, Edge router 2) Edge router 2", [("Item", "Edge router 2")]),
        ("> Item: Router (the old one)", [("Item", "Router (the old one)")]),
        ("> To add anything, reply.", []),
        ("> From: ann@customer.test", []),
    ],
)
def test_filled_in_below_the_quotation(words: Words, quoted: str, values: list[tuple[str, str]]) -> None:
    """People type behind the empty lines of the letter they answer."""
    assert [(field.label, field.value) for field in fields.filled(quoted, words)] == values


def test_the_line_is_kept(words: Words) -> None:
    """As it was written, for an answer that names it."""
    line = "*Site:*  Blackfriars "
    assert fields.split(line, words, everywhere=True).values == (Field("Site", "Blackfriars", line),)


def test_hostile_texts(words: Words) -> None:
    """Each line is looked at once."""
    for text in (
        "Site:" * 200_000,
        "*" * 500_000 + ":",
        " " * 500_000 + ":",
        ":\n" * 200_000,
        "Site:\n" * 100_000,
        ">" * 500_000,
    ):
        fields.split(text, words, everywhere=True)
        fields.filled(text, words)

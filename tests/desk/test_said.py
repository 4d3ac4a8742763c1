"""Sentences that are said in another language later."""

import json

from desk.said import kept, say, say_many, spoken


class German:
    """A catalogue of a few words."""

    def gettext(self, message: str) -> str:
        """The message, or itself."""
        known = {"{label} is now {value}.": "{label} ist jetzt {value}.", "Phone": "Telefon", "broken": "{nothing}"}
        return known.get(message, message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The form that fits."""
        return "{n} Vorgang" if n == 1 else "{n} Vorgänge"


def test_a_sentence_is_english_and_is_german_later() -> None:
    """What a row keeps is JSON, and a value that was said is translated with the sentence."""
    said = say("{label} is now {value}.", label=say("Phone"), value="07 {x} %")
    assert said == "Phone is now 07 {x} %."
    assert spoken(json.loads(json.dumps(kept(said))), German()) == "Telefon ist jetzt 07 {x} %."
    assert spoken(said, German()) == "Telefon ist jetzt 07 {x} %."


def test_a_number_chooses_its_form() -> None:
    """One, and many."""
    assert [say_many("{n} ticket", "{n} tickets", n) for n in (1, 2, 1200)] == [
        "1 ticket",
        "2 tickets",
        "1,200 tickets",
    ]
    assert [spoken(kept(say_many("{n} ticket", "{n} tickets", n)), German()) for n in (1, 2)] == [
        "1 Vorgang",
        "2 Vorgänge",
    ]


def test_a_text_is_itself_and_a_broken_catalogue_costs_no_letter() -> None:
    """Words of people are never a message; a translation with a place that does not exist gives way to English."""
    assert spoken(kept("Phone"), German()) == "Phone"
    assert spoken(kept(say("broken", thing="x")), German()) == "broken"

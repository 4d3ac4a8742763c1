"""Sentences that are said in another language later."""

import json
import re

from desk.said import AND, both, kept, kept_in, listed, say, say_many, spoken


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


class Loud:
    """A catalogue that shouts what is a message, and so shows what is not."""

    def gettext(self, message: str) -> str:
        """In capitals, but for its places."""
        return "".join(part if part.startswith("{") else part.upper() for part in re.split(r"(\{\w+\})", message))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The same."""
        return self.gettext(singular if n == 1 else plural)


def test_what_is_joined_is_translated_part_by_part() -> None:
    """Names of ours are, people's words are not; a long list is no deep one."""
    names = listed(say(name) for name in ("Low", "Medium", "High"))
    assert names == "Low, Medium, High"
    assert spoken(kept(names), Loud()) == "LOW, MEDIUM, HIGH"
    assert spoken(kept(listed([say("Email"), "Ann"], AND)), Loud()) == "EMAIL AND Ann"
    assert [both(say("One."), ""), both("", ""), both(say("One."), "Two.")] == ["One.", "", "One. Two."]
    many = kept(listed(say(str(n)) for n in range(2000)))
    assert json.loads(json.dumps(many)) == many


def test_a_place_with_a_capital_begins_a_sentence() -> None:
    """In English, and in the language in which the reason is said then."""
    said = say("{Why}.", Why=say("{label} is now {value}.", label="the one", value=1))
    assert said == "The one is now 1.."
    assert spoken(kept(said), German()) == "The one ist jetzt 1.."


def test_a_message_may_be_chosen_before_it_is_filled_in() -> None:
    """It is the same sentence as one that is said at once."""
    chosen = say("{label} is now {value}.")
    assert kept(say(chosen, label="Fax", value=1)) == kept(say("{label} is now {value}.", label="Fax", value=1))


def test_the_context_of_a_letter_is_json() -> None:
    """What was said stands in it by itself or in a list; everything else is as it was."""
    context = {"lane": say("Phone"), "lines": (say("Phone"), "mine"), "echo": True, "pairs": [["a", "b"]]}
    assert kept_in(context) == {
        "lane": {"say": "Phone"},
        "lines": [{"say": "Phone"}, "mine"],
        "echo": True,
        "pairs": [["a", "b"]],
    }

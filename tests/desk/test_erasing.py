"""The words of a person: found whole, replaced wherever they stand, in lists too."""

import unicodedata
from typing import Literal

import pytest

from desk.erasing import mark
from desk.erasing_words import Words, full_names
from desk.keys import Keys
from tests.gateway.desk_world import KEYS

WORDS = Words.of(["ann@customer.test"], "erased-1@erased.invalid", ["Ann Sample"], "Erased person 1")


@pytest.mark.parametrize(
    "text, replaced",
    [
        ("Ask Ann Sample.", "Ask Erased person 1."),
        ("ANN SAMPLE <Ann@Customer.Test>", "Erased person 1 <erased-1@erased.invalid>"),
        ("mailto:ann@customer.test?subject=x", "mailto:erased-1@erased.invalid?subject=x"),
        ("joann@customer.test, ann@customer.test.example, x.ann@customer.test", None),
        ("Ann Samples, Joann Sample, Ann", None),
        ("ann@customer.test.", "erased-1@erased.invalid."),
        ("", None),
    ],
)
def test_whole_words(text: str, replaced: str | None) -> None:
    """In any case of letters; what merely contains them is another's."""
    assert WORDS.replaced(text) == (text if replaced is None else replaced)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", ["Özlem Ünal", "ÖZLEM ÜNAL", "özlem ünal", "öZLEM ünal"])
def test_letters_with_an_accent(form: Literal["NFC", "NFD"], text: str) -> None:
    """In any case of letters, and however the accent is spelled; a letter with another accent is another one."""
    words = Words.of(["ünal@customer.test"], "erased-1@erased.invalid", ["Özlem Ünal"], "Erased person 1")
    found = unicodedata.normalize(form, f"For {text} <{text[6:]}@customer.test>")
    assert words.replaced(found) == "For Erased person 1 <erased-1@erased.invalid>"
    another = unicodedata.normalize("NFD", "Ann Samplé")
    assert WORDS.replaced(another) == another


def test_lists_and_tables() -> None:
    """Whatever JSON can hold, keys too; other values stay what they are."""
    value = {"ann@customer.test": ["Ann Sample", 3, None, {"x": True}]}
    assert WORDS.replaced(value) == {"erased-1@erased.invalid": ["Erased person 1", 3, None, {"x": True}]}


def test_what_a_column_takes() -> None:
    """A longer word is cut; what is not changed is never cut."""
    assert WORDS.replaced("ann@customer.test", 10) == "erased-1@e"
    assert WORDS.replaced("something else that is long", 10) == "something else that is long"


def test_nobody() -> None:
    """Without any words nothing is replaced."""
    assert Words.of([], "").replaced("Ann Sample") == "Ann Sample"


def test_full_names() -> None:
    """In the orders in which they are written; a single name is no full one."""
    assert full_names("Ann B. Sample", "Ann", "Sample") == (
        "Ann B. Sample", "Ann Sample", "Sample, Ann", "Sample Ann",
    )  # fmt: skip
    assert full_names("Ann", "Ann", "") == ()


def test_a_mark_needs_the_key() -> None:
    """The same address has the same mark, in any case; with another key another one."""
    assert mark(" Ann@Customer.Test ", KEYS) == mark("ann@customer.test", KEYS)
    assert mark("ann@customer.test", KEYS) != mark("ann@customer.test", Keys(((1, bytes(32)),)))
    assert mark("ann@customer.test", KEYS) != mark("pat@customer.test", KEYS)

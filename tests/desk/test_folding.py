"""What stands folded beside the words of an entry."""

import pytest

from desk import folding

MAIL = "It works.\n\nOn Monday Sam wrote:\n> Did it help?\n\n-- \nJane"


@pytest.mark.parametrize(
    "text, whole, rest",
    [
        ("It works.", MAIL, "On Monday Sam wrote:\n> Did it help?\n\n-- \nJane"),
        ("It works.", "> Did it help?\n\nIt works.", "> Did it help?"),
        ("Yes.\n\nNo.", "> Is it on?\n  Yes.\n> Is it hot?\nNo.", "> Is it on?\n> Is it hot?"),
        ("It works.", "It works.\n\n\n", ""),
        ("Other words.", MAIL, MAIL),
    ],
)
def test_only_what_the_text_leaves_out(text: str, whole: str, rest: str) -> None:
    """Above, below and between the new lines; all of it where the lines do not match."""
    assert folding.rest(text, whole) == rest


def test_the_whole_is_put_together_again() -> None:
    """Words and rest in turn; what was cut stands whole in the fold already."""
    assert folding.whole("It works.", "> Did it help?") == "It works.\n\n> Did it help?"
    assert folding.whole("long w…", "long words") == "long words"
    assert folding.whole("It works.", "") == "It works."

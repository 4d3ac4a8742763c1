"""Which files a receipt names: none of a note that is for the desk alone."""

import pytest

from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, PAT, SAM, People, World

FILE = "dismissal-of-pat.pdf"
NOTHING_ELSE = {"content_type": 'multipart/mixed; boundary="b"', "verdict": "pass"}


def with_file(*lines: str) -> str:
    """The body of a mail with these lines and a file."""
    parts = [
        "--b", "Content-Type: text/plain", "", *lines, "--b", "Content-Type: application/pdf",
        f'Content-Disposition: attachment; filename="{FILE}"', "", "%PDF-1.4", "--b--",
    ]  # fmt: skip
    return "\n".join(parts)


def receipts(world: World, recipient: str) -> str:
    """All that the receipts to somebody say; there is one at least."""
    found = rendering.letters(world, "received", recipient)
    assert found
    return " ".join(rendering.words(letter) for letter in found)


def test_a_private_mail_with_a_copy(world: World, people: People) -> None:
    """Whom it names in Cc gets a receipt, and does not read in it what the file is called."""
    world.take(sample.mail(ANN, "A matter", with_file("#private", "Between us."), cc=PAT, **NOTHING_ELSE))
    assert FILE not in receipts(world, PAT)


def test_an_internal_mail_for_somebody(world: World, people: People) -> None:
    """Staff open a ticket in a customer's name, with a note that stays inside."""
    body = with_file(f"#contact {ANN}", "#note", "We look into it.")
    world.take(sample.mail(SAM, "A matter", body, **NOTHING_ELSE))
    assert FILE not in receipts(world, ANN)


@pytest.mark.parametrize("recipient", [ANN, PAT])
def test_a_mail_for_all(world: World, people: People, recipient: str) -> None:
    """A public one: everybody reads which files came."""
    world.take(sample.mail(ANN, "A matter", with_file("See the file."), cc=PAT, **NOTHING_ELSE))
    assert FILE in receipts(world, recipient)

"""The catalogue file: read, absent, and broken in ways that name the place."""

from pathlib import Path

import pytest

from desk.catalogue import Catalogue
from postdesk.catalogue import load

SAMPLE = """
[[services]]
category = "Mail"
name = "Distribution list"
text = "A list, or a change to one."
organisations = ["Sample Works"]

[[items]]
name = "SIP trunk 4"
organisation = "Sample Works"
site = "160 Blackfriars Road"
serial = "S-77"
"""


def test_a_catalogue(tmp_path: Path) -> None:
    """Services by organisation, items by name, serial number or reference number."""
    file = tmp_path / "catalogue.toml"
    file.write_text(SAMPLE)
    found = load(file)
    assert [service.name for service in found.services_for("Sample Works", known=True)] == ["Distribution list"]
    assert found.services_for("Elsewhere", known=True) == []
    assert found.services_for("Sample Works", known=False) == []
    item = found.item(" sip TRUNK 4 ")
    assert item is not None
    assert found.item("s-77") is item
    assert found.item("") is None
    assert found.items_of("") == []


def test_no_file_is_an_empty_catalogue(tmp_path: Path) -> None:
    """A desk needs none."""
    assert load(tmp_path / "catalogue.toml") == Catalogue()


@pytest.mark.parametrize(
    "text, said",
    [
        ("[[things]]\nname = 'x'", "things: there is no such table"),
        ("[services]\nname = 'x'", "services: must be tables"),
        ("[[services]]\ntext = 'x'", "services.0.name: must name it"),
        ("[[services]]\nname = 1", "services.0.name: must be a text"),
        ("[[services]]\nname = 'x'\npublic = 'yes'", "services.0.public: must be true or false"),
        ("[[services]]\nname = 'x'\norganisations = 'y'", "services.0.organisations: must be a list"),
        ("[[items]]\nname = 'x'\ncolour = 'red'", "items.0.colour: there is no such key"),
        ("not toml", "catalogue.toml: "),
    ],
)
def test_faults(tmp_path: Path, text: str, said: str) -> None:
    """Each names the file, the place, and what is wrong."""
    file = tmp_path / "catalogue.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"catalogue\.toml") as fault:
        load(file)
    assert said in str(fault.value)

"""`postdesk organisation`, `site`, `contact`, `team`, `staff`: what they do, print and refuse."""

import gc
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from postdesk import cli_access, cli_contacts, cli_organisations, cli_sites, cli_staff, cli_teams  # noqa: F401 - commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Account, Contact, Outbox, Staff

JANE, SAM = "jane@customer.test", "sam@desk.test"


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a command leaves its files to the end of its process
        found = CliRunner().invoke(app, ["--config", str(config), *arguments])
        code, output = found.exit_code, found.output
        del found
        gc.collect()
    return code, output


def well(config: Path, *arguments: str) -> str:
    """The output of a command that works."""
    code, output = run(config, *arguments)
    assert code == 0, output
    return output


def rows(config: Path, *arguments: str) -> list[dict[str, Any]]:
    """What --json prints: an object a line."""
    return [json.loads(line) for line in well(config, *arguments, "--json").splitlines()]


def test_organisations(house: House, config: Path) -> None:
    """Added, nested, changed, shown and listed as a tree, for people and for programs."""
    group = ("--visibility", "sub-organisations", "--language", "Deutsch")
    assert well(config, "organisation", "add", "Sample Group", *group) == "“Sample Group” is added.\n"
    well(config, "organisation", "add", "Sample North", "--parent", "sample group", "--no-create", "--no-share")
    listed = well(config, "organisation", "list").splitlines()
    assert listed[:2] == [
        "Sample Group: sees sub-organisations, 0 contacts",
        "  Sample North: sees organisation, 0 contacts",
    ]
    north = next(row for row in rows(config, "organisation", "list") if row["name"] == "Sample North")
    assert (north["parent"], north["create"], north["share"], north["contacts"]) == ("Sample Group", False, False, 0)
    changed = well(config, "organisation", "set", "Sample North", "--rename", "Sample York", "--approvals", "all",
                   "--copies", "no", "--create")  # fmt: skip
    assert "Approvals: all\nCopies to outsiders: no\nIts contacts open tickets: yes" in changed
    assert "Language: Deutsch" in well(config, "organisation", "show", "sample group")
    (shown,) = rows(config, "organisation", "show", "Sample York")
    assert (shown["parent"], shown["approvals"], shown["sites"]) == ("Sample Group", "all", [])


@pytest.mark.feature("F67", "mail")
def test_sites(house: House, config: Path) -> None:
    """A label of its parts; found by any of them to be changed; the first is the main one."""
    well(config, "organisation", "add", "Works")
    added = well(config, "site", "add", "works", "Azzurri Fabric", "--code", "W_AZZURR/0007", "--place",
                 "Telehouse North (THN)", "--post-code", "E14 2AA", "--account", "M_MAINTEL")  # fmt: skip
    label = "Azzurri Fabric - W_AZZURR/0007 - Telehouse North (THN) - E14 2AA - M_MAINTEL"
    assert added == f"{label} is a site of “Works”.\n"
    well(config, "site", "add", "Works", "Leeds", "--main", "--address", "1 High Street")
    well(config, "site", "set", "Works", "e142aa", "--account", "", "--city", "London")
    assert well(config, "site", "list", "Works").splitlines() == [label.removesuffix(" - M_MAINTEL"), "Leeds  (main)"]
    first, second = rows(config, "site", "list", "Works")
    assert (first["city"], first["main"], second["address"], second["main"]) == ("London", False, "1 High Street", True)


@pytest.mark.feature("F178", "mail")
def test_contacts(house: House, config: Path) -> None:
    """Every field by its label; place and rights; then shown, listed, changed."""
    well(config, "organisation", "add", "Works")
    well(config, "site", "add", "Works", "London")
    added = well(config, "contact", "add", JANE, "--name", "Jane Doe", "--organisation", "works", "--site", "lon",
                 "--level", "admin user", "--language", "german", "--sees", "own", "--field", "job title=Head of IT",
                 "--field", "Fax=12")  # fmt: skip
    assert added.startswith(f"{JANE} is added.\nThe letter with the credentials is on its way to {JANE}.")
    (shown,) = rows(config, "contact", "show", JANE)
    assert shown["fields"] == {"First name": "Jane", "Last name": "Doe", "Job title": "Head of IT", "Email": JANE,
                               "Fax": "12", "Language": "Deutsch", "Level": "Admin User"}  # fmt: skip
    assert (shown["organisation"], shown["site"], shown["sees"], shown["access"]) == ("Works", "London", "own", True)
    said = well(config, "contact", "set", JANE, "--email", "jd@customer.test", "--field", "Fax=-", "--sees", "usual",
                "--digest", "--no-news", "--mute", "--site", "none")  # fmt: skip
    assert "Fax is now empty; it was 12.\nEmail is now jd@customer.test; it was jane@customer.test." in said
    text = well(config, "contact", "show", JANE)  # by the old address, which is still theirs
    for line in ("Email: jd@customer.test", "Sees: organisation", "Site: none", "Digest: yes", "News: no", "Muted: "):
        assert line in text
    assert "Jane Doe, jd@customer.test  Works, Admin User, access" in well(config, "contact", "list")
    assert [row["addresses"] for row in rows(config, "contact", "list", "--organisation", "works")] == [
        ["jd@customer.test", JANE]
    ]
    with house.database.reading() as session:
        kinds = session.scalars(select(Outbox.kind).order_by(Outbox.id)).all()
        assert kinds == ["credentials", "address_changed", "address_changed"]
        assert session.scalars(select(Account.username).where(Account.contact_id.is_not(None))).all() == [
            "jd@customer.test"
        ]


@pytest.mark.feature("F185")
def test_deactivate_and_reactivate(house: House, config: Path) -> None:
    """Access ends; credentials wait until they are back."""
    well(config, "contact", "add", JANE)
    assert well(config, "contact", "deactivate", JANE) == f"{JANE} is deactivated.\n"
    assert well(config, "contact", "deactivate", JANE) == f"{JANE} was deactivated already.\n"
    code, said = run(config, "contact", "activate", JANE)
    assert (code, f"postdesk contact reactivate {JANE}" in said) == (65, True)
    assert well(config, "contact", "list") == "There are none.\n"
    assert JANE in well(config, "contact", "list", "--inactive")
    assert well(config, "contact", "reactivate", JANE) == f"{JANE} is active again.\n"
    well(config, "contact", "activate", JANE)


def test_another_organisation(house: House, config: Path) -> None:
    """One that is made by the way, whatever its case the second time; then none."""
    well(config, "contact", "add", JANE, "--organisation", "Works", "--no-activate")
    well(config, "contact", "add", "kim@customer.test", "--organisation", "WORKS", "--no-activate")
    works = next(row for row in rows(config, "organisation", "list") if row["name"] == "Works")
    assert works["contacts"] == 2
    well(config, "contact", "set", JANE, "--organisation", "none")
    (shown,) = rows(config, "contact", "show", JANE)
    assert (shown["organisation"], shown["sees"]) == (None, "own")


def test_merge(house: House, config: Path) -> None:
    """Only after a yes; what moved is said."""
    for name in ("Old", "New"):
        well(config, "organisation", "add", name)
    well(config, "contact", "add", JANE, "--organisation", "Old", "--no-activate")
    assert run(config, "organisation", "merge", "Old", "New")[0] == 1  # nobody said yes
    said = well(config, "organisation", "merge", "old", "new", "--yes")
    assert said == "“Old” is part of “New” now: contacts 1, sites 0, tickets 0.\n"
    assert rows(config, "contact", "show", JANE)[0]["organisation"] == "New"


def test_teams(house: House, config: Path) -> None:
    """Who is in which, where letters to its queue go, and how one ends."""
    well(config, "team", "add", "Network", "--queue-address", "queue@team.test")
    assert well(config, "team", "join", "network", SAM) == f"{SAM} is in the team Network.\n"
    assert well(config, "team", "join", "network", SAM) == f"{SAM} was in the team Network already.\n"
    expected = f"Network: {SAM}; letters go to queue@team.test; open tickets 0"
    assert expected in well(config, "team", "list").splitlines()
    (network, _) = rows(config, "team", "list")
    assert network == {"name": "Network", "queue_address": "queue@team.test", "members": [SAM], "open_tickets": 0}
    assert "letters go to each" in well(config, "team", "set", "Network", "--queue-address", "none")
    assert "change desk.addresses" in well(config, "team", "set", "Service Desk", "--rename", "First Line")
    assert "is not in the team Network any more" in well(config, "team", "leave", "Network", SAM)
    assert well(config, "team", "remove", "Network").startswith("The team Network is gone.")


def test_staff(house: House, config: Path) -> None:
    """Changed, gone and back; their wishes are kept."""
    assert rows(config, "staff", "list") == [
        {"name": "Sam Sample", "address": SAM, "active": True, "teams": ["Service Desk"]}
    ]
    well(config, "staff", "set", SAM, "--name", "Sam Lee", "--language", "français", "--no-day-sheet", "--admin")
    with house.database.reading() as session:
        sam = session.scalars(select(Staff)).one()
        assert (sam.name, sam.language, sam.day_sheet, sam.admin) == ("Sam Lee", "fr", False, True)
    well(config, "staff", "leave", SAM)
    assert well(config, "staff", "return", SAM) == f"Sam Lee <{SAM}> works here again.\n"
    assert rows(config, "staff", "list")[0]["teams"] == ["Service Desk"]


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (["organisation", "add", "Sample Organisation"], 65, "There is an organisation “Sample Organisation” already"),
        (["organisation", "add", "X", "--parent", "Nowhere"], 65, "There is no organisation “Nowhere”"),
        (["organisation", "set", "Sample Organisation", "--parent", "Sample Organisation"], 65, "cannot be put below"),
        (["organisation", "set", "Sample Organisation", "--visibility", "all"], 65, "Choose one of: own, organisation"),
        (["organisation", "show", "Nowhere"], 66, "postdesk organisation list"),
        (["site", "add", "Nowhere", "London"], 65, "There is no organisation"),
        (["site", "set", "Sample Organisation", "London"], 65, "there are no sites to choose from"),
        (["site", "add", "Sample Organisation", " "], 65, "A site needs a name"),
        (["contact", "add", "jane"], 65, "is not a complete e-mail address"),
        (["contact", "add", "service@desk.test"], 65, "is an address of the desk or of its staff"),
        (["contact", "add", JANE, "--level", "Boss"], 65, "There is no security level “Boss”. Choose one of"),
        (["contact", "add", JANE, "--field", "Shoe size=9"], 65, "There is no field “Shoe size”"),
        (["contact", "add", JANE, "--field", "Fax"], 64, "is no field. Write it like --field"),
        (["contact", "set", JANE], 65, f"postdesk contact add {JANE}"),
        (["contact", "show", JANE], 66, f"postdesk contact add {JANE}"),
        (["team", "join", "Telephones", SAM], 65, "There is no team “Telephones”. There are: Service Desk."),
        (["team", "join", "Service Desk", JANE], 65, "postdesk staff add"),
        (
            ["team", "set", "Service Desk", "--queue-address", "service@desk.test"],
            65,
            "is an address of the desk itself",
        ),
        (["team", "remove", "Service Desk"], 65, "Change desk.addresses first"),
        (["staff", "return", SAM], 65, "is at work already"),
        (["staff", "return", JANE], 65, "postdesk staff add"),
        (["staff", "set", SAM, "--language", "Klingonisch"], 65, "Choose one of: English, Deutsch"),
    ],
)
def test_refused(house: House, config: Path, arguments: list[str], code: int, said: str) -> None:
    """With a sentence that says what to do instead, and nothing is changed."""
    found, output = run(config, *arguments)
    assert (found, said in " ".join(output.split())) == (code, True), output
    with house.database.reading() as session:
        assert session.scalars(select(Contact)).all() == []

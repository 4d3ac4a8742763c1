"""The catalogue as `postdesk check` and `postdesk catalogue show` see it: names that are not there, and all of it."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from desk.hours import Amount
from desk.request_types import STANDARD
from postdesk import bundled
from postdesk.catalogue import raw, read
from postdesk.catalogue_check import missing
from postdesk.catalogue_show import length, lines
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Organisation, Site, Team
from tests.postdesk.test_catalogue import SAMPLE, made


def test_names_that_the_desk_does_not_have(tmp_path: Path, house: House) -> None:
    """Teams, organisations, sites and addresses are looked up; what is there is not named."""
    new = house.database.ids.next
    with house.database.transaction() as session:
        whose = Organisation(id=new(), name="Sample Works", created_at=datetime(2026, 1, 1, tzinfo=UTC))
        session.add_all([whose, Team(id=new(), name="Network")])
        session.flush()
        session.add(Site(id=new(), organisation_id=whose.id, name="Head office", code="HQ/1"))
    file = tmp_path / "catalogue.toml"
    file.write_text("""
        [[services]]
        name = "a"
        team = "Network"
        organisations = ["Sample Works", "Nobody"]
        [[services.sub]]
        name = "b"
        team = "Choir"
        [[items]]
        name = "x"
        organisation = "Sample Works"
        site = "hq/1"
        [[items]]
        name = "y"
        organisation = "Sample Works"
        site = "THN"
        [[items]]
        name = "z"
        organisation = "Nobody"
        site = "THN"
        [[hours]]
        days = { Mon = "09:00-17:00" }
        [[hours]]
        days = { Mon = "09:00-17:00" }
        addresses = ["Service@desk.test", "other@desk.test"]
        """)
    with house.database.reading() as session:
        found = missing(session, read(raw(file)).rows, ["service@desk.test"])
    assert found == [
        "services.0.sub.0.team: there is no team “Choir”; make it with: postdesk team add Choir",
        "services.0.organisations: there is no organisation “Nobody”",
        "items.2.organisation: there is no organisation “Nobody”",
        "items.1.site: there is no site “THN” of “Sample Works”",
        "hours.1.addresses: other@desk.test is no address of this desk",
    ]


def test_shown(tmp_path: Path) -> None:
    """All of it can be read, and lengths are written as the file has them."""
    text = "\n".join(lines(made(tmp_path, SAMPLE)))
    for said in (
        "question: Which floor? (1, 2) needed",
        "Mail / Mailbox: for everybody, strangers too; is a fault",
        "SIP trunk 4: Sample Works / 160 Blackfriars Road, serial S-77",
        "High / Company: Critical",
        "Night (UTC), night@desk.test",
        "Mon 08:00-12:00, 13:00-17:00",
        "free: 2026-12-29 to 2026-12-31",
        "High, Fault: first answer within –, solved within 4h",
    ):
        assert said in text
    assert length(Amount(2, 90)) == "2d 1h 30m"


def test_the_command(tmp_path: Path) -> None:
    """`postdesk catalogue show` reads the file beside the settings, and says what is wrong in it."""
    import postdesk.cli_catalogue  # noqa: F401 - adds its commands

    config = tmp_path / "postdesk.toml"
    config.write_text('[desk]\naddresses = [{ address = "service@desk.test" }]\n')
    run = CliRunner().invoke
    shown = run(app, ["--config", str(config), "catalogue", "show", "--json"])
    assert [one["name"] for one in json.loads(shown.stdout)["types"]] == [one.name for one in STANDARD]
    shutil.copy(bundled.folder("config") / "catalogue.toml", tmp_path / "catalogue.toml")
    assert "Mail / Distribution list" in run(app, ["--config", str(config), "catalogue", "show"]).stdout
    (tmp_path / "catalogue.toml").write_text("[[items]]\n[[things]]\n")
    broken = run(app, ["--config", str(config), "catalogue", "show"])
    assert broken.exit_code == 78
    assert "catalogue.toml: items.0.name: must be there" in broken.stderr
    assert "catalogue.toml: things: there is no such table" in broken.stderr


def test_check_names_what_is_missing(house: House) -> None:
    """`postdesk check` finds faults of the file and names that are not there in one go."""
    from postdesk.check import check_all

    lines_before, _ = check_all(house)
    assert "ok    catalogue: 3 types, 0 services, 0 items" in lines_before
    text = "[[items]]\nname = 'x'\nteam = 'Choir'\n[[items]]\n[[services]]\nname = 's'\nhue = 1\n"
    (house.loaded.home / "catalogue.toml").write_text(text)
    found, _ = check_all(House(house.loaded))
    said = "\n".join(found)
    assert "FAULT catalogue: catalogue.toml: items.1.name: must be there" in said
    assert "FAULT catalogue: catalogue.toml: services.0.hue: there is no such key" in said
    assert "catalogue.toml: items.0.team: there is no team “Choir”" in said


def test_a_desk_address_of_no_type(config: Path) -> None:
    """The type of a desk address is one of the catalogue."""
    from postdesk.check import check_all
    from postdesk.settings import load as load_settings

    config.write_text(config.read_text().replace('type = "Query"', 'type = "Piano"'))
    found, _ = check_all(House(load_settings(config, {})))
    assert any("desk.addresses.0.type: there is no type “Piano”" in line for line in found)


def test_check_says_once_what_hangs_together(house: House) -> None:
    """A part that cannot be tried for several faults of another is one line, and no fault begins with a class."""
    from postdesk.check import check_all

    file = house.loaded.home / "catalogue.toml"
    file.write_text("[[items]]\n" * 3)
    found, faults = check_all(House(house.loaded))
    assert faults == 3
    assert len([line for line in found if line.startswith("?     desk addresses")]) == 1
    file.write_text("not toml")
    found, faults = check_all(House(house.loaded))
    assert faults == 1
    assert "Error:" not in "\n".join(found)


def test_a_catalogue_that_names_what_is_gone(config: Path, tmp_path: Path) -> None:
    """An organisation that is renamed or merged: the entries that still name it are told."""
    from postdesk import cli_organisations  # noqa: F401 - it adds its commands

    def run(*arguments: str) -> str:
        return CliRunner().invoke(app, ["--config", str(config), "organisation", *arguments]).stdout

    run("add", "Sample Works")
    run("add", "Other Works")
    text = "[[services]]\nname = 's'\norganisations = ['Sample Works']\n[[items]]\nname = 'x'\norganisation = '{}'\n"
    (tmp_path / "catalogue.toml").write_text(text.format("Sample Works"))
    said = run("set", "sample works", "--rename", "New Works")
    file = tmp_path / "catalogue.toml"
    places = "(services.0.organisations, items.0.organisation)"
    assert f"{file}: 2 entries name “Sample Works” still {places}. Write “New Works” there" in said
    file.write_text(text.format("New Works"))
    said = run("merge", "New Works", "Other Works", "--yes")
    assert f"{file}: 1 entry names “New Works” still (items.0.organisation). Write “Other Works” there" in said
    assert "still" not in run("set", "Other Works", "--rename", "Last Works")

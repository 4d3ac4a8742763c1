"""The catalogue file: read, absent, and broken in ways that name every place."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desk.catalogue import Catalogue
from desk.hours import Amount, Holiday
from desk.request_types import Question
from desk.targets import Target
from postdesk import bundled
from postdesk.catalogue import CatalogueError, load, parse
from postdesk.catalogue_show import as_dict

LONDON = ZoneInfo("Europe/London")
SAMPLE = """
[[types]]
name = "Fault"
aliases = ["broken"]
questions = [{ text = "Which floor?", required = true, choices = ["1", "2"] }]

[[services]]
name = "Mail"
organisations = ["Sample Works"]
type = "fault"
questions = [{ text = "Whose" }]
[[services.sub]]
name = "Distribution list"
text = "A list, or a change to one."
questions = [{ text = "Purpose" }]
[[services.sub]]
name = "Mailbox"
public = true
organisations = []

[[items]]
name = "SIP trunk 4"
organisation = "Sample Works"
site = "160 Blackfriars Road"
serial = "S-77"

[[hours]]
days = { "Mon-Thu" = ["08:00-12:00", "13:00-17:00"], "fri, Sat" = "08:00–12:00" }
holidays = [2026-12-25, { on = 2026-12-28, name = "Boxing Day" }, { from = 2026-12-29, to = 2026-12-31 }]

[[hours]]
name = "Night"
zone = "UTC"
addresses = ["Night@desk.test"]
days = { "Mon-Sun" = "00:00-24:00" }

[[targets]]
priority = "High"
first_answer = "1h 30m"
solve = "2d"
[[targets]]
priority = "High"
type = "Fault"
solve = "4h"
"""


def made(folder: Path, text: str) -> Catalogue:
    """The catalogue of a file with this text."""
    file = folder / "catalogue.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, LONDON)


def test_a_catalogue(tmp_path: Path) -> None:
    """Types, services with their parts, and items, found by their names."""
    found = made(tmp_path, SAMPLE)
    (kind,) = found.types
    assert found.type(" BROKEN ") is kind
    assert found.addressed == {"fault": "Fault", "broken": "Fault"}
    assert found.question("which floor") == Question("Which floor?", True, ("1", "2"))
    mailing, mailbox = found.services
    assert (mailing.label, mailing.type, mailing.organisations) == (
        "Mail / Distribution list", "fault", ("Sample Works",),
    )  # fmt: skip
    assert [one.text for one in mailing.questions] == ["Whose", "Purpose"]
    assert found.services_for("Sample Works", known=True) == [mailing, mailbox]
    assert found.services_for("Elsewhere", known=False) == [mailbox]
    item = found.item(" sip TRUNK 4 ", ["Sample Works"])
    assert item is not None
    assert found.item("s-77", ["Elsewhere", "Sample Works"]) is item
    assert found.item("s-77", ["Elsewhere"]) is None
    assert found.item("", ["Sample Works"]) is None
    assert found.items_of([""]) == []


def test_hours_and_targets(tmp_path: Path) -> None:
    """Hours by desk address with their holidays; a target of a type comes before that of all."""
    promised = made(tmp_path, SAMPLE).targets
    usual, night = promised.hours_of("service@desk.test"), promised.hours_of("night@desk.test")
    assert usual is not None
    assert night is not None
    assert (usual.week[0], usual.week[4], usual.week[6]) == (((480, 720), (780, 1020)), ((480, 720),), ())
    assert (usual.zone, night.zone) == (LONDON, ZoneInfo("UTC"))
    assert usual.holidays == (
        Holiday(date(2026, 12, 25), date(2026, 12, 25)),
        Holiday(date(2026, 12, 28), date(2026, 12, 28), "Boxing Day"),
        Holiday(date(2026, 12, 29), date(2026, 12, 31)),
    )
    assert night.add(datetime(2026, 12, 24, tzinfo=UTC), timedelta(days=5)) == datetime(2026, 12, 29, tzinfo=UTC)
    assert promised.of("High", "Fault") == Target("High", None, Amount(minutes=240), "Fault")
    assert promised.of("High", "Query") == Target("High", Amount(minutes=90), Amount(days=2))
    assert promised.of("Low", "Query") is None


@pytest.mark.feature("F83", "mail")
def test_no_file_is_what_is_built_in(tmp_path: Path) -> None:
    """A desk needs none: it has three types with their messages, a matrix, office hours, and targets."""
    found = load(tmp_path / "catalogue.toml", LONDON)
    assert [(one.name, one.heading, one.message) for one in found.types] == [
        ("Incident", "Incident", "Our support team will respond to your issue ASAP."),
        ("Query", "Service Request", "Our team will respond to your query ASAP."),
        (
            "Change Request",
            "Service Request",
            "Please provide as much information about your change requirements as possible, one of our team will "
            "evaluate your change and contact you ASAP.",
        ),
    ]
    assert (found.services, found.items) == ((), ())
    assert len(found.matrix) == 9
    assert {one.priority for one in found.targets.targets} == {"Low", "Medium", "High", "Critical"}


def test_the_sample_says_what_is_built_in() -> None:
    """The commented file of config/ holds the built-in tables, and services besides; its examples are right as well."""
    file = bundled.folder("config") / "catalogue.toml"
    sample, built_in = as_dict(load(file, LONDON)), as_dict(parse({}, LONDON))
    sample["hours"][0]["name"] = ""
    for table in ("types", "priority", "targets", "hours", "items"):
        assert sample[table] == built_in[table], table
    assert sample["services"]
    text = "\n".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line
        for line in file.read_text(encoding="utf-8").splitlines()
    )
    assert parse(tomllib.loads(text), LONDON).items[0].serial == "S-77"


@pytest.mark.parametrize(
    "text, said",
    [
        ("[[things]]\nname = 'x'", "things: there is no such table; there are: types, services, items, hours"),
        ("[services]\nname = 'x'", "services: must be tables, [[services]]"),
        ("[[services]]\ntext = 'x'", "services.0.name: must be there"),
        ("[[services]]\nname = 1", "services.0.name: must be a text"),
        ("[[services]]\nname = ''", "services.0.name: must not be empty"),
        ("[[services]]\nname = 'x'\npublic = 'perhaps'", "services.0.public: must be true or false"),
        ("[[services]]\nname = 'x'\norganisations = 'y'", "services.0.organisations: must be a list"),
        ("[[services]]\nname = 'x'\ntype = 'Piano'", "services.0.type: there is no type “Piano”"),
        (
            "[[services]]\nname = 'x'\n[[services.sub]]\nname = 'y'\nhue = 1",
            "services.0.sub.0.hue: there is no such key",
        ),
        ("[[services]]\nname = 'x'\n[[services]]\nname = 'X'", "services.1.name: a service “X” is there already"),
        (
            "[[items]]\nname = 'x'\ncolour = 'red'",
            "items.0.colour: there is no such key; there are: name,",
        ),
        ("[[items]]\nname = 'x'\n[[items]]\nname = 'x'", "items.1.name: “x” is there already"),
        ("[[types]]\nname = 'x'\nfields = ['Hue']", "types.0.fields.0: must be one of: Type, Service"),
        ("[[types]]\nname = 'x'\nquestions = [{text = 'a:b'}]", "types.0.questions.0.text: begins a line"),
        ("[[types]]\nname = 'x'\nquestions = [{text = 'Site?'}]", "types.0.questions.0.text: “Site?” is the name of"),
        ("[[types]]\nname = 'x'\n[[types]]\nname = 'y'\naliases = ['X']", "types.1.name: a type “X” is there already"),
        ("[[types]]\nname = '" + "x" * 31 + "'", "types.0.name: must be at most 30 characters long"),
        ("[priority]\nlevels = ['P1', 'P2']", "priority.matrix: must be there"),
        ("[priority.matrix]\nLow = {}", "priority.matrix.Low.Only Me: must be there"),
        ("[priority.matrix]\nTiny = {}", "priority.matrix.Tiny: there is no such urgency"),
        ("[priority.matrix]\nLow = { Others = 'P9' }", "priority.matrix.Low.Others: there is no priority “P9”"),
        ("[[hours]]\ndays = {}", "hours.0.days: there must be working time"),
        ("[[hours]]\ndays = { Mon = '9-5' }", "hours.0.days.Mon: “9-5” must be a time from and until"),
        ("[[hours]]\ndays = { Mon = ['09:00-12:00', '11:00-17:00'] }", "09:00-12:00 and 11:00-17:00 overlap"),
        ("[[hours]]\ndays = { Someday = '09:00-12:00' }", "hours.0.days.Someday: days are Mon"),
        ("[[hours]]\ndays = { Fri-Mon = '09:00-12:00' }", "hours.0.days.Fri-Mon: Fri comes after Mon"),
        (
            "[[hours]]\ndays = { Mon = '09:00-12:00', Mon-Fri = '09:00-12:00' }",
            "hours.0.days.Mon-Fri: Mon is named twice",
        ),
        ("[[hours]]\nzone = 'Mars'\ndays = { Mon = '09:00-12:00' }", "hours.0.zone: must be a zone like"),
        ("[[hours]]\ndays = { Mon = '09:00-12:00' }\nholidays = ['x']", "hours.0.holidays.0: must be a date like"),
        ("[[hours]]\naddresses = ['a@b.test']\ndays = { Mon = '09:00-12:00' }", "hours: one of them must be without"),
        ("[[targets]]\npriority = 'P9'\nsolve = '1h'", "targets.0.priority: there is no priority “P9”"),
        ("[[targets]]\npriority = 'Low'\nsolve = 'soon'", "targets.0.solve: must be a length of working time"),
        ("[[targets]]\npriority = 'Low'", "targets.0: must have a first_answer or a solve"),
        (
            "[[items]]\nname = 'x'\nsite = 'a'\n[[items]]\nname = 'X'\nsite = 'A'",
            "items.1.name: “X” is there already, at the same site: items.0",
        ),
        (
            "[[items]]\nname = 'x'\nserial = '7'\n[[items]]\nname = 'y'\nserial = '7'",
            "items.1.serial: “7” is there already",
        ),
        ("[[types]]\nname = 'x'\nneeds_item = 'yes'", "types.0.needs_item: must be true or false"),
        ("[[services]]\nname = 'x'\npublic = 1", "services.0.public: must be true or false"),
        ("[[types]]\nname = 'x'\nfields = ['Site', 'Site']", "types.0.fields: “Site” is named twice"),
        ("[[types]]\nname = 'x'\nquestions = [{text = 'a', choices = []}]", "choices: must name an answer at least"),
        ("[[types]]\nname = 'x'\nquestions = [{text = 'a', choices = [' ']}]", "choices: must not be empty"),
        ("[priority]\nlevels = ['Low', 'low']", "priority.levels: “low” is named twice"),
        ("[priority]\nlevels = []", "priority.levels: must not be empty"),
        ("[priority]\nlevels = ['High']", "for the built-in one names Low, Medium, Critical"),
        (
            "[[targets]]\npriority = 'P9'\nsolve = '1h'",
            "there is no priority “P9”; there are: Low, Medium, High, Critical",
        ),
        (
            "[[targets]]\npriority = 'Low'\nfirst_answer = '2d'\nsolve = '4h'",
            "targets.0.first_answer: must not be longer than solve",
        ),
        (
            "[[hours]]\ndays = { Mon = '09:00-12:00' }\nholidays = [{ on = 2026-12-25, hue = 1 }]",
            "there are: on, from, to, name",
        ),
        ("not toml", "cannot be read"),
    ],
)
def test_faults(tmp_path: Path, text: str, said: str) -> None:
    """Each names the file, the key, and what is wrong."""
    with pytest.raises(CatalogueError) as fault:
        made(tmp_path, text)
    assert any(said in one and one.startswith("catalogue.toml: ") for one in fault.value.faults), fault.value.faults


def test_every_fault_at_once(tmp_path: Path) -> None:
    """One look at the file is enough to mend it; a faulty row causes no further fault."""
    with pytest.raises(CatalogueError) as fault:
        made(
            tmp_path,
            "[[types]]\nname = 'Fault'\nhue = 1\n[[services]]\nname = 'a'\ntype = 'Fault'\n[[items]]\n[[things]]",
        )
    assert [one.split(": ")[1] for one in fault.value.faults] == ["types.0.hue", "items.0.name", "things"]


def test_every_fault_of_the_days_at_once(tmp_path: Path) -> None:
    """Each day is named with what is wrong with it."""
    with pytest.raises(CatalogueError) as fault:
        made(
            tmp_path, "[[hours]]\ndays = { Mon = '9-5', Tue = ['09:00-12:00', '11:00-13:00'], Someday = '09:00-10:00' }"
        )
    assert [one.partition(": ")[2].partition(": ")[0] for one in fault.value.faults] == [
        "hours.0.days.Mon",
        "hours.0.days.Tue",
        "hours.0.days.Someday",
    ]

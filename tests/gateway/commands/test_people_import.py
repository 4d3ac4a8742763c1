"""An import by mail in detail: the fate of every row, sites, workbooks, the history, and the people as a file."""

import base64
import csv
import io
import zipfile
from typing import Any

import pytest
from sqlalchemy import select, update

from desk import profile
from desk.profile import Profile
from gateway.token import Token
from store.tables import Account, Contact, ContactAddress, ImportRun, Outbox, Pending, Site
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, KIM, NOW, PAT, People, World, in_english

HEADER = "First Name;Last Name;Email Address;City;Client Portal Username;Client Portal Security Level"
NIA, ZOE = "Nia;New;nia@customer.test;;nia@customer.test;", "Zoë;Müller;zoe@customer.test;Köln;;"
BAD = "Tom;Top;tom@customer;;;"
CSV_TYPE = "text/csv"


@pytest.fixture
def works(world: World, people: People) -> int:
    """Ann is the Admin user of Sample Works, which has three sites; returns its id."""
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[ANN]).values(level="Admin User"))
        found = session.get_one(Contact, people.contacts[ANN]).organisation_id or 0
        session.add(Site(id=1, organisation_id=found, name="Works North", code="W_N/0001", post_code="E14 2AA"))
        session.add(Site(id=2, organisation_id=found, name="Works South", code="W_S/0002", main=True))
        session.add(Site(id=3, organisation_id=found, name="Harbour", code="W_H/0003", place="Hull"))
    return found


def attached(argument: str, data: bytes, *, name: str = "people.csv", body: str = "", kind: str = CSV_TYPE) -> bytes:
    """A mail of Ann's with a file."""
    parts = [
        "--b", "Content-Type: text/plain", "", body, "--b", f"Content-Type: {kind}",
        f'Content-Disposition: attachment; filename="{name}"', "Content-Transfer-Encoding: base64", "",
        base64.encodebytes(data).decode(), "--b--",
    ]  # fmt: skip
    fields: dict[str, Any] = {"verdict": "pass", "content_type": 'multipart/mixed; boundary="b"'}
    return sample.mail(ANN, f"#people {argument}", "\n".join(parts), **fields)


def with_rows(argument: str, *rows: str, **more: str) -> bytes:
    """A mail of hers with some rows."""
    return attached(argument, "\r\n".join([HEADER, *rows]).encode("cp1252"), **more)


def said(world: World, kind: str) -> list[str]:
    """What the last letter of a kind says."""
    lines: list[str] = in_english(world.letters(kind, ANN)[-1].context)["lines"]
    return lines


def confirmed(world: World, raw: bytes) -> list[str]:
    """An import that is asked for and confirmed; what the letter says."""
    world.take(raw)
    world.clock.forward(minutes=1)
    question = world.letters("confirm", ANN)[-1]
    to = sample.ADDRESSES.reply_to(sample.DESK, Token("confirm", 0, question.context["pending"]))
    world.take(sample.mail(ANN, "Re: Confirm", "confirm", to=to))
    return said(world, "done")


def known(world: World, address: str) -> Profile:
    """Whose an address is."""
    whose = select(ContactAddress.contact_id).where(ContactAddress.address == address)
    with world.database.reading() as session:
        return next(iter(profile.load(session, Contact.id.in_(whose)).values()))


def answer(world: World, argument: str) -> Any:
    """The answer to a question of Ann's, as she reads it."""
    world.take(sample.mail(ANN, f"#people {argument}", "", verdict="pass"))
    return rendering.letters(world, "answer", ANN)[-1]


@pytest.mark.feature("F189", "mail")
def test_the_question_tells_the_fate_of_each_row(world: World, people: People, works: int) -> None:
    """By row, person and reason; and where new people will belong."""
    world.take(with_rows("import", NIA, f"Kim;Key;{KIM};;{KIM};", BAD))
    found = said(world, "confirm")
    assert found[0].startswith("people.csv: 1 will be added, 1 skipped, 1 refused (row 4: Email: “tom@customer” is not")
    assert found[1] == "1 person will get a letter with credentials."
    assert found[2] == "Who is added belongs to the site Works South - W_S/0002."
    assert found[3] == "Row 2, Nia New, nia@customer.test: added."
    assert found[4] == f"Row 3, Kim Key, {KIM}: skipped, is there already."
    assert found[5].startswith("Row 4, Tom Top, tom@customer: refused, Email: “tom@customer” is not")


def test_the_question_about_a_long_file_names_some_rows(world: World, people: People, works: int) -> None:
    """The letter stays one that can be read."""
    world.take(with_rows("import", NIA, *(f"Tom;Top;tom{n}@customer;;;" for n in range(80))))
    found = said(world, "confirm")
    assert len(found) < 35
    assert found[-1] == "And 50 more."


@pytest.mark.feature("F187", "mail")
@pytest.mark.parametrize(
    "line, site",
    [("", 2), ("Site: W_N/0001", 1), ("Site: e142aa", 1), ("Site: hull", 3), ("Site: Harb", 3)],
)
def test_into_a_site(world: World, people: People, works: int, line: str, site: int) -> None:
    """The main location, or by any part of the label that is no other's; the history knows it."""
    confirmed(world, with_rows("import", NIA, body=line))
    assert known(world, "nia@customer.test").site_id == site
    (run,) = world.all(select(ImportRun))
    assert (run.site_id, run.contact_id) == (site, people.contacts[ANN])


@pytest.mark.feature("F187", "mail")
def test_a_site_that_fits_several(world: World, people: People, works: int) -> None:
    """They are named, and nothing is done."""
    world.take(with_rows("import", NIA, body="Site: works"))
    (found,) = said(world, "not_done")
    assert "Works North" in found
    assert "Works South" in found
    assert world.count(Pending) == 0


@pytest.mark.parametrize("name", ["people.xlsx", "people.ods", "people.xls"])
def test_a_workbook(world: World, people: People, works: int, name: str) -> None:
    """The answer says what to do with it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("x", "y")
    world.take(attached("import", out.getvalue(), name=name, kind="application/octet-stream"))
    assert said(world, "not_done") == [
        f"{name}: The file is a workbook of a spreadsheet. Save it as CSV, and send that."
    ]


@pytest.mark.feature("F192", "mail")
@pytest.mark.parametrize(
    "level, found",
    [
        ("Sample Works Client Portal Admin User", "Admin User"),
        ("client portal STANDARD user", "Standard User"),
        ("Admin User", "Admin User"),
        ("No Admin User", ""),
        ("Client Portal Super User", ""),
        ("XClient Portal Admin User", ""),
    ],
)
def test_security_levels(world: World, people: People, works: int, level: str, found: str) -> None:
    """The whole wording of the guide, or the name alone: what merely ends like a level gives nobody its rights."""
    raw = with_rows("import", f"Nia;New;nia@customer.test;;;{level}")
    if found:
        confirmed(world, raw)
        assert known(world, "nia@customer.test").level == found
    else:
        world.take(raw)
        assert "There is no security level" in said(world, "not_done")[0]


@pytest.mark.feature("F186", "mail")
@pytest.mark.feature("F188", "mail")
def test_the_template_comes_back_changed(world: World, people: People, works: int) -> None:
    """Filled with who is there; one cell is changed, one person added, nobody else touched."""
    confirmed(world, with_rows("import", NIA, ZOE))
    (file,) = list(answer(world, "template").iter_attachments())
    text = file.get_content()
    text = text.decode("utf-8-sig") if isinstance(text, bytes) else text.lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["Email Address"] for row in rows} >= {ANN, KIM, "nia@customer.test", "zoe@customer.test"}
    for row in rows:
        row["City"] = "'-" if row["Email Address"] == "nia@customer.test" else row["City"].replace("Köln", "York")
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows([*rows, {"First Name": "Ned", "Last Name": "Next", "Email Address": "ned@customer.test"}])
    result = confirmed(world, attached("import update", out.getvalue().encode("utf-16")))
    assert result[0].startswith(f"people.csv: 1 added, 1 updated, {len(rows) - 1} skipped.")
    assert known(world, "zoe@customer.test").value("City") == "York"
    assert known(world, "nia@customer.test").value("City") == ""


@pytest.mark.feature("F190", "mail")
@pytest.mark.feature("F194", "mail")
def test_the_history_knows_how_far_the_letters_are(world: World, people: People, works: int) -> None:
    """Each letter belongs to its import."""
    rows = [f"A{n};B;a{n}@customer.test;;a{n}@customer.test;" for n in range(3)]
    confirmed(world, with_rows("import", *rows, BAD))
    (run,) = world.all(select(ImportRun))
    assert (run.letters, [row.import_id for row in world.letters("credentials")]) == (3, [run.id] * 3)
    with world.database.transaction() as session:
        first = world.letters("credentials")[0].id
        session.execute(update(Outbox).where(Outbox.id == first).values(state="sent", done_at=NOW))
    text = " ".join(rendering.text(answer(world, "imports")).split())
    assert "people.csv: 1 of 3 welcome letters sent." in text
    assert "Refused of people.csv: row 5: Email: “tom@customer” is not" in text


@pytest.mark.feature("F174", "mail")
@pytest.mark.feature("F177", "mail")
@pytest.mark.parametrize(
    "argument, ending", [("export", "csv"), ("export excel", "xlsx"), ("exportieren als Excel", "xlsx")]
)
def test_everybody_as_a_file(world: World, people: People, works: int, argument: str, ending: str) -> None:
    """Of one's own organisation, with what the list shows and the telephone numbers."""
    (file,) = list(answer(world, argument).iter_attachments())
    data = file.get_payload(decode=True)
    assert file.get_filename() == f"people.{ending}"
    if ending == "xlsx":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            text = packed.read("xl/worksheets/sheet1.xml").decode()
    else:
        text = data.decode("utf-8-sig")
    assert KIM in text
    assert PAT not in text


def test_an_export_of_something_else(world: World, people: People, works: int) -> None:
    """It says what there is."""
    assert "write csv, excel or pdf" in " ".join(rendering.text(answer(world, "export everything")).split())


@pytest.mark.feature("F196", "mail")
def test_people_without_portal_access(world: World, people: People, works: int) -> None:
    """Neither user name nor level: a contact, and no letter."""
    confirmed(world, with_rows("import", ZOE))
    assert not known(world, "zoe@customer.test").has_access
    assert world.letters("credentials") == []
    assert world.all(select(Account.username).where(Account.username == "zoe@customer.test")) == []

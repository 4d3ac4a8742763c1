"""The file of an import: what is read of it, what each row comes to, and what is written back."""

import codecs

import pytest

from desk import contact_file, contact_import
from desk.contact_file import COLUMNS, Row
from desk.contact_import import Directory, Plan
from desk.granting import AccountState
from desk.profile import Profile

WORKS, ELSEWHERE = 1, 2
ADMIN = Profile(10, "Ann Able", "Ann", "Able", "Admin User", organisation_id=WORKS, addresses=["ann@customer.test"])
BOB = Profile(
    11, "Bob Best", "Bob", "Best", organisation_id=WORKS, addresses=["Bob@customer.test"], details={"City": "Leeds"},
    account=AccountState(11, 11, None, "bob@customer.test"),
)  # fmt: skip
EVE = Profile(12, "Eve Else", "Eve", "Else", organisation_id=ELSEWHERE, addresses=["eve@elsewhere.test"])
LOU = Profile(13, "Lou Loose", "Lou", "Loose", addresses=["lou@customer.test"])
HEADER = "First Name,Last Name,Email Address,Client Portal Username,Client Portal Password,Client Portal Security Level"


def directory(*, trusted: bool = False) -> Directory:
    """What the desk knows: these people."""
    known = (ADMIN, BOB, EVE, LOU)
    owners = {address.lower(): person.id for person in known for address in person.addresses}
    return Directory({one.id: one for one in known}, owners, WORKS, own_id=10, ours={"sam@desk.test"}, trusted=trusted)


def read(text: str) -> tuple[Row, ...]:
    """The rows of a file that can be read."""
    sheet = contact_file.read("people.csv", text.encode())
    assert sheet.fault == ""
    return sheet.rows


def tried(*lines: str, update: bool = False, header: str = HEADER, trusted: bool = False) -> Plan:
    """What becomes of some lines below the usual header."""
    return contact_import.plan(read("\n".join([header, *lines])), directory(trusted=trusted), update=update)


def fates(plan: Plan) -> list[tuple[str, str]]:
    """Fate and reason of each row."""
    return [(step.fate, step.why) for step in plan.steps]


@pytest.mark.feature("F186", "mail")
def test_the_template_has_all_columns_in_their_order() -> None:
    """A to Y: W is the user name, X the password, Y the security level."""
    header = contact_file.write([]).decode("utf-8-sig").strip().split(",")
    assert header == [name for name, _ in COLUMNS]
    assert len(header) == 25
    assert (header[22], header[23], header[24]) == (
        "Client Portal Username",
        "Client Portal Password",
        "Client Portal Security Level",
    )


@pytest.mark.feature("F186", "mail")
def test_the_template_as_it_is_changes_nothing() -> None:
    """It holds who is there, with user name and level of those who have access; sent back it is no change."""
    data = contact_file.write([ADMIN, BOB])
    sheet = contact_file.read("template.csv", data)
    assert [row.cells.get("Username") for row in sheet.rows] == [None, "bob@customer.test"]
    assert [row.cells.get("Level") for row in sheet.rows] == [None, "Standard User"]
    plan = contact_import.plan(sheet.rows, directory(), update=True)
    assert fates(plan) == [("skipped", "nothing is different")] * 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encode", [
    lambda text: text.encode(), lambda text: codecs.BOM_UTF8 + text.encode(), lambda text: text.encode("cp1252"),
    lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
], ids=["utf-8", "bom", "cp1252", "utf-16"])  # fmt: skip
def test_files_as_spreadsheets_write_them(delimiter: str, encode: object) -> None:
    """Comma, semicolon or tab; quoted cells; columns in any order; four encodings."""
    lines = [["email address", "LAST NAME", "First_Name*"], ["zoe@customer.test", f'"Müller{delimiter} B."', "Zoë"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    (row,) = contact_file.read("people.csv", encode(text)).rows  # type: ignore[operator]
    assert row == Row(2, {"Email": "zoe@customer.test", "Last name": f"Müller{delimiter} B.", "First name": "Zoë"})


@pytest.mark.parametrize(
    "text, fault",
    [
        ("", "The file is empty."),
        ("First Name,Last Name\nA,B", "names no column “Email Address”"),
        (HEADER, "no row below it"),
        (HEADER + ",Email\na,b,c", "two columns “Email”"),
        (HEADER + '\n"' + "x" * 200_000, "no CSV"),
        (HEADER + "\nA,B,a@customer.test" * 5_001, "more than 5,000 rows"),
        ("x" * (contact_file.MAX_BYTES + 1), "larger than 4 MB"),
    ],
)
def test_files_that_cannot_be_used(text: str, fault: str) -> None:
    """A sentence says why."""
    sheet = contact_file.read("people.csv", text.encode())
    assert fault in sheet.fault
    assert sheet.rows == ()


def test_columns_that_nobody_knows_are_named() -> None:
    """They are passed over; rows keep the numbers of the spreadsheet, empty ones count."""
    sheet = contact_file.read("people.csv", f"{HEADER},Shoe size\n\n,,,,,,\nA,B,a@customer.test,,,,44\n".encode())
    assert sheet.unknown == ("Shoe size",)
    assert [row.number for row in sheet.rows] == [4]


@pytest.mark.feature("F193", "mail")
def test_a_password_refuses_the_row_and_is_kept_nowhere() -> None:
    """Of the column for the password it is known that it was filled in, and not with what."""
    rows = read(f"{HEADER}\nCy,Cole,cy@customer.test,,hunter2-secret,\nDi,Dale,di@customer.test,,,")
    assert "hunter2" not in repr(rows)
    plan = contact_import.plan(rows, directory(), update=False)
    assert [step.fate for step in plan.steps] == ["refused", "added"]
    assert "hunter2" not in repr([row.as_list() for row in rows]) + plan.summary(done=False)
    assert "row 2: the column for the password must be empty" in plan.summary(done=False)


@pytest.mark.feature("F191", "mail")
def test_the_user_name_is_the_address_or_empty() -> None:
    """In any case; another one refuses the row."""
    plan = tried("A,B,new@customer.test,NEW@customer.test,,", "C,D,other@customer.test,cd,,")
    assert fates(plan) == [("added", ""), ("refused", "the user name must be the e-mail address")]
    assert plan.steps[0].access


@pytest.mark.feature("F192", "mail")
@pytest.mark.parametrize(
    "level, found",
    [
        ("Maintel Client Portal Standard User", "Standard User"),
        ("Sample Client Portal Admin User", "Admin User"),
        ("admin user", "Admin User"),
        ("Super User", ""),
        ("Notadmin user", ""),
    ],
)
def test_security_levels(level: str, found: str) -> None:
    """As the guide writes them, with the name of the portal in front; others refuse the row and name the choices."""
    (step,) = tried(f"A,B,new@customer.test,,,{level}").steps
    if found:
        assert (step.fate, step.changes["Level"], step.access) == ("added", ("", found), True)
    else:
        assert step.fate == "refused"
        assert "Choose one of: Standard User, Admin User" in step.why


@pytest.mark.feature("F188", "mail")
def test_existing_people_are_skipped_by_default_and_updated_on_wish() -> None:
    """Found by user name, or by first name, last name and address together."""
    header = HEADER + ",City"
    lines = ("Robert,Best,bob@customer.test,bob@customer.test,,,York", "BOB,best,BOB@customer.test,,,,York")
    for line in lines:
        assert fates(tried(line, header=header)) == [("skipped", "is there already")]
        (step,) = tried(line, header=header, update=True).steps
        assert step.fate == "updated"
        assert step.changes["City"] == ("Leeds", "York")
    (other,) = tried("Rob,Best,bob@customer.test,,,,York", header=header, update=True).steps
    assert (other.fate, "belongs to Bob Best" in other.why) == ("refused", True)


@pytest.mark.feature("F188", "mail")
def test_an_empty_cell_changes_nothing_and_a_hyphen_erases() -> None:
    """Mandatory fields cannot be erased."""
    header = HEADER + ",City"
    (empty,) = tried("Bob,Best,bob@customer.test,,,,", header=header, update=True).steps
    (hyphen,) = tried("Bob,Best,bob@customer.test,,,,-", header=header, update=True).steps
    (name,) = tried("-,Best,bob@customer.test,bob@customer.test,,,", header=header, update=True).steps
    assert (empty.fate, hyphen.changes) == ("skipped", {"City": ("Leeds", "")})
    assert (name.fate, name.why) == ("refused", "First name cannot be empty")


@pytest.mark.feature("F179", "mail")
def test_mandatory_fields() -> None:
    """First name, last name, address."""
    plan = tried("A,,a@customer.test,,,", ",,b@customer.test,,,", "A,B,not an address,,,")
    assert fates(plan) == [
        ("refused", "Last name must be filled in"),
        ("refused", "First name and Last name must be filled in"),
        ("refused", "Email: “not an address” is not a complete e-mail address"),
    ]


def test_duplicates_within_a_file() -> None:
    """The second of two rows with one address is refused, whoever wrote it how."""
    plan = tried("A,B,a@customer.test,,,", "A,C,A@Customer.test,,,")
    assert fates(plan) == [("added", ""), ("refused", "it has the same address as row 2")]


def test_addresses_of_others_tell_nothing() -> None:
    """Another organisation's, one of staff and one without an organisation: the same words for all."""
    plan = tried("A,B,eve@elsewhere.test,,,", "A,B,sam@desk.test,,,", "A,B,lou@customer.test,,,")
    assert {why for _, why in fates(plan)} == {contact_import.NOT_USABLE}
    plan = tried("Eve,Else,eve@elsewhere.test,eve@elsewhere.test,,", update=True)
    assert {why for _, why in fates(plan)} == {contact_import.NOT_USABLE}


def test_an_operator_may_take_in_who_belongs_to_nobody() -> None:
    """Somebody who has only written so far joins the organisation; people of others stay out."""
    plan = tried("Lou,Loose,lou@customer.test,,,", "Eve,Else,eve@elsewhere.test,,,", trusted=True)
    assert [step.fate for step in plan.steps] == ["added", "refused"]
    assert plan.steps[0].profile is LOU


def test_nobody_raises_themselves() -> None:
    """The row of the one who imports keeps its level."""
    (step,) = tried("Ann,Able,ann@customer.test,ann@customer.test,,Standard User", update=True).steps
    assert (step.fate, step.why) == ("refused", "nobody changes their own level")


def test_formulas_are_text() -> None:
    """Read as they are, written so that a spreadsheet shows them, and read again as they were."""
    person = Profile(
        20, first_name="=1+1", last_name="@sum", addresses=["x@customer.test"], details={"Phone": "+44 20"}
    )
    data = contact_file.write([person])
    assert b"'=1+1" in data
    assert b"'+44 20" in data
    (row,) = contact_file.read("x.csv", data).rows
    assert (row.cells["First name"], row.cells["Last name"], row.cells["Phone"]) == ("=1+1", "@sum", "+44 20")


def test_the_summary_counts_and_names_what_is_refused() -> None:
    """Five rows by number and reason, and how many more."""
    lines = ["A,B,a@customer.test,,,", "Bob,Best,bob@customer.test,,,"]
    assert tried(*lines).summary(done=False) == "1 will be added, 1 skipped."
    assert tried(*lines).summary(done=True) == "1 added, 1 skipped."
    many = tried(*lines, *("A,B,,,," for _ in range(25))).summary(done=False)
    assert many.startswith("1 will be added, 1 skipped, 25 refused (row 4: Email must be filled in; ")
    assert many.endswith("; and 20 more).")


def test_five_thousand_rows_are_decided() -> None:
    """As many as a file may have; each finds its own person."""
    rows = read("\n".join([HEADER, *(f"A{n},B,a{n}@customer.test,,," for n in range(5_000))]))
    assert contact_import.plan(rows, directory(), update=False).count("added") == 5_000

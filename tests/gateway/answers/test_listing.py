"""Lists by mail: views, rights, filters, sort orders, columns, files, and what an empty one says."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.levels import Level, Levels
from gateway.answers import Answer
from gateway.answers.csv_file import safe
from store.tables import Contact, Staff, Ticket
from tests.gateway.answers.answer_world import FACTS, add, ask, change, note, numbers, organisation
from tests.gateway.desk_world import ANN, GONE, KIM, LEFT, NOW, NUMBER, PAT, REM, SAM, SUE, People, World

MSO, PRINTER, SCREEN, TRUNK = "T20261120.0001", "T20261119.0001", "T20261121.0001", "T20261118.0001"
DONE, OLD, THEIRS, SECRET = "T20261110.0001", "T20261001.0001", "T20261122.0001", "T20261121.0002"


def rows(answer: Answer) -> list[list[str]]:
    """The attached file, read as a spreadsheet would."""
    (file,) = answer.files
    assert file.type.startswith("text/csv")
    return list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))


@pytest.mark.feature("F54", "mail")
@pytest.mark.feature("F158", "mail")
@pytest.mark.feature("F159", "mail")
@pytest.mark.feature("F58", "mail")
def test_mine(world: World, people: People, tickets: dict[str, int]) -> None:
    """#list my: open tickets that one submitted, or takes part in; nobody else's."""
    assert numbers(ask(world, people, ANN, "list", "my")) == [MSO, PRINTER, NUMBER]
    assert numbers(ask(world, people, PAT, "list", "my")) == [THEIRS, NUMBER]


@pytest.mark.feature("F46", "mail")
@pytest.mark.feature("F47", "mail")
def test_without_an_argument_it_counts(world: World, people: People, tickets: dict[str, int]) -> None:
    """#list alone: the open ones of mine, below a line that counts each view."""
    answer = ask(world, people, ANN, "list")
    said = " ".join(answer.text.split())
    assert "Open 5 · My 3 · Waiting for you 1 · Waiting for your approval 1 · Completed in the last 7 days 1" in said
    assert numbers(answer) == [MSO, PRINTER, NUMBER]
    assert answer.title == "3 open tickets of yours"


@pytest.mark.parametrize(
    "view, found",
    [
        pytest.param("open", [SCREEN, MSO, PRINTER, TRUNK, NUMBER], marks=pytest.mark.feature("F160", "mail")),
        pytest.param("done", [DONE], marks=pytest.mark.feature("F161", "mail")),
        pytest.param(
            "all", [SCREEN, MSO, PRINTER, TRUNK, NUMBER, DONE, OLD], marks=pytest.mark.feature("F162", "mail")
        ),
        pytest.param("approval", [TRUNK], marks=pytest.mark.feature("F53", "mail")),
        pytest.param("offene", [SCREEN, MSO, PRINTER, TRUNK, NUMBER], id="in German"),
    ],
)
@pytest.mark.feature("F155", "mail")
def test_views(world: World, people: People, tickets: dict[str, int], view: str, found: list[str]) -> None:
    """Each view holds its tickets, the newest first: neither spam, nor what a colleague keeps to herself."""
    assert sorted(numbers(ask(world, people, ANN, "list", view))) == sorted(found)


@pytest.mark.feature("F22", "mail")
@pytest.mark.feature("F24", "mail")
@pytest.mark.feature("F176", "mail")
def test_who_sees_only_their_own(world: World, people: People, tickets: dict[str, int]) -> None:
    """With “own” a colleague's ticket is in no list; with “organisation” it is."""
    assert SCREEN in numbers(ask(world, people, ANN, "list", "open"))
    change(world, Contact, people.contacts[ANN], sees="own")
    assert numbers(ask(world, people, ANN, "list", "open")) == [MSO, PRINTER, NUMBER]


def test_others_learn_nothing(world: World, people: People, tickets: dict[str, int]) -> None:
    """Another organisation, a removed participant, who was deactivated and who left see nothing of it, in no answer."""
    for who in (PAT, REM, GONE, LEFT):
        for word, argument in (
            ("list", "all"),
            ("search", "MSO"),
            ("export", "all"),
            ("list", "title:mso"),
            ("list", ""),
        ):
            answer = ask(world, people, who, word, argument)
            assert MSO not in answer.text
            assert "MSO phones" not in answer.text
            assert all(b"MSO phones" not in file.data for file in answer.files)
    assert numbers(ask(world, people, REM, "list", "all")) == []
    for who in (GONE, LEFT):
        assert ask(world, people, who, "list").title == "You have no access"


FILTERS = [
    ("type:incident", [MSO]),
    ("type:störung", [MSO]),
    ("status:new", [MSO]),
    ('status:new,"in progress"', [SCREEN, MSO, NUMBER]),
    ("status:“waiting customer”", [PRINTER]),
    ("status:waiting customer", [PRINTER]),
    ("open status:waiting customer", [PRINTER]),
    ("status:resolved", [DONE]),
    ("title:mso", [MSO]),
    ("title:100%", [PRINTER]),
    ("title:_", []),
    ("site:blackfriars", [MSO]),
    ("site:se1", [MSO]),
    ("contact:kim", [SCREEN, TRUNK, DONE]),
    ("contact:kim@customer.test open", [SCREEN, TRUNK]),
    ("number:20261120", [MSO]),
    ("ref:inc-4471", [MSO]),
    ("item:S-77", [PRINTER]),
    ("created>2026-11-20", [SCREEN]),
    ("created>=2026-11-20", [SCREEN, MSO]),
    ("created<2026-11-01", [OLD]),
    ("created:2026-11-20", [MSO]),
    ('created<="20 Nov 2026" created>2026-11-18', [MSO, PRINTER]),
    ("completed>2026-11-01", [DONE]),
    ("my type:incident sort:created", [MSO]),
]


@pytest.mark.parametrize("argument, found", FILTERS, ids=[argument for argument, _ in FILTERS])
@pytest.mark.feature("F171", "mail")
@pytest.mark.feature("F172", "mail")
@pytest.mark.feature("F144", "mail")
@pytest.mark.feature("F50", "mail")
@pytest.mark.feature("F175", "mail")
def test_filters(world: World, people: People, tickets: dict[str, int], argument: str, found: list[str]) -> None:
    """A list narrowed by a field holds just what matches."""
    assert sorted(numbers(ask(world, people, ANN, "list", argument))) == sorted(found)


@pytest.mark.parametrize(
    "argument, said",
    [
        ("colour:red", "cannot be narrowed by “colour”"),
        ("status:purple", "There is no status “purple”. There are: New, In Progress"),
        ("created>soon", "“soon” is no day"),
        ("title>mso", "“title>” is for times"),
        ("sort:colour", "cannot be sorted by “colour”. It can by created"),
        ("phones", "I did not understand “phones”"),
        ("title:", "names no value"),
        ("assignee:sam", "cannot be narrowed by “assignee”"),
    ],
)
def test_what_is_not_understood(world: World, people: People, argument: str, said: str) -> None:
    """The answer names it, and says what there is."""
    answer = ask(world, people, ANN, "list", argument)
    assert said in " ".join(answer.text.split())
    assert answer.title == "Not understood"


@pytest.mark.feature("F173", "mail")
def test_sort(world: World, people: People, tickets: dict[str, int]) -> None:
    """By a field, and with a minus the other way round."""
    up = [NUMBER, TRUNK, PRINTER, MSO, SCREEN]
    assert numbers(ask(world, people, ANN, "list", "open sort:created")) == up
    assert numbers(ask(world, people, ANN, "list", "open sort:-created")) == up[::-1]
    assert numbers(ask(world, people, ANN, "list", "my sort:title")) == [MSO, NUMBER, PRINTER]


@pytest.mark.parametrize(
    "who, word, argument, said",
    [
        (ANN, "list", "title:mso status:resolved", "No tickets match “mso” with status Resolved."),
        (ANN, "search", "zebra", "No tickets match “zebra”."),
        (REM, "list", "my", "You have no open tickets."),
        (REM, "list", "open", "There are no open tickets."),
        (REM, "list", "done", "Nothing was completed in the last 7 days."),
        (REM, "list", "all", "No tickets yet."),
        (REM, "list", "approval", "Nothing is waiting for your approval."),
        (SUE, "mine", "", "You have taken no open ticket."),
    ],
)
def test_empty(
    world: World, people: People, tickets: dict[str, int], who: str, word: str, argument: str, said: str
) -> None:
    """An empty list says so, in words about what was asked."""
    assert said in ask(world, people, who, word, argument).text


@pytest.mark.feature("F41", "mail")
@pytest.mark.feature("F51", "mail")
@pytest.mark.feature("F52", "mail")
@pytest.mark.feature("F163", "mail")
def test_search(world: World, people: People, tickets: dict[str, int]) -> None:
    """Words of the title, of a public entry, the number, the customer's own number: each with status and link."""
    note(world, tickets["kim"], "The zebra ate 50% of it")
    note(world, tickets["kim"], "an internal giraffe", visibility="internal")
    answer = ask(world, people, ANN, "search", "mso")
    assert numbers(answer) == [MSO]
    assert "New" in answer.text
    assert f"\nhttps://desk.example.com/t/{MSO}" in answer.text
    assert numbers(ask(world, people, ANN, "search", "ZEBRA screen")) == [SCREEN]
    assert numbers(ask(world, people, ANN, "search", "50%")) == [SCREEN]
    assert numbers(ask(world, people, ANN, "search", '"zebra ate"')) == [SCREEN]
    assert numbers(ask(world, people, ANN, "search", MSO.lower())) == [MSO]
    assert numbers(ask(world, people, ANN, "search", "inc-4471")) == [MSO]
    assert numbers(ask(world, people, ANN, "search", "giraffe")) == []
    assert numbers(ask(world, people, SAM, "search", "giraffe")) == [SCREEN]
    assert "Name the words" in ask(world, people, ANN, "search", "  ").text


@pytest.mark.feature("F174", "mail")
def test_export(world: World, people: People, tickets: dict[str, int]) -> None:
    """A file that a spreadsheet opens: UTF-8 with its mark, ISO dates, one row for each ticket."""
    answer = ask(world, people, ANN, "export", "open")
    head, *found = rows(answer)
    assert head == ["Number", "Status", "Title", "Site", "Created"]
    assert [MSO, "New", "MSO phones", "160 Blackfriars Road", "2026-11-20 12:00"] in found
    assert len(found) == 5
    assert answer.files[0].name == "tickets-open.csv"
    assert answer.files[0].data.startswith(b"\xef\xbb\xbf")
    assert "all 5 are in the attached file tickets-open.csv" in " ".join(answer.text.split()).lower()


def test_a_long_list_is_a_file(world: World, people: People, tickets: dict[str, int]) -> None:
    """50 tickets stand in the letter; one more, and a file holds them all."""
    works = organisation(world)
    for n in range(46):
        add(world, people.contacts[KIM], f"T20261117.{n:04}", organisation_id=works, days=6)
    answer = ask(world, people, ANN, "list", "open")
    assert len(numbers(answer)) == 50
    assert len(rows(answer)) == 1 + 51
    assert answer.title == "51 open tickets"
    assert "The first 50 are below" in answer.text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\u00a0=1"])
def test_no_cell_is_a_formula(world: World, people: People, tickets: dict[str, int], cell: str) -> None:
    """A title that a spreadsheet would run has an apostrophe before it; others stay as they are."""
    assert safe(cell) == f"'{cell}"
    assert safe("A-1 = 2") == "A-1 = 2"
    change(world, Ticket, tickets["ann"], title=cell)
    assert f"'{cell}" in [row[2] for row in rows(ask(world, people, ANN, "export", "my"))]


def test_html_is_escaped(world: World, people: People, tickets: dict[str, int]) -> None:
    """What people wrote is text."""
    change(world, Ticket, tickets["ann"], title="<img src=x> & {{ 7 * 7 }}")
    answer = ask(world, people, ANN, "list", "my")
    assert "<img" not in answer.html
    assert "&lt;img src=x&gt; &amp; {{ 7 * 7 }}" in answer.html
    assert '<th scope="col"' in answer.html


@pytest.mark.feature("F164", "mail")
def test_usual_columns(world: World, people: People, tickets: dict[str, int]) -> None:
    """Number, status, title, site and the day it was opened."""
    text = ask(world, people, ANN, "list", "my").text
    assert "Number          Status            Title" in text
    assert f"{MSO}  New               MSO phones" in text
    assert "160 Blackfriars Road  20 Nov 2026" in text


@pytest.mark.feature("F165", "mail")
@pytest.mark.feature("F166", "mail")
@pytest.mark.feature("F167", "mail")
@pytest.mark.feature("F168", "mail")
@pytest.mark.feature("F169", "mail")
def test_columns(world: World, people: People, tickets: dict[str, int]) -> None:
    """What was chosen, in its order, in lists and in files; the number always first."""
    keys = ["title", "type", "contact", "people", "by", "product", "serial", "item ref", "item", "ref", "source",
            "completed", "approval", "needed", "organisation", "status", "number", "nonsense", 7]  # fmt: skip
    change(world, Contact, people.contacts[ANN], columns=keys)
    note(world, tickets["waiting"], "It is full.", author="Ann Sample", at=NOW - timedelta(days=4))
    answer = ask(world, people, ANN, "export", "my")
    head, *found = rows(answer)
    assert head == ["Number", "Title", "Type", "Contact", "Additional contacts", "Opened by", "Item product",
                    "Item serial number", "Item reference number", "Item", "Our ref", "Source", "Completed", "Approval",
                    "Needed by", "Organisation", "Status"]  # fmt: skip
    printer = dict(zip(head, next(row for row in found if row[0] == PRINTER), strict=True))
    assert printer["Contact"] == "Ann"
    assert printer["Opened by"] == "Ann Sample"
    assert (printer["Item product"], printer["Item serial number"]) == ("SIP", "S-77")
    assert (printer["Item reference number"], printer["Item"]) == ("REF-9", "s-77")
    phones = dict(zip(head, next(row for row in found if row[0] == NUMBER), strict=True))
    assert phones["Additional contacts"] in ("Pat, Gone", "Gone, Pat")
    listed = ask(world, people, ANN, "list", "my")
    assert "Printer 100% full" in listed.text
    assert "Their phones" not in listed.text


@pytest.mark.feature("F170", "mail")
def test_priority_is_not_for_everybody(world: World, people: People, tickets: dict[str, int]) -> None:
    """Only security levels that may see priorities have the column and the filter."""
    change(world, Contact, people.contacts[ANN], columns=["priority", "title"])
    facts = replace(FACTS, levels=Levels((Level("Standard User", priority=False), Level("Admin User", people=True))))
    assert "Priority" in ask(world, people, ANN, "list", "my").text
    assert "Priority" not in ask(world, people, ANN, "list", "my", facts=facts).text
    assert "cannot be narrowed by “priority”" in ask(world, people, ANN, "list", "priority:low", facts=facts).text
    change(world, Contact, people.contacts[ANN], level="Admin User")
    assert "Priority" in ask(world, people, ANN, "list", "my", facts=facts).text


def test_staff_queues(world: World, people: People, tickets: dict[str, int]) -> None:
    """#queue: what nobody took, of one's teams or of none, oldest first, with its age; #mine; #overdue."""
    change(world, Ticket, tickets["waiting"], team_id=world.ticket(people.ticket).team_id)
    queue = ask(world, people, SAM, "queue")
    found = numbers(queue)
    assert found[-1] == THEIRS
    assert SCREEN not in found
    assert NUMBER in found
    assert "5 days" in queue.text
    assert "Age" in queue.text
    assert PRINTER not in numbers(ask(world, people, SUE, "queue"))
    assert numbers(ask(world, people, SAM, "mine")) == [SCREEN]
    late = ask(world, people, SAM, "overdue")
    assert numbers(late) == [THEIRS]
    assert "23 Nov 2026, 11:00 GMT" in late.text
    assert "There is no answer to #queue" in ask(world, people, ANN, "queue").text


def test_staff_see_all_with_the_organisation(world: World, people: People, tickets: dict[str, int]) -> None:
    """Lists of staff hold everybody's tickets, and say whose they are."""
    answer = ask(world, people, SAM, "list", "open")
    assert {MSO, SECRET, THEIRS} <= set(numbers(answer))
    assert "Organisation" in answer.text
    assert "Sample Works" in answer.text
    assert numbers(ask(world, people, SAM, "list", "organisation:elsewhere")) == [THEIRS]
    assert numbers(ask(world, people, SAM, "list", "assignee:sam")) == [SCREEN]
    assert "Open 7 · My 1" in ask(world, people, SAM, "list").text
    change(world, Staff, people.staff[SAM], columns=["assignee", "title"])
    assert "Assignee" in ask(world, people, SAM, "list", "open").text

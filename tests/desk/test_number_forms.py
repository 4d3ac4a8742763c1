"""Numbers in a form of the desk's own: which forms there may be, what is counted, and what is found in a text."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from desk.numbers import STANDARD, Form, Numbers, given_out, looks_like_one
from store.database import Database

NOW = datetime(2019, 4, 9, 12, tzinfo=UTC)
OWN = Numbers(Form.read("R-000000"))
ONE = "R-000123"


def take(database: Database, numbers: Numbers, count: int = 1, now: datetime = NOW) -> list[str]:
    """Numbers in a transaction of their own."""
    with database.transaction() as session:
        return list(numbers.allocate(session, count, now, ZoneInfo("UTC")))


@pytest.mark.feature("F64")
@pytest.mark.parametrize(
    "said, number",
    [
        ("TYYYYMMDD.0000", "T20190409.0967"),
        ("R-000000", "R-000967"),
        ("INC-00000", "INC-00967"),
        ("TICKET-00000000", "TICKET-00000967"),
    ],
)
def test_forms(said: str, number: str) -> None:
    """Each has an example that it knows itself, and so does a desk that had it before."""
    form = Form.read(said)
    assert Numbers(form).example == number
    assert Numbers(form).only(f"[{number}]") == number
    assert Numbers(before=frozenset({form.series} - {""})).find_all(f"{number}.001") == [f"{number}.001"]


@pytest.mark.parametrize(
    "said, why",
    [
        ("", "the zeros at the end are the counter, and it has none"),
        ("R-", "the zeros at the end are the counter, and it has none"),
        ("R-000123", "the zeros at the end are the counter, and it has none"),
        ("{prefix}-{counter:06}", "it has none"),
        ("000000", "must be"),
        ("R000000", "a hyphen"),
        ("r-000000", "letters A to Z"),
        ("Ä-000000", "letters A to Z"),
        ("R.000000", "a hyphen"),
        ("R/000000", "a hyphen"),
        ("R- 000000", "a hyphen"),
        ("R--000000", "a hyphen"),
        ("-000000", "letters A to Z"),
        ("TICKETS-000000", "one to six letters"),
        ("[R-000000]", "it has none"),
        ("R-000000\n", "it has none"),
        ("R-0000", "must have 5 to 8 zeros"),
        ("R-000000000", "must have 5 to 8 zeros"),
        ("T-00000000", "choose another one"),
        ("ISO-00000", "mean something else"),
        ("RE-000000", "mean something else"),
        ("tyyyymmdd.0000", "must be"),
    ],
)
def test_forms_that_are_none(said: str, why: str) -> None:
    """The fault says what is wrong: no counter, too short, or something that a subject may hold anyway."""
    with pytest.raises(ValueError, match=why):
        Form.read(said)


@pytest.mark.feature("F64")
def test_it_counts_on(database: Database) -> None:
    """R-000001 and so on, over the days, up to more digits than the form has."""
    assert take(database, OWN, 2) == ["R-000001", "R-000002"]
    assert take(database, OWN, now=datetime(2019, 4, 10, tzinfo=UTC)) == ["R-000003"]
    (last,) = take(database, OWN, 999_997)[-1:]
    assert last == "R-1000000"
    assert OWN.find_all(f"Re: [{last}]") == [last]
    assert OWN.counted(last) == ("R-", 1_000_000)


@pytest.mark.feature("F64")
def test_a_changed_form(database: Database) -> None:
    """Each form counts for itself, none gives a number again, and all that were given out go on being known."""
    wide, short, other = (Numbers(Form.read(said)) for said in ("R-00000000", "R-00000", "INC-000000"))
    given = [*take(database, OWN), *take(database, STANDARD), *take(database, other), *take(database, OWN)]
    given += [*take(database, wide), *take(database, short), *take(database, STANDARD), *take(database, other)]
    assert given == [
        "R-000001", "T20190409.0001", "INC-000001", "R-000002", "R-00000003", "R-00004", "T20190409.0002", "INC-000002",
    ]  # fmt: skip
    with database.reading() as session:
        before = given_out(session)
    assert before == {"R-", "INC-"}
    for form in ("TYYYYMMDD.0000", "R-000000", "INC-00000", "HELP-000000"):
        assert Numbers(Form.read(form), before).find_all(" ".join(given)) == given


@pytest.mark.feature("F64")
def test_unique_under_eight_threads(database: Database) -> None:
    """200 transactions that each take a number at the same time: 200 different numbers, without a gap."""
    begin = threading.Barrier(8)

    def some(_: int) -> list[str]:
        begin.wait()
        return [number for _ in range(25) for number in take(database, OWN)]

    with ThreadPoolExecutor(8) as pool:
        found = [number for part in pool.map(some, range(8)) for number in part]
    assert sorted(found) == [f"R-{place:06d}" for place in range(1, 201)]


@pytest.mark.feature("F64")
@pytest.mark.parametrize(
    "text, found",
    [
        (f"[{ONE}] Phones", [ONE]),
        (f"AW: Re: {ONE} Phones", [ONE]),
        ("r-000123", [ONE]),
        (f"{ONE}.001", [f"{ONE}.001"]),
        (f"a {ONE}, b R-000124.", [ONE, "R-000124"]),
        (f"{ONE} r-000123", [ONE]),
        (f"https://desk.test/t/{ONE}", [ONE]),
        ("R\N{EN DASH}000123, R\N{NON-BREAKING HYPHEN}000124", [ONE, "R-000124"]),
        (f"T20190409.0967 and {ONE}", ["T20190409.0967", ONE]),
        (f"{ONE}について", [ONE]),
        (f"#link -{ONE}", [ONE]),
        ("", []),
        ("R-0123", []),
        ("R000123", []),
        ("R 000123", []),
        ("PR-000123", []),
        (f"INV-{ONE}", []),
        (f"{ONE}-4", []),
        (f"{ONE}b", []),
        (f"{ONE}_2", []),
        (f"{ONE}.5", []),
        (f"{ONE}.0011", []),
        ("R-0001234567", []),
        ("R-000١٢٣", []),
        ("R-０００１２３", []),
        ("Ｒ-000123", []),
        ("R--000123", []),
        ("-1 R-1e400 R-' OR 1=1", []),
    ],
)
def test_find_all(text: str, found: list[str]) -> None:
    """Bare or in brackets, tasks, any case, hyphens as word processors write them; nothing that is part of more."""
    assert OWN.find_all(text) == found


@pytest.mark.parametrize("text", [f"[{ONE}] Phones", "INC-00042", f"{ONE}.001"])
def test_only_on_a_desk_with_that_form(text: str) -> None:
    """Elsewhere such words are anybody's."""
    assert STANDARD.find_all(text) == []
    assert STANDARD.strip(text) == text


@pytest.mark.feature("F64")
@pytest.mark.parametrize(
    "text, rest",
    [
        (f"Re: [{ONE}] Phones  down", "Re: Phones down"),
        (f"{ONE}.001", ""),
        (f"[ {ONE} ]x", "x"),
        ("[T20190409.0967] Phones", "Phones"),
        (f"{ONE}-4 Phones", f"{ONE}-4 Phones"),
    ],
)
def test_strip(text: str, rest: str) -> None:
    """The number goes with its brackets, in whatever form it is."""
    assert OWN.strip(text) == rest


@pytest.mark.parametrize(
    "text, number",
    [(ONE, ONE), (" [r-000123] ", ONE), ("R\N{MINUS SIGN}000123", ONE), (f"{ONE} x", ""), (f"{ONE}\n", ""), ("", "")],
)
def test_only(text: str, number: str) -> None:
    """What somebody typed where a number belongs."""
    assert OWN.only(text) == number


def test_counted() -> None:
    """Where a number was counted, whatever its form; a task with its ticket."""
    assert OWN.counted("T20190409.0967.001") == ("20190409", 967)
    assert OWN.counted(f"{ONE}.001") == ("R-", 123)
    assert Numbers(before=frozenset({"TX-"})).counted("TX-000007") == ("TX-", 7)
    assert OWN.counted("X-000123") is None


@pytest.mark.parametrize("word, like", [(ONE, True), ("T20190409.0967.001", True), ("30012", False), ("ABC", False)])
def test_looks_like_one(word: str, like: bool) -> None:
    """Told from ids and words without knowing the desk."""
    assert looks_like_one(word) is like


@pytest.mark.parametrize(
    "text",
    ["R-000123." * 110_000, "R-00012" * 150_000, "R-" + "1" * 1_000_000, "R-" * 500_000, "R-000123-" * 110_000],
    ids=["dots", "glued", "long", "letters", "hyphens"],
)
def test_a_megabyte_of_near_numbers(text: str) -> None:
    """Linear in the length of a subject, with several forms as with one."""
    many = Numbers(Form.read("R-000000"), frozenset({"RR-", "INC-", "HELP-"}))
    assert set(many.find_all(text)) <= {ONE}
    assert many.strip(text)

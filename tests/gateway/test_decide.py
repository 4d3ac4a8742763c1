"""Decide: the whole table “May the sender write there”, each cell by a real mail against a real desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.case import Decision
from gateway.claimed import Claimed, read_mail, with_senders
from gateway.decide import decide
from gateway.envelope import Envelope
from gateway.view import load_view
from store.database import Database
from store.migrations import upgrade
from tests.gateway import desk_world as world
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, GONE, KIM, LEFT, NUMBER, PAT, REM, SAM, SUE, People

# What the mail brings: their own token as address (E1) or Message-ID (E2), somebody else's token in the same two
# ways, the Message-ID of an earlier mail (E3), no more than the number (E4).
WAYS = ("E1 own", "E2 own", "E1 other", "E2 other", "E3", "E4")
# sender → verdict → what may be written, in the order of WAYS; "-" where they have no token of their own
TABLE = {
    ANN: {"pass": "note note note note note note", "none": "note note note note note unverified"},
    PAT: {"pass": "note note note note note note", "none": "note note note note note unverified"},
    KIM: {"pass": "note note note note note note", "none": "lane lane lane lane lane lane"},
    REM: {"pass": "lane lane lane lane lane new", "none": "lane lane lane lane lane new"},
    GONE: {"pass": "lane lane lane lane lane new", "none": "lane lane lane lane lane new"},
    EVE: {"pass": "- - lane lane lane new", "none": "- - lane lane lane new"},
    SAM: {
        "pass": "reply reply internal internal internal internal",
        "none": "reply reply internal internal hold hold",
    },
    LEFT: {"pass": "lane lane lane lane lane new", "none": "lane lane lane lane lane new"},
}
CELLS = [
    pytest.param(sender, way, verdict, wanted, id=f"{sender.partition('@')[0]}, {way}, {verdict}: {wanted}")
    for sender, verdicts in TABLE.items()
    for verdict, row in (
        *verdicts.items(),
        ("fail", " ".join("-" if c == "-" else "hold" for c in verdicts["none"].split())),
    )
    for way, wanted in zip(WAYS, row.split(), strict=True)
    if wanted != "-"
]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, People]]:
    """One sample desk for all cells: to decide changes nothing."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('decide')}/desk.db"
    else:
        url = request.getfixturevalue("postgres").fresh_database()
    database = Database(url)
    upgrade(database)
    people = world.fill(database)
    yield database, people
    database.close()


def what_it_becomes(database: Database, raw: bytes, recipient: str = DESK) -> Decision:
    """Read a mail, load what it needs, decide."""
    envelope = Envelope("relay@sample.test", (recipient,), "smtp")
    claimed = Claimed(1, envelope, raw, 1)
    ((_, incoming),) = with_senders([(claimed, read_mail(claimed, world.ADDRESSES, world.RULES))], world.SENDERS)
    with database.reading() as session:
        view = load_view(session, [incoming], world.ADDRESSES, world.NOW, world.RULES.levels)
    decision, _ = decide(incoming, view, world.RULES, world.ADDRESSES, world.NOW)
    return decision


def mail_by(way: str, sender: str, verdict: world.Verdict, people: People) -> tuple[bytes, str]:
    """A mail that brings this evidence, and the address it was sent to."""
    owner = sender if way.endswith("own") else (PAT if sender in (ANN, SAM) else ANN)
    if sender == SAM and way == "E2 other":
        owner = SUE  # another member of staff's letter, forwarded
    if way.startswith("E1"):
        address = world.ADDRESSES.reply_to(DESK, people.token(owner))
        return world.mail(sender, "Re: phones", to=address, verdict=verdict), address
    if way.startswith("E2"):
        named = world.ADDRESSES.message_id(NUMBER, 7, people.token(owner))
        return world.mail(sender, "Re: phones", verdict=verdict, in_reply_to=named), DESK
    if way == "E3":
        return world.mail(sender, "Re: phones", verdict=verdict, references=FIRST_MAIL), DESK
    return world.mail(sender, f"SV: phones [{NUMBER.lower()}]", verdict=verdict), DESK


@pytest.mark.feature("F68", "mail")
@pytest.mark.parametrize("sender, way, verdict, wanted", CELLS)
def test_may_the_sender_write_there(
    desk: tuple[Database, People], sender: str, way: str, verdict: world.Verdict, wanted: str
) -> None:
    """Each cell of the table, with the removed participant, the deactivated contact and the one who left the desk."""
    database, people = desk
    raw, recipient = mail_by(way, sender, verdict, people)
    decision = what_it_becomes(database, raw, recipient)
    if wanted == "hold":
        assert (decision.kind, decision.write) == ("held", None)
    elif wanted == "new":
        assert (decision.kind, decision.ticket_id, decision.mentions) == ("opened", None, (people.ticket,))
    else:
        assert (decision.kind, decision.write, decision.ticket_id) == ("noted", wanted, people.ticket)
    assert decision.verified.verdict == verdict
    assert decision.match.chosen
    assert decision.match.chosen.kind == way[:2]


@pytest.mark.parametrize("verdict", ["pass", "none"])
def test_a_stranger_learns_nothing_about_whether_a_number_exists(
    desk: tuple[Database, People], verdict: world.Verdict
) -> None:
    """A number that exists and one that does not lead to the same: a new ticket."""
    database, _ = desk
    real = what_it_becomes(database, world.mail(EVE, f"Re: [{NUMBER}]", verdict=verdict))
    guess = what_it_becomes(database, world.mail(EVE, "Re: [T20261101.9999]", verdict=verdict))
    assert (real.kind, real.rule, real.write) == (guess.kind, guess.rule, guess.write) == ("opened", "new", "new")
    assert guess.match.unknown_numbers == ("T20261101.9999",)
    assert guess.mentions == ()


def test_a_decision_carries_its_evidence(desk: tuple[Database, People]) -> None:
    """Why here? Verdict, each piece with what the sender may do because of it, the conflict, unknown numbers."""
    database, people = desk
    token = world.ADDRESSES.message_id(NUMBER, 7, people.token(ANN))
    raw = world.mail(ANN, f"Re: {NUMBER} T20261101.9999", verdict="pass", in_reply_to=f"{token} {FIRST_MAIL}")
    told = what_it_becomes(database, raw).evidence()
    assert told["sender"]["verdict"] == "pass"
    assert [(p["kind"], p["ticket"], p["role"], p["proof"], p["write"]) for p in told["evidence"]] == [
        ("E2", NUMBER, "participant", "own_token", "note"),
        ("E3", NUMBER, "participant", "thread", "note"),
        ("E4", NUMBER, "participant", "number", "note"),
    ]
    assert told["conflict"] is False
    assert told["unknown_numbers"] == ["T20261101.9999"]


@pytest.mark.parametrize(
    "field",
    ["reply_to", "sender", "cc", "x_desk_ticket", "x_desk_user", "x_otrs_priority", "x_rt_attach"],
)
def test_no_other_field_gives_a_right(desk: tuple[Database, People], field: str) -> None:
    """Reply-To, Sender, Cc of oneself and headers of other desks make nobody a participant or staff."""
    database, _ = desk
    for value in (ANN, SAM):
        raw = world.mail(EVE, f"Re: [{NUMBER}]", **{field: value})
        assert what_it_becomes(database, raw).write == "new"


@pytest.mark.parametrize(
    "sender",
    [
        "ann@сustomer.test",  # the first letter of the domain is Cyrillic
        f"{ANN}]<{EVE}>",
        f"{ANN}, {EVE}",
        f"{ANN}\r\nFrom: {EVE}",
        f'"{ANN}" <{EVE}>',
        f"{EVE} ({ANN})",
        "ann+x@customer.test",
        "a.nn@customer.test",
        f"{ANN}.elsewhere.test",
    ],
)
def test_an_address_that_only_looks_like_the_requester(desk: tuple[Database, People], sender: str) -> None:
    """Homoglyphs, two From fields or mailboxes, an address in the display name: not the requester."""
    database, people = desk
    decision = what_it_becomes(database, world.mail(sender, f"Re: [{NUMBER}]"))
    assert decision.contact is None
    assert (decision.kind, decision.write, decision.mentions) == ("opened", "new", (people.ticket,))


@pytest.mark.parametrize("sender", [ANN.upper(), f"Ann <{ANN}>", f"=?utf-8?q?Ann?= <{ANN}>"])
def test_an_address_counts_in_any_case_and_dress(desk: tuple[Database, People], sender: str) -> None:
    """Ann@Customer.test is ann@customer.test."""
    database, people = desk
    decision = what_it_becomes(database, world.mail(sender, f"Re: [{NUMBER}]"))
    assert (decision.write, decision.ticket_id) == ("unverified", people.ticket)


@pytest.mark.parametrize(
    "subject",
    [
        "Ｔ２０２６１１０１.０００１", "T20261101.٠٠٠١", f"T{'9' * 40}.0001", "T20261101.-001", f"{NUMBER}7777777",
        "T20261101.1' OR 1=1--", "XT20261101.0001", "T20261101", "20261101.0001",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_number(desk: tuple[Database, People], subject: str) -> None:
    """Full-width and Arabic digits, overlong numbers and SQL name no ticket."""
    database, _ = desk
    decision = what_it_becomes(database, world.mail(ANN, subject, verdict="pass"))
    assert (decision.kind, decision.match.evidence) == ("opened", ())


@pytest.mark.feature("F68", "mail")
@pytest.mark.parametrize(
    "subject",
    [f"[{NUMBER}]", NUMBER.lower(), f"AW: WG: phones {NUMBER}", f"回复：[{NUMBER}]", f"Fwd: phones\r\n [{NUMBER}]",
     "=?utf-8?q?Re:_=5BT20261101.0001=5D?=", f"({NUMBER})"],
)  # fmt: skip
def test_how_a_number_may_stand_in_a_subject(desk: tuple[Database, People], subject: str) -> None:
    """In brackets or bare, in any case, behind any prefix, folded and encoded."""
    database, people = desk
    decision = what_it_becomes(database, world.mail(ANN, subject, verdict="pass"))
    assert (decision.write, decision.ticket_id) == ("note", people.ticket)


def test_a_number_in_the_text_is_no_evidence(desk: tuple[Database, People]) -> None:
    """Free text of the body names no ticket."""
    database, _ = desk
    assert what_it_becomes(database, world.mail(ANN, "Hello", f"about [{NUMBER}]")).kind == "opened"


@pytest.mark.parametrize("results", ["dmarc=pass header.from=customer.test", "dkim=pass header.d=customer.test"])
def test_forged_authentication_results_are_not_believed(desk: tuple[Database, People], results: str) -> None:
    """Only the topmost field of a trusted server counts: not one below it, not one of another server."""
    database, _ = desk
    below = f"other.test; none\r\nAuthentication-Results: {world.AUTHSERV}; {results}"
    for forged in (below, f"evil.test; {results}", f"{world.AUTHSERV}.evil.test; {results}"):
        raw = world.mail(ANN, f"Re: [{NUMBER}]", authentication_results=forged)
        decision = what_it_becomes(database, raw)
        assert (decision.verified.verdict, decision.write) == ("none", "unverified")


def test_a_token_with_one_letter_changed_is_as_if_absent(desk: tuple[Database, People]) -> None:
    """A forged token or Message-ID leaves just what else the mail brings."""
    database, people = desk
    address = world.ADDRESSES.reply_to(DESK, people.token(ANN))
    for place in (14, 30, len(address.partition("@")[0]) - 2):
        forged = address[:place] + ("a" if address[place] != "a" else "b") + address[place + 1 :]
        decision = what_it_becomes(database, world.mail(ANN, to=forged, verdict="pass"), forged)
        assert (decision.kind, decision.match.evidence) == ("opened", ())
    named = world.ADDRESSES.message_id(NUMBER, 7, people.token(ANN)).replace(".r-", ".r-a")
    assert what_it_becomes(database, world.mail(ANN, in_reply_to=named)).match.evidence == ()


def test_where_nothing_verifies_senders_the_table_still_works(desk: tuple[Database, People], tmp_path: Path) -> None:
    """A bad DMARC result of a server that nobody configured holds nothing."""
    database, people = desk
    raw = world.mail(ANN, f"Re: [{NUMBER}]", authentication_results="other.test; dmarc=fail header.from=customer.test")
    decision = what_it_becomes(database, raw)
    assert (decision.kind, decision.write, decision.ticket_id) == ("noted", "unverified", people.ticket)

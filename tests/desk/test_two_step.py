"""Two-step sign-in: the second step after a right password or link, codes used once, recovery codes, rates."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk import credentials, erasing, half_way, passwords, personal_data, totp, tries, two_step
from desk.erasing import Wish
from desk.half_way import Half
from desk.keys import Keys
from desk.sessions import Lifetimes, resume
from desk.sign_in import Refused, SignedIn, change_two_step, sign_in, sign_in_by_code, sign_in_by_link
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Account, Audit, Base, Contact, HalfSignIn, LoginTry, Outbox, RecoveryCode, WebSession
from tests.portal.world import KEYS, PASSWORD, Clock, World, build, fill, seed

JANE = "jane@customer.test"
SECRET = b"a sample secret of 20"[:20]
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(scope="module")
def password_hash() -> str:
    """One for all tests: it takes its time."""
    return passwords.hash_password(PASSWORD)


BOTH = pytest.mark.parametrize("world", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, password_hash: str) -> Iterator[World]:
    """The sample desk; Jane has a password, and two-step sign-in."""
    if getattr(request, "param", "sqlite") == "sqlite":
        made = build(tmp_path)
    else:
        database = Database(request.getfixturevalue("postgres").fresh_database())
        Base.metadata.create_all(database.engine)
        seed(database)
        made = fill(World(database, FolderBlobs(tmp_path), Clock()))
    made.issue("jane")
    with made.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == JANE)).one()
        next_id = made.database.ids.next
        credentials.set_password(session, account, password_hash, now=made.clock(), next_id=next_id, tell=False)
        made.codes = two_step.switch_on(  # type: ignore[attr-defined]  # of these tests alone
            session, account, SECRET, totp.step_at(made.clock()) - 100, KEYS, made.clock(), next_id
        )
    yield made
    made.close()


def first(world: World, password: str = PASSWORD, keep: bool = False) -> Half:
    """The first step, which is right."""
    result = sign_in(world.database, JANE, password, HERE, now=world.clock(), lifetimes=Lifetimes(), keep=keep)
    assert isinstance(result, Half)
    return result


def second(world: World, half: Half, typed: str, peer: str = HERE, keys: Keys = KEYS) -> SignedIn | Refused:
    """The second step."""
    return sign_in_by_code(world.database, keys, half.cookie, typed, peer, now=world.clock(), lifetimes=Lifetimes())


def code(world: World, beside: int = 0) -> str:
    """What the app shows."""
    return totp.code(SECRET, totp.step_at(world.clock()) + beside)


def count(world: World, table: type[Base]) -> int:
    """Rows."""
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def letters(world: World) -> list[tuple[str, int]]:
    """What each letter about two-step sign-in says happened, and how many codes are left."""
    with world.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == "two_step").order_by(Outbox.id))
        return [(row.context["what"], row.context["left"]) for row in rows]


@BOTH
def test_a_right_password_is_half_of_it(world: World) -> None:
    """There is no session until the code is right, and what the browser holds meanwhile opens none."""
    half = first(world, keep=True)
    assert count(world, WebSession) == 0
    with world.database.reading() as session:
        for cookie in (half.cookie, ""):
            found = resume(session, cookie, now=world.clock(), lifetimes=Lifetimes(), levels=world.config().levels)
            assert found is None
    assert second(world, half, "000000") == Refused("wrong")
    assert count(world, WebSession) == 0
    result = second(world, half, code(world))
    assert isinstance(result, SignedIn)
    assert (result.must_change, result.started.kept) == (False, True)
    assert count(world, WebSession) == 1
    assert second(world, half, code(world, 1)) == Refused("gone")  # it was used up


def test_what_is_half_belongs_to_one_browser_and_ends(world: World) -> None:
    """Another cookie goes on with nothing; nor does the right one after ten minutes."""
    half = first(world)
    for cookie in ("", "x", half.cookie[:-1], half.cookie + "x", "\ud800"):
        assert second(world, Half(cookie), code(world)) == Refused("gone")
    world.clock.forward(minutes=10)
    assert second(world, half, code(world)) == Refused("gone")
    first(world)
    assert count(world, HalfSignIn) == 1  # the old one is cleared away


def test_a_code_works_once(world: World) -> None:
    """Not twice, not in another half, and the one before it not either; the next one does."""
    used = code(world)
    assert isinstance(second(world, first(world), used), SignedIn)
    other = first(world)
    assert second(world, other, used) == Refused("wrong")
    assert second(world, other, code(world, -1)) == Refused("wrong")
    assert isinstance(second(world, other, code(world, 1)), SignedIn)


@pytest.mark.parametrize("beside, right", [(-2, False), (-1, True), (1, True), (2, False)])
def test_clocks_that_differ(world: World, beside: int, right: bool) -> None:
    """Half a minute early or late is right, a minute is not."""
    assert isinstance(second(world, first(world), code(world, beside)), SignedIn) is right


@BOTH
def test_two_at_once_with_one_code(world: World) -> None:
    """However close they come, one is let in."""
    halves, typed = [first(world) for _ in range(4)], code(world)
    gate, results = threading.Barrier(4), []

    def go(half: Half) -> None:
        gate.wait()
        results.append(second(world, half, typed))

    threads = [threading.Thread(target=go, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert results.count(Refused("wrong")) == 3


@BOTH
def test_two_codes_at_once_make_one_session(world: World) -> None:
    """Of one half, with a code of the app and one for emergencies, both right: one is let in, the other is too late."""
    half, gate = first(world), threading.Barrier(2)
    results = []

    def go(typed: str) -> None:
        gate.wait()
        results.append(second(world, half, typed))

    typed: tuple[str, str] = (code(world), world.codes[0])  # type: ignore[attr-defined]
    threads = [threading.Thread(target=go, args=(one,)) for one in typed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, SignedIn) for result in results) == count(world, WebSession) == 1
    assert results.count(Refused("gone")) == 1


@BOTH
def test_five_tries_a_minute_for_an_account_from_anywhere(world: World) -> None:
    """Other addresses and other halves are no way around; nobody is locked out; the right code is forgiven all.

    Nobody guesses a recovery code: those wait by address too, so that a guesser does not keep the owner out.
    """
    half = first(world)
    for number in range(5):
        assert second(world, half, "000000", f"198.51.100.{number}") == Refused("wrong")
    assert second(world, half, code(world), ELSEWHERE) == Refused("wait", timedelta(minutes=1))
    assert second(world, first(world), code(world)) == Refused("wait", timedelta(minutes=1))
    for number in range(5):
        assert second(world, half, f"AAAA-{number}", ELSEWHERE) == Refused("wrong")
    assert second(world, half, world.codes[0], ELSEWHERE) == Refused("wait", timedelta(minutes=1))  # type: ignore[attr-defined]
    assert isinstance(second(world, first(world), world.codes[0]), SignedIn)  # type: ignore[attr-defined]
    for _ in range(5):
        assert second(world, half, "000000") == Refused("wrong")
    assert second(world, half, code(world)) == Refused("wait", timedelta(minutes=1))
    world.clock.forward(minutes=1)
    assert isinstance(second(world, half, code(world)), SignedIn)
    with world.database.reading() as session:
        assert not session.scalars(select(LoginTry).where(LoginTry.subject.startswith("code:"))).all()


def test_guessing_is_slow_and_told(world: World) -> None:
    """A hundred tries in a row take more than a month; after five of them a letter goes out, and no further one."""
    waited = timedelta()
    half = first(world)
    for _ in range(100):
        while isinstance(result := second(world, half, "000000"), Refused) and result.why != "wrong":
            step = result.wait or timedelta(0)
            waited += step
            world.clock.now += step
            half = first(world) if result.why == "gone" else half
    assert waited > timedelta(days=30)
    assert letters(world) == [("on", 10), ("tried", 10)]


def test_four_tries_an_hour_are_no_way_around(world: World) -> None:
    """Wrong codes are remembered until a right one, however slowly they come."""
    for _ in range(5):
        assert second(world, first(world), "000000") == Refused("wrong")
        world.clock.forward(hours=5)
    assert letters(world) == [("on", 10), ("tried", 10)]
    assert second(world, first(world), "000000") == Refused("wrong")
    assert second(world, first(world), code(world)) == Refused("wait", timedelta(minutes=1))


def test_guessing_in_an_open_session_is_told_too(world: World) -> None:
    """Whoever has a session and the password of somebody, and guesses the code that switches the second step off."""
    account = world.account(JANE)
    assert account is not None
    for _ in range(5):
        made = change_two_step(world.database, KEYS, account.id, "000000", "off", HERE, now=world.clock())
        assert made == Refused("wrong")
    assert letters(world) == [("on", 10), ("tried", 10)]


@pytest.mark.parametrize("back", [timedelta(minutes=30), timedelta(days=1)])
def test_a_clock_that_was_ahead(world: World, back: timedelta) -> None:
    """Set back, nobody waits for as long as it was ahead."""
    half = first(world)
    for _ in range(5):
        assert second(world, half, "000000") == Refused("wrong")
    world.clock.now -= back
    waits = back < tries.REMEMBERED
    assert second(world, half, "000000") == (Refused("wait", timedelta(minutes=1)) if waits else Refused("wrong"))


def test_every_way_leaves_its_row(world: World) -> None:
    """A right password that waits for a code, and each refusal at the code; what is gone says so, and has a row too."""
    half, link = first(world), world.issue("jane", "link")
    assert second(world, half, "000000") == Refused("wrong")
    by_link = sign_in_by_link(world.database, link, HERE, now=world.clock(), lifetimes=Lifetimes())
    assert isinstance(by_link, Half)
    world.issue("jane", "link")
    assert second(world, by_link, code(world)) == Refused("gone")
    assert isinstance(second(world, half, world.codes[0]), SignedIn)  # type: ignore[attr-defined]
    with world.database.reading() as session:
        rows = session.scalars(select(Audit).where(Audit.act.startswith("sign-in.")).order_by(Audit.id)).all()
        used = session.scalars(select(Audit).where(Audit.act == "second-factor.changed").order_by(Audit.id)).all()
    said = [(row.act, row.details.get("by"), row.contact_id is not None) for row in rows]
    assert said == [
        ("sign-in.half", "password", False),
        ("sign-in.refused", "code", False),
        ("sign-in.half", "link", False),
        ("sign-in.refused", "code", False),
        ("sign-in.done", None, True),
    ]
    assert (used[-1].details["what"], used[-1].contact_id) == ("recovery", world.ids["jane"])


def test_recovery_codes_work_once_each(world: World) -> None:
    """Ten, however they are typed; a letter tells of each; what is kept of them is no code."""
    codes: list[str] = world.codes  # type: ignore[attr-defined]
    assert len(set(codes)) == two_step.CODES == count(world, RecoveryCode)
    assert {len(one.replace("-", "")) for one in codes} == {24}  # 120 bits
    with world.database.reading() as session:
        kept = b"".join(session.scalars(select(RecoveryCode.digest)))
    assert not any(one.encode() in kept for one in codes)
    assert isinstance(second(world, first(world), codes[0]), SignedIn)
    assert second(world, first(world), codes[0]) == Refused("wrong")
    typed = f" {codes[1].lower().replace('-', ' ')} ".replace("0", "o")
    assert isinstance(second(world, first(world), typed), SignedIn)
    assert count(world, RecoveryCode) == 8
    assert letters(world) == [("on", 10), ("recovery", 9), ("recovery", 8)]


@BOTH
def test_new_recovery_codes_and_switching_off(world: World) -> None:
    """Both with a code; those before work no more, and then the password alone is enough."""
    account = world.account(JANE)
    assert account is not None
    old: list[str] = world.codes  # type: ignore[attr-defined]

    def change(typed: str, act: str) -> list[str] | Refused:
        return change_two_step(world.database, KEYS, account.id, typed, act, HERE, now=world.clock())  # type: ignore[arg-type]

    for act in ("codes", "off"):
        assert change("000000", act) == Refused("wrong")
    new = change(code(world), "codes")
    assert isinstance(new, list)
    assert not set(new) & set(old)
    assert change(code(world), "off") == Refused("wrong")  # used
    half = first(world)
    assert second(world, half, old[5]) == Refused("wrong")
    assert change(new[0], "off") == []
    assert second(world, half, code(world, 1)) == Refused("gone")
    result = sign_in(world.database, JANE, PASSWORD, HERE, now=world.clock(), lifetimes=Lifetimes())
    assert isinstance(result, SignedIn)
    assert count(world, RecoveryCode) == count(world, HalfSignIn) == 0
    assert letters(world) == [("on", 10), ("codes", 10), ("recovery", 9), ("off", 0)]


def test_a_link_waits_for_the_code(world: World) -> None:
    """It is used up by the code and not before, and so is a one-time password; the own password ends only then."""
    secret = world.issue("jane", "link")
    peer = {"now": world.clock(), "lifetimes": Lifetimes()}
    for _ in range(2):
        half = sign_in_by_link(world.database, secret, HERE, **peer)  # type: ignore[arg-type]
        assert isinstance(half, Half)
    assert isinstance(half, Half)
    account = world.account(JANE)
    assert account is not None
    assert account.password_hash
    result = second(world, half, code(world))
    assert isinstance(result, SignedIn)
    assert result.must_change
    assert sign_in_by_link(world.database, secret, HERE, **peer) == Refused("wrong")  # type: ignore[arg-type]
    half = first(world, world.issue("jane"))
    assert isinstance(second(world, half, code(world, 1)), SignedIn)


@pytest.mark.parametrize("what", ["password", "access", "person", "link", "keys"])
def test_what_changes_meanwhile(world: World, what: str, password_hash: str) -> None:
    """Half a sign-in ends with the password, the link or the access that it came from; a lost key lets nobody in."""
    if what == "link":
        half = sign_in_by_link(
            world.database, world.issue("jane", "link"), HERE, now=world.clock(), lifetimes=Lifetimes()
        )
        assert isinstance(half, Half)
        world.issue("jane", "link")
    else:
        half = first(world)
    if what == "keys":
        assert second(world, half, code(world), keys=Keys(((2, b"z" * 32),))) == Refused("wrong")
        assert isinstance(second(world, half, world.codes[0], keys=Keys(((2, b"z" * 32),))), SignedIn)  # type: ignore[attr-defined]
        return
    with world.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == JANE)).one()
        if what == "password":
            account.password_hash = password_hash + "x"
        elif what == "access":
            account.active = False
        elif what == "person":
            credentials.owner(session, account).deactivated_at = world.clock()
    assert second(world, half, code(world)) == Refused("gone")


def test_switched_off_for_the_whole_desk(world: World) -> None:
    """Then nobody is asked for a code, whoever has set it up."""
    result = sign_in(world.database, JANE, PASSWORD, HERE, now=world.clock(), lifetimes=Lifetimes(), with_code=False)
    assert isinstance(result, SignedIn)


def test_a_wrong_password_tells_nothing(world: World) -> None:
    """The first step answers as it does where nobody has a second."""
    for name in (JANE, "nobody@customer.test"):
        assert sign_in(world.database, name, "x", HERE, now=world.clock(), lifetimes=Lifetimes()) == Refused("wrong")
    assert count(world, HalfSignIn) == 0


def test_what_is_kept_of_the_secret(world: World) -> None:
    """It is encrypted, and of this account alone: in the row of another it opens nothing."""
    account = world.account(JANE)
    assert account is not None
    assert account.totp_secret is not None
    assert SECRET not in account.totp_secret
    world.issue("ana")
    with world.database.transaction() as session:
        other = session.scalars(select(Account).where(Account.username == "ana@customer.test")).one()
        other.totp_secret, other.totp_at = account.totp_secret, world.clock()
        now, next_id = world.clock(), world.database.ids.next
        assert two_step.use(session, other, code(world), KEYS, now, next_id) is None


def test_a_new_key_takes_over(world: World) -> None:
    """A right code has the secret sealed with the newest key, so that the one before can go."""
    new = Keys(((9, b"n" * 32), *KEYS.entries))
    assert isinstance(second(world, first(world), code(world), keys=new), SignedIn)
    assert isinstance(second(world, first(world), code(world, 1), keys=Keys(new.entries[:1])), SignedIn)


def test_an_offer_is_of_one_session_for_some_time() -> None:
    """A secret that waits for its first code: nobody else can use it, and it runs out."""
    now = Clock()()
    text = two_step.offer(SECRET, 7, b"session", KEYS, now)
    assert two_step.offered(text, 7, b"session", KEYS, now) == SECRET
    assert two_step.offered(text, 7, b"session", KEYS, now + two_step.SETTING_UP) == SECRET
    assert two_step.offered(text, 7, b"session", KEYS, now + two_step.SETTING_UP + timedelta(seconds=1)) is None
    assert two_step.offered(text, 8, b"session", KEYS, now) is None
    assert two_step.offered(text, 7, b"another", KEYS, now) is None
    for wrong in ("", "x", text[:-4], text.swapcase(), "é", "\ud800", "A" * 100_000):
        assert two_step.offered(wrong, 7, b"session", KEYS, now) is None


@pytest.mark.parametrize(
    "policy, must",
    [("off", ""), ("optional", ""), ("staff", "s"), ("admins", "sa"), ("everybody", "sac")],
)
def test_who_must_have_it(policy: two_step.Policy, must: str) -> None:
    """Staff, Admin users, other contacts."""
    who = {"s": (True, False), "a": (False, True), "c": (False, False)}
    assert must == "".join(
        key for key, (staff, admin) in who.items() if two_step.is_required(policy, staff=staff, admin=admin)
    )


def test_the_subject_of_tries_is_the_account() -> None:
    """And not its name, which may change."""
    assert tries.codes_of(7) == "code:7"
    assert timedelta(minutes=10) == half_way.LASTS


@BOTH
def test_somebody_is_erased_and_told_of_their_data(world: World) -> None:
    """What is handed out says since when it is on, and no secret; an erasure leaves no code and no half behind.

    Nor does it leave a wrong code.
    """
    for typed in ("000000", "AAAA-BBBB"):
        assert second(world, first(world), typed) == Refused("wrong")
    with world.database.transaction() as session:
        contact = world.person(session, "jane")
        assert isinstance(contact, Contact)
        access = personal_data.access(session, personal_data.of(contact))
        told = access["account"]
        assert access["failed"] == [world.clock().isoformat()] * 2
        assert told["two_step_sign_in"] == world.clock().isoformat()
        assert "secret" not in str(told)
        erasing.begin(session, JANE, Wish(), KEYS, world.clock(), world.database.ids.next)
    assert [count(world, table) for table in (RecoveryCode, HalfSignIn)] == [0, 0]
    assert world.account(JANE) is None
    with world.database.reading() as session:
        assert not [subject for subject in session.scalars(select(LoginTry.subject)) if not subject.startswith("peer:")]

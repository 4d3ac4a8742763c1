"""Acts on people otherwise than by mail: who may, what is refused and why, what is written, what an import leaves."""

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from desk import contact_batches, contact_lists, people, profile
from desk.access import Person
from desk.acting import people as acts
from desk.acting import people_import
from desk.acting.people import Wanted, Wrong
from desk.acting.people_import import File, Offer
from desk.acting.people_stage import Scope, keeping
from desk.acting.rules import Desk, NotThere, Refused, Rules
from desk.contact_lists import Wish
from desk.keys import Keys
from desk.profile import Profile
from desk.writes import Writes
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Account, Contact, ImportRun, Outbox, Pending, Site, WebSession

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = Keys(((1, bytes(range(32))),))
HEADER = (
    "First Name,Last Name,Email Address,City,Client Portal Username,Client Portal Password,Client Portal Security Level"
)
NIA = {"First name": "Nia", "Last name": "New", "Email": "nia@customer.test"}


@dataclass
class Works:
    """Two organisations; ann and bob are Admin users of the first, kim is not, pat belongs to the other."""

    desk: Desk
    ids: dict[str, int] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        """Who acts."""
        if name == "sam":
            return Person(staff_id=self.ids["sam"])
        return Person(contact_id=self.ids[name], organisation_id=self.ids["works" if name != "pat" else "other"])

    def do(self, name: str, act: Callable[[Any], Any], *, organisation: int | None = None, at: datetime = NOW,
           contact: str = "") -> Any:  # fmt: skip
        """An act on the stage of somebody."""
        where = keeping(self.desk, KEYS, self.person(name), organisation, at, contact_id=self.ids.get(contact))
        with where as stage:
            return act(stage)

    def add(self, name: str, values: dict[str, str], **more: Any) -> Any:
        """A new person."""
        return self.do(name, lambda stage: acts.add(stage, Wanted(values, **more)))

    def change(self, name: str, whom: str, at: datetime = NOW, **more: Any) -> Any:
        """Save a form about somebody; what it does not say is as it is now."""
        values, now = more.pop("values", {}), self.known(whom)
        wanted = Wanted(values, **{"access": now.has_access, "muted": now.muted, **more})
        return self.do(name, lambda stage: acts.change(stage, self.ids[whom], wanted), at=at, contact=whom)

    def known(self, whom: str) -> Profile:
        """Somebody as they are now."""
        with self.desk.database.reading() as session:
            return profile.load(session, Contact.id == self.ids[whom])[self.ids[whom]]

    def of(self, address: str) -> Profile:
        """The same by address."""
        with self.desk.database.reading() as session:
            owner = profile.owners(session, [address])[address]
            return profile.load(session, Contact.id == owner)[owner]

    def letters(self, kind: str) -> list[Outbox]:
        """The letters of a kind that wait."""
        with self.desk.database.reading() as session:
            return list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))

    def count(self, table: Any) -> int:
        """How many rows."""
        with self.desk.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def offer(self, text: str, name: str = "ann", *, update: bool = False, organisation: int | None = None) -> int:
        """A file that is chosen; the id of the offer."""
        data = text.encode()
        file = File("people.csv", len(data), io.BytesIO(data))
        found: int = self.do(
            name, lambda stage: people_import.prepare(stage, file, site_id=None, update=update),
            organisation=organisation,
        )  # fmt: skip
        return found

    def found(self, offer_id: int, name: str = "ann") -> Offer:
        """An offer as it is now."""
        with self.desk.database.reading() as session:
            scope = Scope(self.ids["works"], "")
            return people_import.find(session, self.person(name), scope, offer_id)

    def trial(self, offer_id: int) -> people_import.Trial:
        """What would become of it."""
        with self.desk.database.reading() as session:
            scope = Scope(self.ids["works"], "")
            found = people_import.find(session, self.person("ann"), scope, offer_id)
            return people_import.try_out(session, self.desk, found)

    def confirm(self, offer_id: int, name: str = "ann", organisation: int | None = None, at: datetime = NOW) -> int:
        """Yes."""
        return people_import.confirm(self.desk, KEYS, self.person(name), organisation, offer_id, at)


@pytest.fixture
def works(database: Database, tmp_path: Path) -> Works:
    """The sample desk, on each kind of database."""
    rules = Rules(desk_address="service@desk.test", desk_addresses=("service@desk.test", "two@desk.test"))
    made = Works(Desk(database, FolderBlobs(tmp_path / "blobs"), rules))
    with database.transaction() as session:
        made.ids["works"] = people.organisation(session, "Sample Works", database.ids.next(), NOW).id
        made.ids["other"] = people.organisation(session, "Other Sample", database.ids.next(), NOW).id
        made.ids["sam"] = people.add_staff(session, staff_id=1, name="Sam Lee", address="sam@desk.test", now=NOW).id
        writes = Writes(database.ids.next)
        for name, last, where in [
            ("ann", "Ode", "works"), ("bob", "Ash", "works"), ("kim", "Key", "works"), ("pat", "Poe", "other"),
            ("zed", "Zone", ""),
        ]:  # fmt: skip
            state = people.add_contact(
                writes, name=f"{name.title()} {last}", address=f"{name}@customer.test", now=NOW, known=True,
                organisation_id=made.ids.get(where),
            )  # fmt: skip
            made.ids[name] = state.id
        writes.flush(session)
        admins = [made.ids["ann"], made.ids["bob"]]
        session.execute(update(Contact).where(Contact.id.in_(admins)).values(level="Admin User"))
        session.add(Site(id=1, organisation_id=made.ids["works"], name="North"))
        session.add(Site(id=2, organisation_id=made.ids["works"], name="South", main=True))
    return made


@pytest.mark.parametrize("name, organisation", [("kim", ""), ("pat", ""), ("ann", "other"), ("sam", ""), ("zed", "")])
def test_who_may_not(works: Works, name: str, organisation: str) -> None:
    """Standard users, an Admin user elsewhere, staff who name no organisation: nothing is there for them."""
    with pytest.raises(NotThere):
        works.do(name, lambda stage: stage, organisation=works.ids.get(organisation))


def test_a_person_of_another_organisation_is_not_there(works: Works) -> None:
    """For an Admin user; and for staff on the page of another organisation."""
    for name, organisation in [("ann", None), ("sam", works.ids["works"])]:
        with pytest.raises(NotThere):
            works.do(
                name, lambda stage: acts.change(stage, works.ids["pat"], Wanted({})), organisation=organisation,
                contact="pat",
            )  # fmt: skip


@pytest.mark.feature("F196", "page")
def test_added_without_access(works: Works) -> None:
    """A contact who writes mail, at the main site, without an account and without a letter."""
    saved = works.add("ann", NIA | {"City": "York"}, level="Standard User")
    made = works.of("nia@customer.test")
    assert (saved.did, made.known, made.has_access, made.account, made.site_id) == ("added", True, False, None, 2)
    assert (made.first_name, made.last_name, made.value("City"), made.level) == ("Nia", "New", "York", "Standard User")
    assert works.count(Outbox) == 0


def test_added_with_access(works: Works) -> None:
    """The user name is the primary address; the letter is in the name of the one who added them."""
    saved = works.add(
        "ann", NIA | {"Email": "Nia@Customer.Test"}, level="Admin User", access=True, muted=True, site_id=1
    )
    made = works.of("nia@customer.test")
    assert (saved.did, made.level, made.muted, made.site_id) == ("added_access", "Admin User", True, 1)
    assert made.account is not None
    assert made.account.username == "nia@customer.test"
    (letter,) = works.letters("credentials")
    assert (letter.recipient, letter.context["by"]) == ("Nia@Customer.Test", "Ann Ode")


@pytest.mark.parametrize(
    "values, label, said",
    [
        ({"First name": " "}, "First name", "Enter a first name."),
        ({"Last name": "-"}, "Last name", "Enter a last name."),
        ({"Email": ""}, "Email", "Enter an e-mail address."),
        ({"Email": "ana@"}, "Email", "Enter an e-mail address in the correct format, like name@example.com."),
        ({"Email 2": "ana"}, "Email 2", "Enter an e-mail address in the correct format, like name@example.com."),
        (
            {"Email": "ana\0@customer.test"},
            "Email",
            "Enter an e-mail address in the correct format, like name@example.com.",
        ),
        ({"City": "x" * 201}, "City", "City is longer than 200 characters."),
        ({"Email": "KIM@customer.test"}, "Email", "A person with this e-mail address already exists."),
        ({"Email 3": "kim@customer.test"}, "Email 3", "A person with this e-mail address already exists."),
        ({"Email": "pat@customer.test"}, "Email", "This address cannot be used here; ask the desk to add it."),
        ({"Email": "zed@customer.test"}, "Email", "This address cannot be used here; ask the desk to add it."),
        ({"Email": "sam@desk.test"}, "Email", "This address cannot be used here; ask the desk to add it."),
        ({"Email 2": "two@desk.test"}, "Email 2", "This address cannot be used here; ask the desk to add it."),
    ],
)
def test_not_added(works: Works, values: dict[str, str], label: str, said: str) -> None:
    """Each fault at its field; of another organisation's people nothing is said."""
    before = works.count(Contact)
    with pytest.raises(Wrong) as refused:
        works.add("ann", NIA | values)
    assert refused.value.faults == {label: said}
    assert works.count(Contact) == before


def test_every_fault_at_once(works: Works) -> None:
    """Nobody mends a form line by line."""
    with pytest.raises(Wrong) as refused:
        works.add("ann", {"Email": "x"}, level="Emperor", access=True)
    assert set(refused.value.faults) == {"First name", "Last name", "Email", "Level"}


def test_staff_take_in_who_belongs_to_nobody(works: Works) -> None:
    """Their mails came before anybody knew whose they are; no second contact is made."""
    wanted = Wanted({"First name": "Zed", "Last name": "Zone", "Email": "zed@customer.test"})
    works.do("sam", lambda stage: acts.add(stage, wanted), organisation=works.ids["works"])
    assert works.known("zed").organisation_id == works.ids["works"]


def test_changed(works: Works) -> None:
    """What is different is written; what a form does not say stays."""
    works.change("ann", "kim", values={"City": "York", "Language": "Deutsch"}, site_id=1, level="Admin User")
    kim = works.known("kim")
    assert (kim.value("City"), kim.language, kim.site_id, kim.level) == ("York", "de", 1, "Admin User")
    works.change("ann", "kim", values={"City": ""})
    kim = works.known("kim")
    assert (kim.value("City"), kim.language, kim.name) == ("", "de", "Kim Key")
    with pytest.raises(Wrong) as refused:
        works.change("ann", "kim", values={"Last name": "", "Email": ""})
    assert refused.value.faults == {"Last name": "Enter a last name.", "Email": "Enter an e-mail address."}


def test_another_primary_address(works: Works) -> None:
    """Both hear of it, the user name goes with it, and sessions end; the old one stays a second address."""
    works.change("ann", "kim", access=True)
    with works.desk.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.contact_id == works.ids["kim"])).one()
        session.add(
            WebSession(
                key=b"k" * 32, account_id=account.id, csrf="x", must_change=False, kept=False, created_at=NOW,
                seen_at=NOW, expires_at=NOW + timedelta(days=1), user_agent="",
            )
        )  # fmt: skip
    works.change("ann", "kim", values={"Email": "key@customer.test"})
    kim = works.known("kim")
    assert kim.account is not None
    assert kim.account.username == "key@customer.test"
    assert kim.addresses == ["key@customer.test", "kim@customer.test"]
    letters = works.letters("address_changed")
    assert [letter.recipient for letter in letters] == ["kim@customer.test", "key@customer.test"]
    assert letters[0].context["by"] == "Ann Ode"
    assert works.count(WebSession) == 0


def test_nobody_changes_their_own_level_access_or_address(works: Works) -> None:
    """So an organisation keeps its Admin user; and a session that was stolen moves no address."""
    works.do("sam", lambda stage: acts.change(stage, works.ids["ann"], Wanted({}, access=True)),
             organisation=works.ids["works"], contact="ann")  # fmt: skip
    cases: list[tuple[dict[str, Any], str]] = [
        ({"level": "Standard User"}, "Level"),
        ({"access": False}, "Access"),
        ({"values": {"Email": "else@customer.test"}}, "Email"),
        ({"values": {"Email 2": "else@customer.test"}}, "Email 2"),
    ]
    for more, label in cases:
        with pytest.raises(Wrong) as refused:
            works.change("ann", "ann", **more)
        assert list(refused.value.faults) == [label]
    works.change("ann", "ann", values={"City": "Hull"}, muted=True)
    ann = works.known("ann")
    assert (ann.value("City"), ann.muted, ann.level, ann.has_access) == ("Hull", True, "Admin User", True)


def test_two_admin_users_do_not_lock_each_other_out(works: Works) -> None:
    """Of two who take each other's level away in the same moment, one comes too late."""
    ends: list[str] = []

    def demote(name: str, whom: str) -> None:
        try:
            wanted = Wanted({}, level="Standard User")
            works.do(name, lambda stage: acts.change(stage, works.ids[whom], wanted), contact=whom)
            ends.append("done")
        except NotThere:
            ends.append("too late")

    threads = [threading.Thread(target=demote, args=pair) for pair in (("ann", "bob"), ("bob", "ann"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["done", "too late"]


@pytest.mark.feature("F183", "page")
@pytest.mark.feature("F185", "page")
def test_access_given_and_taken(works: Works) -> None:
    """A letter each time it is given; taken, mail still comes in; who is deactivated gets none."""
    assert works.change("ann", "kim", access=True).did == "access_given"
    assert works.change("ann", "kim").did == "saved"
    assert [letter.recipient for letter in works.letters("credentials")] == ["kim@customer.test"]
    assert works.change("ann", "kim", access=False).did == "access_taken"
    kim = works.known("kim")
    assert (kim.has_access, kim.active, kim.known) == (False, True, True)
    with works.desk.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == works.ids["kim"]).values(deactivated_at=NOW))
    with pytest.raises(Wrong) as refused:
        works.change("ann", "kim", access=True)
    assert refused.value.faults == {"Access": "Kim Key, kim@customer.test is deactivated. Ask us to bring them back."}


def test_credentials_again_and_again(works: Works) -> None:
    """Three letters in an hour are enough; who has no access gets none."""
    with pytest.raises(Refused, match="has no portal access"):
        works.do("ann", lambda stage: acts.resend(stage, works.ids["kim"]), contact="kim")
    works.change("ann", "kim", access=True)
    for _ in range(2):
        works.do("ann", lambda stage: acts.resend(stage, works.ids["kim"]), contact="kim")
    with pytest.raises(Wrong, match="within the hour"):
        works.do("ann", lambda stage: acts.resend(stage, works.ids["kim"]), contact="kim")
    later = NOW + timedelta(minutes=61)
    works.do("ann", lambda stage: acts.resend(stage, works.ids["kim"]), contact="kim", at=later)
    assert len(works.letters("credentials")) == 4


def test_muted_and_heard_again(works: Works) -> None:
    """As “#people mute” does it."""
    works.change("ann", "kim", muted=True)
    assert works.known("kim").muted
    works.change("ann", "kim", muted=False)
    assert not works.known("kim").muted


def names(works: Works, words: str = "", sort: str = "name") -> list[str]:
    """A list, as last names."""
    with works.desk.database.reading() as session:
        page = contact_lists.page(session, Wish(works.ids["works"], words, sort), 1)
        everybody = list(contact_lists.everybody(session, Wish(works.ids["works"], words, sort)))
    assert [one.id for one in everybody] == [one.id for one in page.people]
    return [one.last_name for one in page.people]


def test_lists(works: Works) -> None:
    """By every heading both ways; every word of a search is part of a name or of an address."""
    works.change("ann", "kim", access=True)
    with works.desk.database.transaction() as session:
        session.execute(update(Account).values(last_login_at=NOW))
    assert names(works) == ["Ash", "Key", "Ode"]
    assert names(works, sort="-name") == ["Ode", "Key", "Ash"]
    assert names(works, sort="-address") == ["Key", "Ash", "Ode"]
    assert names(works, sort="login")[0] == names(works, sort="-login")[0] == names(works, sort="-active")[0] == "Key"
    assert names(works, sort="-level") == ["Key", "Ash", "Ode"]
    assert names(works, sort="nothing") == ["Ash", "Key", "Ode"]
    assert names(works, "CUSTOMER k") == ["Key"]
    assert names(works, "kim@cust") == ["Key"]
    assert names(works, "100%") == []
    assert names(works, "poe") == []


def row(n: int, *more: str) -> str:
    """A row of a file."""
    return ",".join([f"A{n}", "Sample", f"a{n}@customer.test", *more])


@pytest.mark.feature("F193", "page")
@pytest.mark.feature("F192", "page")
def test_a_trial_says_why(works: Works) -> None:
    """In the sentences that the file can be mended by; a password is kept nowhere."""
    rows = [row(2), row(3, "", "", "hunter2"), row(4, "", "", "", "Emperor"), "Kim,Key,kim@customer.test,York", row(2)]
    offer = works.offer("\n".join([HEADER, *rows]))
    trial = works.trial(offer)
    said = [people_import.why(step, works.desk.rules.levels.names) for step in trial.steps]
    assert [step.fate for step in trial.steps] == ["added", "refused", "refused", "skipped", "refused"]
    assert said == [
        "",
        "Column X must be empty on row 3.",
        "Security level on row 4 must be exactly “Standard User” or “Admin User”.",
        "Is there already.",
        "It has the same address as row 2.",
    ]
    assert trial.tally.summary(done=False).startswith("1 will be added, 1 skipped, 3 refused")
    assert b"hunter2" not in works.desk.blobs.read(works.found(offer).digest)
    with works.desk.database.reading() as session:
        assert "hunter2" not in repr([(one.body, one.commands) for one in session.scalars(select(Pending))])
    assert works.count(ImportRun) == 0


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "The selected file is empty."),
        ("First Name,Last Name\na,b", "names no column “Email Address”. Download the template, and fill it in."),
        (HEADER, "The file has a header, and no row below it."),
        ("PK\x03\x04", "Save it as CSV"),
        (HEADER + '\n"a', "The file is no CSV from row 2 on"),
    ],
)
def test_files_that_cannot_be_used(works: Works, text: str, said: str) -> None:
    """They are refused when they are chosen, and nothing is kept."""
    with pytest.raises(Refused) as refused:
        works.offer(text)
    assert said in refused.value.said
    assert refused.value.field == "file"
    assert works.count(Pending) == 0


def test_confirmed_once(works: Works) -> None:
    """It is done, with its entry and its letters; a second “yes” does nothing, and one of somebody else neither."""
    offer = works.offer("\n".join([HEADER, row(2, "", "a2@customer.test"), row(3), row(4, "", "", "x")]))
    for name in ("bob", "kim", "pat"):
        with pytest.raises(NotThere):
            works.confirm(offer, name)
    run_id = works.confirm(offer)
    assert works.confirm(offer) == run_id
    with works.desk.database.reading() as session:
        (run,) = session.scalars(select(ImportRun)).all()
        (pending,) = session.scalars(select(Pending)).all()
        assert not people_import.waiting(session)
    assert (run.id, run.added, run.refused, run.letters, run.site_id) == (run_id, 2, 1, 1, 2)
    assert (run.by, run.contact_id, pending.done_at) == ("Ann Ode, ann@customer.test", works.ids["ann"], NOW)
    assert [letter.import_id for letter in works.letters("credentials")] == [run_id]
    assert works.of("a2@customer.test").has_access


def test_confirmed_too_late(works: Works) -> None:
    """After a day the file is to be chosen again."""
    offer = works.offer("\n".join([HEADER, row(2)]))
    with pytest.raises(Refused, match="24 hours"):
        works.confirm(offer, at=NOW + timedelta(hours=24))
    assert works.count(ImportRun) == 0


def test_staff_import_too(works: Works) -> None:
    """Into the organisation that the page names, and with people who belong to nobody yet."""
    text = "\n".join([HEADER, row(2), "Zed,Zone,zed@customer.test", "Pat,Poe,pat@customer.test"])
    offer = works.offer(text, "sam", organisation=works.ids["works"])
    works.confirm(offer, "sam", works.ids["works"])
    assert works.known("zed").organisation_id == works.ids["works"]
    assert works.known("pat").organisation_id == works.ids["other"]
    with works.desk.database.reading() as session:
        (run,) = session.scalars(select(ImportRun)).all()
    assert (run.added, run.refused, run.contact_id, run.by) == (2, 1, None, "Sam Lee, sam@desk.test")


def test_nobody_raises_themselves_by_a_file(works: Works) -> None:
    """As on the form."""
    offer = works.offer(f"{HEADER}\nAnn,Ode,ann@customer.test,,,,Standard User", update=True)
    assert [step.why for step in works.trial(offer).steps] == ["nobody changes their own level"]


def test_a_long_file_goes_in_by_and_by(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part at once, the others one after another; who is named twice is refused across parts, as in one."""
    monkeypatch.setattr(contact_batches, "PART", 3)
    rows = [row(n, "", f"a{n}@customer.test") for n in range(2, 10)] + [row(2), row(11, "", "", "x")]
    offer = works.offer("\n".join([HEADER, *rows]))
    run_id = works.confirm(offer)
    found = works.found(offer)
    assert (found.under_way, found.next, found.run_id) == (True, 3, run_id)
    with works.desk.database.reading() as session:
        assert people_import.under_way(session, [run_id, 5]) == {run_id: found}
    assert people_import.carry_on(works.desk, KEYS, NOW + timedelta(minutes=1)) == 7
    assert people_import.carry_on(works.desk, KEYS, NOW + timedelta(minutes=2)) == 0
    with works.desk.database.reading() as session:
        (run,) = session.scalars(select(ImportRun)).all()
        assert not people_import.waiting(session)
    assert (run.added, run.refused, run.letters) == (8, 2, 8)
    assert [entry[:2] for entry in run.rows] == [[n, "added"] for n in range(2, 10)] + [
        [10, "refused"],
        [11, "refused"],
    ]
    due = [letter.next_at for letter in works.letters("credentials")]
    assert len(set(due)) == 8
    assert due == sorted(due)


def test_an_organisation_that_is_gone_ends_its_import(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer does not stumble over it for ever."""
    monkeypatch.setattr(contact_batches, "PART", 1)
    offer = works.offer("\n".join([HEADER, row(2), row(3)]))
    works.confirm(offer)
    with works.desk.database.transaction() as session:
        pending = session.get_one(Pending, offer)
        pending.body = pending.body | {"organisation": 999_999}
    people_import.carry_on(works.desk, KEYS, NOW)
    with works.desk.database.reading() as session:
        assert not people_import.waiting(session)


def test_ten_thousand_rows(works: Works) -> None:
    """A trial shows the first hundred problems and counts all; they go in by the thousand."""
    rows = [row(n) if n % 10 else f"A{n},,a{n}@customer.test" for n in range(2, 10_002)]
    offer = works.offer("\n".join([HEADER, *rows]))
    trial = works.trial(offer)
    assert (trial.tally.counts["added"], trial.tally.counts["refused"]) == (9_000, 1_000)
    assert (len(trial.steps), trial.more_refused) == (100, 900)
    assert {step.fate for step in trial.steps} == {"refused"}
    works.confirm(offer)
    assert people_import.carry_on(works.desk, KEYS, NOW) == 9_000
    assert works.count(Contact) == 9_005

"""What Admin users do about the people of their organisation by mail; every change waits for a “confirm”."""

import base64
from gettext import NullTranslations
from typing import Any

import pytest
from sqlalchemy import select, update

from desk import credentials, profile
from desk.profile import Profile
from desk.said import spoken
from gateway.token import Token
from store.tables import (
    Account,
    Attachment,
    Contact,
    ContactAddress,
    ImportRun,
    Organisation,
    Outbox,
    Pending,
    Site,
    WebSession,
)
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.commands import by_mail
from tests.gateway.desk_world import ANN, EVE, GONE, KIM, NOW, PAT, REM, SAM, People, World

NEW = "new@customer.test"
FILLED = f"First name: Nia\nLast name: New\nEmail: {NEW}"
HEADER = (
    "First Name;Last Name;Email Address;City;Client Portal Username;Client Portal Password;Client Portal Security Level"
)
FORMS = (
    "", "template", "imports", "add", f"edit {KIM}", f"activate {KIM}", f"deactivate {KIM}", f"mute {KIM}",
    f"unmute {KIM}", "import", "import update",
)  # fmt: skip
CHANGES = FORMS[3:]


@pytest.fixture
def admin(world: World, people: People) -> int:
    """Ann is the Admin user of Sample Works, Pat that of another organisation; returns the id of Sample Works."""
    with world.database.transaction() as session:
        other = Organisation(id=world.database.ids.next(), name="Elsewhere", created_at=NOW)
        session.add(other)
        session.flush()
        for address in (ANN, PAT, GONE):
            session.execute(update(Contact).where(Contact.id == people.contacts[address]).values(level="Admin User"))
        for address in (PAT, REM):
            session.get_one(Contact, people.contacts[address]).organisation_id = other.id
        return session.get_one(Contact, people.contacts[ANN]).organisation_id or 0


def mail(argument: str, body: str = "", sender: str = ANN, **fields: Any) -> bytes:
    """A verified mail with #people in its subject."""
    return sample.mail(sender, f"#people {argument}".strip(), body, **({"verdict": "pass"} | fields))


def with_file(argument: str, *rows: str, header: str = HEADER, body: str = "", name: str = "people.csv") -> bytes:
    """The same with a CSV file."""
    data = base64.b64encode("\r\n".join([header, *rows]).encode("cp1252")).decode()
    parts = [
        "--b", "Content-Type: text/plain", "", body, "--b", "Content-Type: text/csv",
        f'Content-Disposition: attachment; filename="{name}"', "Content-Transfer-Encoding: base64", "", data, "--b--",
    ]  # fmt: skip
    return mail(argument, "\n".join(parts), content_type='multipart/mixed; boundary="b"')


def of(world: World, address: str) -> Profile | None:
    """Whose an address is, as they are now."""
    whose = select(ContactAddress.contact_id).where(ContactAddress.address == address)
    with world.database.reading() as session:
        return next(iter(profile.load(session, Contact.id.in_(whose)).values()), None)


def known(world: World, address: str) -> Profile:
    """The same of somebody who is there."""
    found = of(world, address)
    assert found is not None
    return found


def lines(world: World, kind: str, recipient: str = ANN) -> str:
    """What the last letter of a kind to somebody says."""
    return " ".join(spoken(line, NullTranslations()) for line in world.letters(kind, recipient)[-1].context["lines"])


def done(world: World, raw: bytes) -> str:
    """A change that is asked for, and confirmed; what the letter says."""
    before = len(world.letters("done", ANN))
    world.take(raw)
    assert len(world.letters("done", ANN)) == before, "nothing is done before it is confirmed"
    world.clock.forward(minutes=1)
    question = world.letters("confirm", ANN)[-1]
    confirmed = sample.ADDRESSES.reply_to(sample.DESK, Token("confirm", 0, question.context["pending"]))
    world.take(sample.mail(ANN, "Re: Confirm", "confirm", to=confirmed))
    return lines(world, "done")


def shown(world: World) -> str:
    """The last answer, as text."""
    return rendering.text(rendering.letters(world, "answer")[-1]).replace("\r\n", "\n")


def contacts(world: World) -> list[Any]:
    """Every row of a contact, and every address."""
    columns = [*Contact.__table__.columns, *ContactAddress.__table__.columns]
    with world.database.reading() as session:
        rows = select(*columns).join(ContactAddress, ContactAddress.contact_id == Contact.id)
        return [tuple(row) for row in session.execute(rows.order_by(ContactAddress.address))]


# Rights


@pytest.mark.feature("F18", "mail")
@pytest.mark.feature("F17", "mail")
@pytest.mark.feature("F21", "mail")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sender", [KIM, GONE, EVE, SAM], ids=["standard", "deactivated admin", "stranger", "staff"])
def test_only_admin_users_have_these_commands(world: World, people: People, admin: int, sender: str, form: str) -> None:
    """For everybody else such a mail is a mail like any other: no answer, no question, no change."""
    world.take(mail(form, FILLED, sender))
    assert [row.kind for row in world.letters() if row.kind in ("answer", "confirm", "done", "credentials")] == []
    assert (world.count(Pending), world.count(Account), of(world, NEW)) == (0, 0, None)


@pytest.mark.feature("F18", "mail")
@pytest.mark.parametrize("form", ["edit", "activate", "deactivate", "mute", "unmute"])
def test_people_of_other_organisations_are_nobody(world: World, people: People, admin: int, form: str) -> None:
    """Another organisation's contact, one without any, staff and an address that nobody has: the same words."""
    said = set()
    for address in (PAT, SAM, "nobody@customer.test"):
        world.take(mail(f"{form} {address}", "Mobile: 1"))
        said.add(lines(world, "not_done").replace(address, "…"))
    assert said == {"There is nobody with the address … in your organisation."}
    world.take(mail(f"{form} {KIM}", "Mobile: 1", PAT))
    assert "There is nobody" in lines(world, "not_done", PAT)
    assert world.count(Pending) == 0


@pytest.mark.feature("F18", "mail")
@pytest.mark.parametrize("form", CHANGES)
def test_no_change_without_a_confirm(world: World, people: People, admin: int, form: str) -> None:
    """However well the sender is proved."""
    before = contacts(world)
    world.take(mail(form, FILLED + "\nLevel: Standard User"))
    kinds = {row.kind for row in world.letters()}
    assert kinds <= {"confirm", "not_done"}
    assert contacts(world) == before
    assert world.count(Account) == 0


def test_an_admin_user_no_more(world: World, people: People, admin: int) -> None:
    """Who loses the level before the “confirm” changes nothing any more, and reads no list either."""
    world.take(mail("add", FILLED))
    world.take(mail(""))
    with world.database.transaction() as session:
        session.execute(update(Contact).values(level="Standard User"))
    by_mail.confirm(world, ANN)
    assert of(world, NEW) is None
    assert "not_done" in {row.kind for row in world.letters()}
    assert KIM not in shown(world)


def test_an_admin_user_without_an_organisation(world: World, people: People, admin: int) -> None:
    """Has nobody to look after."""
    with world.database.transaction() as session:
        session.execute(update(Contact).values(organisation_id=None))
    world.take(mail("add", FILLED))
    assert "you belong to none" in lines(world, "not_done")


def test_a_list_needs_a_proof(world: World, people: People, admin: int) -> None:
    """A forged mail gets a question, and the list only after it."""
    world.take(mail("", verdict="none"))
    assert (len(world.letters("answer")), len(world.letters("confirm"))) == (0, 1)
    by_mail.confirm(world, ANN)
    assert len(world.letters("answer")) == 1


def test_so_many_answers_in_a_day(world: World, people: People, admin: int) -> None:
    """The forms of #people count as all other answers do, and then there are no more of them."""
    for argument in ("list", "template", "imports", "add", f"edit {KIM}") * 10:
        world.send(mail(argument))
    world.handle()
    assert len(world.letters("answer")) == world.rules.caps.automatic_letters_per_day
    assert "There is no answer: 40 automatic letters" in world.take(mail("list")).reason


@pytest.mark.parametrize("argument", ["destroy everything", "edit", "edit kim", "import everything"])
def test_what_is_not_understood(world: World, people: People, admin: int, argument: str) -> None:
    """A sentence, and nothing done."""
    world.take(mail(argument, "Mobile: 1"))
    assert world.letters("not_done")
    assert world.count(Pending) == 0


def test_a_reply_in_a_ticket_is_no_place_for_changes(world: World, people: People, admin: int) -> None:
    """The lines of a note are the note's."""
    world.take(by_mail.reply(people, f"#people deactivate {KIM}"))
    assert "as the subject of a new mail" in lines(world, "not_done")


# Lists and forms


@pytest.mark.feature("F177", "mail")
def test_the_list(world: World, people: People, admin: int) -> None:
    """Name, level, address, last login and access of everybody in the organisation, nobody else; and as a file."""
    with world.database.transaction() as session:
        kim = people.contacts[KIM]
        session.add(Account(id=kim, username=KIM, contact_id=kim, last_login_at=NOW, created_at=NOW))
    world.take(mail(""))
    text = " ".join(shown(world).split())
    assert f"Kim Standard User {KIM} 23/11/2026 12:00 yes" in text
    assert f"Ann Admin User {ANN}" in text
    assert PAT not in text
    (letter,) = rendering.letters(world, "answer")
    (file,) = letter.iter_attachments()
    rows = file.get_content()
    rows = rows if isinstance(rows, str) else rows.decode("utf-8-sig")
    assert f"Kim,Standard User,{KIM},23/11/2026 12:00,yes" in rows


@pytest.mark.feature("F186", "mail")
def test_the_template(world: World, people: People, admin: int) -> None:
    """A file with the people of the organisation and no others."""
    world.take(mail("template"))
    (letter,) = rendering.letters(world, "answer")
    (file,) = letter.iter_attachments()
    data = file.get_content()
    text = data if isinstance(data, str) else data.decode("utf-8-sig")
    assert text.lstrip("\ufeff").startswith("External ID,Prefix,First Name")
    assert KIM in text
    assert PAT not in text


@pytest.mark.feature("F178", "mail")
@pytest.mark.feature("F179", "mail")
@pytest.mark.feature("F180", "mail")
@pytest.mark.feature("F195", "mail")
def test_a_person_is_added(world: World, people: People, admin: int) -> None:
    """What is missing is asked for, with what is there filled in; the reply with it waits for a “confirm”."""
    world.take(mail("add", "First name: Nia\nCity: Leeds\nPhone: 0113 496 0000"))
    text = shown(world)
    assert "Missing: Last name, Email." in text
    assert "First name: Nia" in text
    assert {f"{label}:" for label in profile.PERSON} <= {line.partition(":")[0] + ":" for line in text.splitlines()}
    body = f"{text}\n".replace("Last name:", "Last name: New").replace("Email:\n", f"Email: {NEW}\n")
    said = done(world, sample.mail(ANN, "Re: #people add", body, verdict="pass"))
    assert said == f"Nia New, {NEW} is added, without portal access."
    nia = known(world, NEW)
    assert (nia.organisation_id, nia.known, nia.name, nia.account) == (admin, True, "Nia New", None)
    assert (nia.value("City"), nia.value("Phone"), nia.level) == ("Leeds", "0113 496 0000", "Standard User")
    assert world.letters("credentials") == []


@pytest.mark.feature("F196", "mail")
def test_a_contact_without_access_writes_all_the_same(world: World, people: People, admin: int) -> None:
    """Their ticket is the organisation's."""
    done(world, mail("add", FILLED))
    opened = world.take(sample.mail(NEW, "Phones", "Are down."))
    assert world.ticket(opened.ticket_id).organisation_id == admin


@pytest.mark.feature("F183", "mail")
@pytest.mark.feature("F184", "mail")
@pytest.mark.feature("F15", "mail")
@pytest.mark.feature("F20", "mail")
def test_a_level_gives_access(world: World, people: People, admin: int) -> None:
    """The address is the user name; the letter with credentials says who gave them; no secret is kept."""
    said = done(world, mail("add", FILLED + "\nLevel: Administrator"))
    assert said == f"Nia New, {NEW} is added, and gets a letter with credentials."
    (row,) = world.letters("credentials")
    assert (row.recipient, row.context) == (NEW, {"by": "Ann"})
    nia = known(world, NEW)
    assert (nia.level, nia.has_access, nia.account and nia.account.username) == ("Admin User", True, NEW)
    with world.database.reading() as session:
        account = session.scalars(select(Account)).one()
    letter = credentials.for_letter(account, sample.KEYS, world.clock())
    assert letter is not None
    assert letter.kind == "password"
    world.take(mail("add", FILLED.replace(NEW, "x@customer.test") + "\nLevel: King"))
    assert "There is no security level “King”" in lines(world, "not_done")


@pytest.mark.parametrize("address", [PAT, SAM, sample.DESK, "lou@elsewhere.test"])
def test_addresses_that_cannot_be_added(world: World, people: People, admin: int, address: str) -> None:
    """Another organisation's, staff's, the desk's, and one that writes to us but belongs to nobody: the same words."""
    world.take(sample.mail("lou@elsewhere.test", "Hello", "Words."))
    world.take(mail("add", FILLED.replace(NEW, address)))
    assert lines(world, "not_done") == "This address cannot be used here; ask the desk to add it."


def test_somebody_who_is_there_already(world: World, people: People, admin: int) -> None:
    """Is edited."""
    world.take(mail("add", FILLED.replace(NEW, KIM)))
    assert lines(world, "not_done") == f"{KIM} is there already. To change the entry: #people edit {KIM}"


@pytest.mark.feature("F182", "mail")
def test_a_person_is_edited(world: World, people: People, admin: int) -> None:
    """The lines come as they are; changed ones are shown before and after; mandatory ones may change, not go."""
    world.take(mail(f"edit {KIM}"))
    text = shown(world)
    assert f"Email: {KIM}" in text
    assert "has no access to the portal" in text
    changed = text.replace("First name: Kim", "First name: Kimberly").replace("Last name:", "Last name: Key")
    world.take(sample.mail(ANN, f"Re: #people edit {KIM}", changed, verdict="pass"))
    said = lines(world, "confirm")
    assert f"Change Kim, {KIM}: First name is now Kimberly; it was Kim. Last name is now Key" in said
    by_mail.confirm(world, ANN)
    assert known(world, KIM).name == "Kimberly Key"
    world.take(mail(f"edit {KIM}", "Last name: -"))
    assert lines(world, "not_done") == "Last name cannot be empty."


@pytest.mark.feature("F181", "mail")
def test_the_form_is_filled_with_the_place_of_the_site(world: World, people: People, admin: int) -> None:
    """City and post code of the main site, where nothing else is known."""
    with world.database.transaction() as session:
        session.add(Site(id=1, organisation_id=admin, name="Head office", place="Leeds", post_code="LS1 1AA"))
    world.take(mail(f"edit {KIM}"))
    assert "City: Leeds" in shown(world)
    assert "Post code: LS1 1AA" in shown(world)


@pytest.mark.feature("F34", "mail")
def test_an_address_is_changed_for_somebody(world: World, people: People, admin: int) -> None:
    """Old and new one are told; the user name goes with it, and sessions end; somebody else's is no address."""
    done(world, mail(f"activate {KIM}"))
    with world.database.transaction() as session:
        session.add(WebSession(key=b"k", account_id=people.contacts[KIM], csrf="", created_at=NOW, seen_at=NOW,
                               expires_at=NOW))  # fmt: skip
    done(world, mail(f"edit {KIM}", f"Email: {NEW}"))
    kim = known(world, KIM)
    assert (kim.addresses, kim.account and kim.account.username) == ([NEW, KIM], NEW)
    assert world.count(WebSession) == 0
    for address in (KIM, NEW):
        (letter,) = rendering.letters(world, "address_changed", address)
        assert f"Ann changed your address at our desk to {NEW}; it was {KIM}." in rendering.words(letter)
        assert "To sign in to the portal, use the new address." in rendering.words(letter)
    for address in (PAT, SAM):
        world.take(mail(f"edit {KIM}", f"Email 2: {address}"))
        assert lines(world, "not_done") == "That address cannot be used."


# Access and letters


@pytest.mark.feature("F183", "mail")
@pytest.mark.feature("F185", "mail")
def test_access_is_given_and_taken(world: World, people: People, admin: int) -> None:
    """With a letter; all sessions end when it is taken, and mail goes on as before."""
    said = done(world, mail(f"activate {KIM}"))
    assert said == f"Kim, {KIM} has portal access, as Standard User, and gets a letter with credentials."
    assert [row.recipient for row in world.letters("credentials")] == [KIM]
    with world.database.transaction() as session:
        session.add(WebSession(key=b"k", account_id=people.contacts[KIM], csrf="", created_at=NOW, seen_at=NOW,
                               expires_at=NOW))  # fmt: skip
    done(world, mail(f"deactivate {KIM}"))
    assert (known(world, KIM).has_access, world.count(WebSession)) == (False, 0)
    assert world.take(sample.mail(KIM, "Phones", "Are down.")).kind == "opened"
    world.take(mail(f"deactivate {KIM}"))
    assert lines(world, "not_done") == f"Kim, {KIM} has no portal access."
    done(world, mail(f"activate {KIM}"))
    assert known(world, KIM).has_access


def test_nobody_takes_their_own_access_or_level(world: World, people: People, admin: int) -> None:
    """Another Admin user can."""
    world.take(mail(f"deactivate {ANN}"))
    assert "your own access" in lines(world, "not_done")
    world.take(mail(f"edit {ANN}", "Level: Standard User"))
    assert "their own level" in lines(world, "not_done")


@pytest.mark.feature("F30", "mail")
def test_somebody_gets_no_letters(world: World, people: People, admin: int) -> None:
    """Until it is undone; saying it twice is a mistake."""
    done(world, mail(f"mute {KIM}"))
    assert known(world, KIM).muted
    world.take(mail(f"mute {KIM}"))
    assert "already" in lines(world, "not_done")
    done(world, mail(f"unmute {KIM}"))
    assert not known(world, KIM).muted


# Imports

ROWS = (
    "Nia;New;new@customer.test;Leeds;new@customer.test;;Sample Client Portal Standard User",
    "Zoë;Müller;zoe@customer.test;=1+1;;;",
    "Kim;Key;kim@customer.test;York;kim@customer.test;;",
    "Tom;Top;tom@customer.test;;tom@customer.test;hunter2-secret;",
    "Pat;Pot;pat@customer.test;;;;",
)


@pytest.mark.feature("F187", "mail")
@pytest.mark.feature("F188", "mail")
@pytest.mark.feature("F189", "mail")
@pytest.mark.feature("F191", "mail")
@pytest.mark.feature("F192", "mail")
@pytest.mark.feature("F194", "mail")
def test_an_import_is_tried_first(world: World, people: People, admin: int) -> None:
    """The question counts, and names what is refused; “confirm” does it; those with a user name get a letter."""
    world.take(with_file("import", *ROWS))
    said = lines(world, "confirm")
    assert "people.csv: 2 will be added, 1 skipped, 2 refused (row 5: the column for the password must be empty" in said
    assert "1 person will get a letter with credentials." in said
    assert of(world, NEW) is None
    by_mail.confirm(world, ANN)
    assert lines(world, "done").startswith("people.csv: 2 added, 1 skipped, 2 refused (row 5: ")
    nia, zoe, kim = (known(world, address) for address in (NEW, "zoe@customer.test", KIM))
    assert (nia.name, nia.level, nia.has_access, nia.organisation_id) == ("Nia New", "Standard User", True, admin)
    assert (zoe.name, zoe.value("City"), zoe.has_access) == ("Zoë Müller", "=1+1", False)
    assert (kim.name, kim.details) == ("Kim", {})
    assert [row.recipient for row in world.letters("credentials")] == [NEW]


@pytest.mark.feature("F188", "mail")
def test_an_import_updates_on_wish(world: World, people: People, admin: int) -> None:
    """Found by the user name; an empty cell changes nothing; who has no access yet gets it."""
    said = done(world, with_file("import update", *ROWS[:3]))
    assert "2 added, 1 updated." in said
    kim = known(world, KIM)
    assert (kim.name, kim.value("City"), kim.has_access) == ("Kim Key", "York", True)
    again = with_file("import update", *ROWS[:3])
    world.take(again)
    assert "Nothing would change: people.csv" not in lines(world, "not_done")
    assert lines(world, "not_done") == "Nothing would change: 0 added, 3 skipped."
    assert len(world.letters("credentials")) == 2


@pytest.mark.feature("F193", "mail")
def test_a_password_in_the_file_is_kept_nowhere(world: World, people: People, admin: int) -> None:
    """Not while it waits, not in the history, in no letter; what waited of the file is gone once it is done."""
    world.take(with_file("import", *ROWS))
    (waiting,) = world.all(select(Pending))
    assert waiting.body["kept"]["rows"]
    assert "hunter2" not in repr(waiting.body)
    by_mail.confirm(world, ANN)
    (waiting,) = world.all(select(Pending))
    (run,) = world.all(select(ImportRun))
    assert waiting.body["kept"] == {}
    assert "hunter2" not in repr([run.rows, [row.context for row in world.letters()]])
    assert world.count(Attachment) == 0


@pytest.mark.feature("F190", "mail")
def test_the_history_of_imports(world: World, people: People, admin: int) -> None:
    """Of one's own organisation: when, which file, how many rows came to what; refused ones by number."""
    world.take(mail("imports"))
    assert "No imports yet" in shown(world)
    done(world, with_file("import", *ROWS, name="staff list.csv"))
    world.take(mail("imports"))
    text = " ".join(shown(world).split())
    assert "staff list.csv 2 0 1 2" in text
    assert "row 5: the column for the password must be empty" in text
    world.take(mail("imports", sender=PAT))
    assert "staff list" not in rendering.text(rendering.letters(world, "answer", PAT)[-1])


@pytest.mark.feature("F187", "mail")
def test_an_import_goes_into_a_site(world: World, people: People, admin: int) -> None:
    """The one that is named, by name or code; else the main one; one that does not exist is a mistake."""
    other = world.all(select(Contact.organisation_id).where(Contact.id == people.contacts[PAT]))[0]
    with world.database.transaction() as session:
        session.add(Site(id=1, organisation_id=admin, name="Works - London", code="W_LON/0007"))
        session.add(Site(id=2, organisation_id=admin, name="Works - North", code="W_LON/0009"))
        session.add(Site(id=3, organisation_id=other, name="Secret Harbour"))
    done(world, with_file("import", ROWS[0], body="Site: W_LON/0009"))
    done(world, with_file("import", ROWS[1]))
    assert known(world, NEW).site_id == 2
    assert known(world, "zoe@customer.test").site_id == 1
    world.take(with_file("import", "A;B;a@customer.test;;;;", body="Site: Secret Harbour"))
    assert "Site “Secret Harbour” is not known. There are: Works - London, Works - North." in lines(world, "not_done")


@pytest.mark.feature("F194", "mail")
def test_welcome_letters_go_one_after_another(world: World, people: People, admin: int) -> None:
    """Two seconds apart, so that no relay gets hundreds at once."""
    done(world, with_file("import", *(f"A;B;a{n}@customer.test;;a{n}@customer.test;;" for n in range(4))))
    times = [row.next_at for row in world.letters("credentials")]
    assert [(time - times[0]).total_seconds() for time in times] == [0, 2, 4, 6]


@pytest.mark.parametrize(
    "rows, header, said",
    [
        ((), HEADER, "no row below it"),
        (ROWS[:1], "Name;Mail", "names no column “First Name” and “Last Name” and “Email Address”"),
        (ROWS[4:], HEADER, "Nothing would change: 0 will be added"),
    ],
)
def test_files_that_come_to_nothing(
    world: World, people: People, admin: int, rows: tuple[str, ...], header: str, said: str
) -> None:
    """A sentence, and no question."""
    world.take(with_file("import", *rows, header=header))
    assert said.replace("0 will be", "0") in lines(world, "not_done").replace("0 will be", "0")
    assert world.count(Pending) == 0


def test_an_import_without_a_file(world: World, people: People, admin: int) -> None:
    """The mail says how to get one."""
    world.take(mail("import"))
    assert "There is no CSV file in your mail." in lines(world, "not_done")


def test_an_import_is_decided_again_when_it_is_confirmed(world: World, people: People, admin: int) -> None:
    """Who was added in between is passed over; a second “confirm” adds nobody."""
    world.take(with_file("import", *ROWS[:2]))
    (question,) = world.letters("confirm", ANN)
    world.take(sample.mail("zoe@customer.test", "Hello", "Words."))
    to = sample.ADDRESSES.reply_to(sample.DESK, Token("confirm", 0, question.context["pending"]))
    for _ in range(2):
        world.take(sample.mail(ANN, "Re: Confirm", "confirm", to=to))
    assert [row.added for row in world.all(select(ImportRun))] == [1]
    assert len(world.letters("credentials")) == 1


def test_thousands_of_rows(world: World, people: People, admin: int) -> None:
    """As many as a file may have, in one transaction."""
    rows = [f"A{n};B;a{n}@customer.test;;a{n}@customer.test;;" for n in range(5_000)]
    said = done(world, with_file("import", *rows))
    assert said == "people.csv: 5,000 added. 5,000 people get a letter with credentials."
    assert (world.count(Account), len(world.all(select(Outbox.id).where(Outbox.kind == "credentials")))) == (
        5_000,
        5_000,
    )


@pytest.mark.parametrize("argument", ["", "list", "import", f"edit {KIM}"])
def test_who_is_no_admin_is_told(world: World, people: People, argument: str) -> None:
    """It is answered, and the file becomes no ticket that others read."""
    raw = with_file(argument, "Nia;New;new@customer.test;;;;") if argument == "import" else mail(argument)
    done = world.take(raw)
    assert (done.kind, done.ticket_id) == ("answered", None)
    assert lines(world, "not_done") == "#people: only an Admin user of your organisation can do this."


@pytest.mark.parametrize(
    "sender, subject, said",
    [
        (ANN, "#queue", "#queue is for the people who work at the desk."),
        (SAM, "#people", "#people is for customers; you work at the desk."),
    ],
)
def test_commands_of_others(world: World, people: People, sender: str, subject: str, said: str) -> None:
    """Written as they are meant to be written, by people whom the desk knows."""
    assert world.take(sample.mail(sender, subject, "", verdict="pass")).kind == "answered"
    assert world.letters("not_done", sender)[-1].context["lines"][0] == said


@pytest.mark.parametrize(
    "sender, subject",
    [(EVE, "#people"), (EVE, "#queue"), (ANN, "#queue at the front desk"), (ANN, "#people cannot come in")],
)
def test_what_only_begins_like_one(world: World, people: People, sender: str, subject: str) -> None:
    """A request is one, and a stranger learns nothing of what there is."""
    assert world.take(sample.mail(sender, subject, "", verdict="pass")).kind == "opened"

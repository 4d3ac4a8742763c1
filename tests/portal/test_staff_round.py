"""What a round of staff work leaves behind: who takes part, which entries customers see, which links go."""

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from desk import profile
from store.tables import Contact, Outbox, Ticket, TicketLink
from tests.portal.api_world import Program
from tests.portal.client import Browser
from tests.portal.mail_world import add_letter
from tests.portal.world import World, add_ticket

Enter = Callable[[str], Browser]
FIELD = re.compile(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"')
PHONES = "/t/T20190409.0967"


def act(browser: Browser, name: str, **fields: str) -> str:
    """Send one of the desk's forms; where it leads."""
    sent = {f"desk_{key}": value for key, value in fields.items()}
    return browser.post(f"{PHONES}/desk/{name}", PHONES, **sent).headers["location"]


def test_an_entry_of_which_customers_see_nothing_is_not_shown_to_them(world: World, signed_in: Enter) -> None:
    """Time spent and nothing else: the desk sees it, customers do not see an empty entry, nor do their programs."""
    sam, jane, program = signed_in("sam"), signed_in("jane"), Program(world, "jane")
    before = jane.get(PHONES).text.count('<li id="n'), len(program.get("/tickets/T20190409.0967/notes")["items"])
    mark = act(sam, "note", to="customer", note="", time="30m").partition("#")[2]
    assert f'id="{mark}"' in sam.get(PHONES).text
    assert f'id="{mark}"' not in jane.get(PHONES).text
    assert "entries." not in jane.get(PHONES).text  # none is said to be left out
    after = jane.get(PHONES).text.count('<li id="n'), len(program.get("/tickets/T20190409.0967/notes")["items"])
    assert after == before


def test_staff_take_an_additional_contact_away(world: World, signed_in: Enter) -> None:
    """Somebody of another organisation, added by mistake, sees the ticket no more; customers cannot do that."""
    sam, jane, max_ = signed_in("sam"), signed_in("jane"), signed_in("max")
    sam.post(f"{PHONES}/people", PHONES, people="max@customer.test")
    assert max_.get(PHONES).status_code == 200
    gone = {"person": str(world.ids["max"])}
    assert "people/remove" not in jane.get(PHONES).text
    assert jane.post(f"{PHONES}/people/remove", PHONES, **gone).status_code == 404
    page = sam.get(PHONES).text
    assert re.search(r"Remove<span[^>]*> Max Sample", page)
    assert "Max@Customer.Test" in page
    assert sam.post(f"{PHONES}/people/remove", PHONES, **gone).headers["location"] == f"{PHONES}?done=added"
    assert max_.get(PHONES).status_code == 404
    assert sam.post(f"{PHONES}/people/remove", PHONES, **gone).status_code == 404
    assert sam.post(f"{PHONES}/people/remove", PHONES, person="1 or 1").status_code == 404


def test_a_link_to_a_ticket_that_was_merged_since_can_be_removed(world: World, signed_in: Enter) -> None:
    """It stands under the number that it had, and goes by that."""
    with world.database.transaction() as session:
        add_ticket(session, world, "old", "jane")
        add_ticket(session, world, "goes_on", "jane")
        number = session.get_one(Ticket, world.ids["old"]).number
    sam = signed_in("sam")
    act(sam, "link", link=number, how="add")
    with world.database.transaction() as session:
        merged = update(Ticket).where(Ticket.id == world.ids["old"])
        session.execute(merged.values(merged_into_id=world.ids["goes_on"]))
    assert act(sam, "link", link=number, how="remove") == f"{PHONES}?done=saved"
    with world.database.reading() as session:
        assert (
            session.scalars(select(TicketLink.other_id).where(TicketLink.ticket_id == world.ids["phones"])).all() == []
        )


def test_a_form_that_was_open_for_long_undoes_nothing(world: World, signed_in: Enter) -> None:
    """Another Admin user took the access and wrote a telephone number meanwhile: both stay, and the title is saved."""
    world.give_password("ana")
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).level = "Admin User"
        session.get_one(Contact, world.ids["ana"]).last_name = "Sample"
    jane, other = signed_in("jane"), Browser(world.config())
    other.sign_in("jane")
    page, form = f"/people/{world.ids['ana']}", "form_token"
    opened = dict(FIELD.findall(jane.get(page).text.partition("<h1")[2])) | {"access": "yes", "level": "Standard User"}
    first = {name: value for name, value in opened.items() if name not in (form, "access")} | {"phone": "020 7946 0000"}
    assert other.post(page, **first).headers["location"] == "/people?done=access_taken"
    late = {name: value for name, value in opened.items() if name != form} | {"job_title": "Head of post"}
    assert jane.post(page, **late).headers["location"] == "/people?done=saved"
    with world.database.reading() as session:
        (ana,) = profile.load(session, Contact.id == world.ids["ana"]).values()
    assert (ana.value("Phone"), ana.value("Job title")) == ("020 7946 0000", "Head of post")
    assert not ana.has_access


def test_a_program_of_staff_adds_a_file_for_the_desk_alone(world: World) -> None:
    """Beside an internal note its file would be of no use if everybody got it."""
    sam, jane, path = Program(world, "sam"), Program(world, "jane"), "/tickets/T20190409.0967/attachments"
    raw: dict[str, Any] = {"content": b"for the desk", "headers": {"Content-Type": "application/octet-stream"}}
    said = sam("POST", f"{path}?name=inside.txt&visibility=internal", **raw)
    assert (said.status_code, said.json()["visibility"]) == (201, "internal")
    assert "inside.txt" not in jane("GET", path).text
    assert "inside.txt" in sam("GET", path).text
    assert jane("POST", f"{path}?visibility=internal", **raw).status_code == 422
    with world.database.reading() as session:
        assert session.scalars(select(Outbox.kind).where(Outbox.ticket_id.is_not(None))).all() == []


def test_only_letters_about_which_something_can_be_done_can_be_chosen(world: World, signed_in: Enter) -> None:
    """A letter that is sent is no choice: nothing would become of it."""
    with world.database.transaction() as session:
        sent, failed = add_letter(session, world, "sent"), add_letter(session, world, "failed", ("failed", "550 no"))
    page = signed_in("sam").get("/desk/mail/letters").text
    assert f'name="letter" value="{failed}"' in page
    assert f'name="letter" value="{sent}"' not in page
    assert f"/desk/mail/letters/{sent}" in page

"""Every page in each of its states: whose it is, where it is, and what is pressed there first."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk import totp
from store.tables import Ticket
from tests.portal.world import PASSWORD, START, World

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PHONES, CHANGE, CLOSED = "/t/{phones_number}", "/t/{change_number}", "/t/{done_number}"
Press = Callable[["Page"], None]


def _send(name: str) -> Press:
    """Press the button of that name: of a form in which nothing was filled in."""
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def _open_all(page: "Page") -> None:
    """Unfold whatever is folded."""
    while (folded := page.locator("main details:not([open]) > summary:visible")).count():
        folded.first.click()


def _scan(page: "Page") -> None:
    """The key of a two-step sign-in, on the answer to the password."""
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()


def _switch_on(page: "Page") -> None:
    """As somebody whose app has read the key; the clock of the sample desk stands still."""
    _scan(page)
    secret = base64.b32decode(page.locator("main p > code").inner_text().replace(" ", ""))
    page.get_by_label("Code", exact=True).fill(totp.code(secret, totp.step_at(START)))
    page.get_by_role("button", name="Switch on").click()


def _first_step(page: "Page", who: str) -> None:
    """Name and password."""
    page.get_by_label("E-mail address").fill(f"{who}@{'example' if who == 'sam' else 'customer'}.test")
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@dataclass(frozen=True, slots=True)
class Shot:
    """One state of one page."""

    name: str
    who: str  # "" signed out
    path: str
    press: Press | None = None
    pictured: bool = False  # stands in docs/pictures


SHOTS = (
    Shot("status", "", "/", pictured=True),
    Shot("status-asked", "", "/", _send("Send me the status")),
    Shot("sign-in", "", "/in", pictured=True),
    Shot("sign-in-error", "", "/in", _send("Sign in")),
    Shot("forgotten", "", "/in/forgotten"),
    Shot("link-used", "", "/in/once/x"),
    Shot("not-found", "", "/x", pictured=True),
    Shot("help", "", "/help", pictured=True),
    Shot("accessibility", "", "/accessibility"),
    Shot("announcement", "", "/announcements/{news}"),
    Shot("public-services", "", "/tickets/new"),
    Shot("home", "jane", "/", pictured=True),
    Shot("home-empty", "eva", "/"),
    Shot("home-staff", "sam", "/"),
    Shot("tickets", "jane", "/tickets?view=open", pictured=True),
    Shot("tickets-unfolded", "jane", "/tickets?view=all", _open_all),
    Shot("tickets-empty", "eva", "/tickets?view=my"),
    Shot("tickets-nothing-found", "jane", "/tickets?view=all&q=mso&status=New"),
    Shot("tickets-wrong", "jane", "/tickets?sort=nonsense"),
    Shot("new", "jane", "/tickets/new", pictured=True),
    Shot("new-catalogue", "jane", "/tickets/new?view=tree"),
    Shot("new-incident", "jane", "/tickets/new?type=Incident", pictured=True),
    Shot("new-incident-error", "jane", "/tickets/new?type=Incident", _send("Create ticket"), pictured=True),
    Shot("ticket", "jane", PHONES, pictured=True),
    Shot("ticket-unfolded", "jane", PHONES, _open_all),
    Shot("ticket-error", "jane", PHONES, _send("Add note")),
    Shot("ticket-approval", "jane", CHANGE),
    Shot("ticket-resolved", "jane", CLOSED),
    Shot("ticket-no-access", "max", PHONES),
    Shot("ticket-staff", "sam", PHONES, pictured=True),
    Shot("ticket-staff-unfolded", "sam", PHONES, _open_all),
    Shot("people", "jane", "/people", pictured=True),
    Shot("person", "jane", "/people/{ana}", pictured=True),
    Shot("person-new-error", "jane", "/people/new", _send("Save and close")),
    Shot("people-import", "jane", "/people/import", pictured=True),
    Shot("people-import-error", "jane", "/people/import", _send("Check the file")),
    Shot("people-imports-empty", "jane", "/people/imports"),
    Shot("me", "jane", "/me", pictured=True),
    Shot("me-staff", "sam", "/me"),
    Shot("tokens", "jane", "/me/tokens"),
    Shot("tokens-error", "jane", "/me/tokens", _send("Make a token")),
    Shot("password", "jane", "/in/password"),
    Shot("password-error", "jane", "/in/password", _send("Save password")),
    Shot("desk", "sam", "/desk", pictured=True),
    Shot("desk-mine", "sam", "/desk?view=mine"),
    Shot("audit", "sam", "/desk/audit"),
    Shot("audit-nothing", "sam", "/desk/audit?act=desk.restored"),
    Shot("mail", "sam", "/desk/mail", pictured=True),
    Shot("mail-held", "sam", "/desk/mail?kind=held"),
    Shot("mail-nothing", "sam", "/desk/mail?sender=nobody"),
    Shot("mail-one", "sam", "/desk/mail/{held}", pictured=True),
    Shot("letters", "sam", "/desk/mail/letters"),
    Shot("letter", "sam", "/desk/mail/letters/{letter}"),
    Shot("muted", "sam", "/desk/mail/muted"),
    # Each of these goes on where the one before it has led.
    Shot("two-step", "ana", "/me/two-step"),
    Shot("two-step-error", "ana", "/me/two-step", _send("Set it up")),
    Shot("two-step-scan", "ana", "/me/two-step", _scan),
    Shot("two-step-codes", "ana", "/me/two-step", _switch_on),
    Shot("two-step-on", "ana", "/me/two-step"),
    Shot("two-step-change-error", "ana", "/me/two-step", _send("Switch off")),
    Shot("code", "", "/in", lambda page: _first_step(page, "ana")),
    Shot("code-error", "", "/in/code", _send("Sign in")),
    Shot("code-recovery", "", "/in/code?recovery=yes"),
)


def visit(
    contexts: "Callable[[], BrowserContext]", address: str, world: World, shots: tuple[Shot, ...] = SHOTS
) -> "Iterator[tuple[Shot, Page]]":
    """Each shot on its page; everybody signs in once, in a browser profile of their own."""
    numbers = {f"{key}_number": _number(world, key) for key in ("phones", "change", "done")}
    pages: dict[str, Page] = {}
    for shot in shots:
        if shot.who not in pages:
            pages[shot.who] = contexts().new_page()
            if shot.who:
                sign_in(pages[shot.who], address, shot.who)
        page = pages[shot.who]
        answer = page.goto(address + shot.path.format(**numbers, **world.ids))
        assert answer is not None, shot.name
        assert answer.status < 500, shot.name
        if shot.press:
            shot.press(page)
        yield shot, page
    for page in pages.values():  # their connections end before the server does
        page.context.close()


def _number(world: World, key: str) -> str:
    with world.database.reading() as session:
        return session.get_one(Ticket, world.ids[key]).number


def sign_in(page: "Page", address: str, who: str) -> None:
    """As a person does."""
    page.goto(f"{address}/in")
    _first_step(page, who)

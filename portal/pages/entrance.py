"""Signing in and out, one-time links, choosing a password: one template in three states."""

import re
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from desk import credentials, passwords, sessions, sign_in, tries
from portal import cookies
from portal.visit import SET_PASSWORD, Portal, Row, Visit
from store.tables import Account

# Where a sign-in may lead: a page of ours, written out, so that "//evil.example" is none.
_NEXT = re.compile(r"/(tickets|t/[A-Za-z0-9._-]{1,30})?", re.ASCII)
WRONG = "The e-mail address or password is not right"
USED = "This link has been used or has run out"
BUSY = "Too many people are signing in at this moment. Wait a minute"


def show(portal: Portal, visit: Visit) -> Response:
    """The sign-in form."""
    if visit.visitor is not None:
        return portal.redirect("/")
    return _page(portal, visit, "sign_in", next=_next(visit.request.query_params.get("next", "")))


def enter(portal: Portal, visit: Visit) -> Response:
    """Sign in. A session that was there before ends."""
    after, username = _next(visit.form.get("next", "")), visit.form.get("username", "")
    if not portal.config.may_sign_in:
        return _page(portal, visit, "sign_in", 403, next=after)
    result = sign_in.sign_in(
        portal.config.database,
        username,
        visit.form.get("password", ""),
        visit.peer,
        now=visit.now,
        lifetimes=portal.config.lifetimes,
        user_agent=visit.request.headers.get("user-agent", ""),
    )
    if isinstance(result, sign_in.Refused):
        return _refused(portal, visit, "sign_in", result, WRONG, next=after, username=username)
    return _enter(portal, visit, result, after)


def show_link(portal: Portal, visit: Visit) -> Response:
    """A one-time link: a button. Programs that look at links before people do use nothing up (GET and HEAD)."""
    with portal.config.database.reading() as session:
        usable = credentials.account_of_link(session, visit.request.path_params["secret"], visit.now) is not None
    return _page(portal, visit, "link") if usable else _page(portal, visit, "used", 410)


def enter_by_link(portal: Portal, visit: Visit) -> Response:
    """The button was pressed."""
    if not portal.config.may_sign_in:
        return _page(portal, visit, "sign_in", 403)
    result = sign_in.sign_in_by_link(
        portal.config.database,
        visit.request.path_params["secret"],
        visit.peer,
        now=visit.now,
        lifetimes=portal.config.lifetimes,
        user_agent=visit.request.headers.get("user-agent", ""),
    )
    if isinstance(result, sign_in.Refused):
        return _refused(portal, visit, "used" if result.why == "wrong" else "link", result, USED)
    return _enter(portal, visit, result, "/")


def show_password(portal: Portal, visit: Visit) -> Response:
    """The form to choose a password."""
    return _page(portal, visit, "password", next=_next(visit.request.query_params.get("next", "")))


def choose_password(portal: Portal, visit: Visit) -> Response:
    """Keep the chosen password, end all sessions and begin a new one; it goes on where one wanted to go."""
    form, who, config = visit.form, visit.who, portal.config
    after = _next(form.get("next", ""))
    chosen = form.get("new_password", "")
    fault = passwords.fault(chosen, config.password_profile, username=who.username)
    if not fault and chosen != form.get("again", ""):
        fault = "The two new passwords are not the same"
    try:
        if not fault and not who.must_change:
            result = _check_current(portal, visit, after)
            if result is not None:
                return result
        hashed = "" if fault else passwords.hash_password(chosen)
    except passwords.Busy:
        return _page(portal, visit, "password", 503, error=BUSY, next=after)
    if fault:
        return _page(portal, visit, "password", 422, error=fault, field="new_password", next=after)
    with config.database.transaction() as session:
        account = session.get_one(Account, who.account_id, with_for_update=True)
        next_id = config.database.ids.next
        credentials.set_password(
            session, account, hashed, now=visit.now, next_id=next_id, tell=config.tells_of_passwords
        )
        started = sessions.start(
            session,
            account,
            now=visit.now,
            lifetimes=config.lifetimes,
            user_agent=visit.request.headers.get("user-agent", ""),
        )
    response = portal.redirect("/tickets" if after == "/" else after)
    cookies.put(response, "session", started.cookie, config, started.lasts)
    return response


def leave(portal: Portal, visit: Visit) -> Response:
    """Sign out."""
    with portal.config.database.transaction() as session:
        sessions.end(session, visit.who.key)
    response = portal.redirect("/")
    cookies.remove(response, "session", portal.config)
    return response


def _check_current(portal: Portal, visit: Visit, after: str) -> Response | None:
    """An open session alone changes no password; guesses at the current one are limited like sign-ins."""
    config, who = portal.config, visit.who
    with config.database.transaction(durable=False) as session:
        wait = tries.begin(session, who.username, visit.peer, visit.now, config.database.ids.next)
        stored = session.get_one(Account, who.account_id).password_hash
    if wait:
        return _refused(portal, visit, "password", sign_in.Refused("wait", wait), "", next=after)
    if not passwords.verify(visit.form.get("current", ""), stored):
        error = "The current password is not right"
        return _page(portal, visit, "password", 422, error=error, field="current", next=after)
    with config.database.transaction(durable=False) as session:
        tries.forgive(session, who.username, visit.peer, visit.now)
    return None


def _enter(portal: Portal, visit: Visit, result: sign_in.SignedIn, after: str) -> Response:
    if visit.visitor is not None:
        with portal.config.database.transaction() as session:
            sessions.end(session, visit.visitor.key)
    kept = f"?next={quote(after)}" if after != "/" else ""
    response = portal.redirect(SET_PASSWORD + kept if result.must_change else after)
    cookies.put(response, "session", result.started.cookie, portal.config, result.started.lasts)
    cookies.remove(response, "form", portal.config)
    return response


def _refused(portal: Portal, visit: Visit, state: str, refused: sign_in.Refused, wrong: str, **values: Any) -> Response:
    if refused.why == "wrong":
        return _page(portal, visit, state, 422, error=wrong, **values)
    if refused.why == "busy":
        return _page(portal, visit, state, 503, error=BUSY, **values)
    minutes = tries.minutes(refused.wait)
    pause = "1 minute" if minutes == 1 else f"{minutes} minutes"
    error = f"Too many tries. Wait {pause}, or write to {portal.config.desk_address}"
    response = _page(portal, visit, state, 429, error=error, **values)
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def _page(portal: Portal, visit: Visit, state: str, status: int = 200, **values: Any) -> Response:
    shown = {"error": "", "field": "", "next": "", "username": "", **values}
    return portal.page(
        visit,
        "in.html",
        status=status,
        state=state,
        rule=passwords.RULES[portal.config.password_profile],
        **shown,
    )


def _next(path: str) -> str:
    return path if _NEXT.fullmatch(path) else "/"


PAGES: tuple[Row, ...] = (
    ("/in", "GET", "entrance", show),
    ("/in", "POST", "entrance", enter),
    ("/in/once/{secret}", "GET", "entrance", show_link),
    ("/in/once/{secret}", "POST", "entrance", enter_by_link),
    (SET_PASSWORD, "GET", "choosing", show_password),
    (SET_PASSWORD, "POST", "choosing", choose_password),
    ("/out", "POST", "choosing", leave),
)

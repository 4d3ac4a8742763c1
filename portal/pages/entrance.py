"""Signing in and out, by a password or by a one-time link, and asking for such a link."""

import math
from functools import partial
from typing import Any

from starlette.responses import Response

from desk import credentials, forgotten, sessions, sign_in, tries
from desk.half_way import Half
from desk.said import Said, say
from portal import cookies, done, way_back
from portal.evening import evened
from portal.visit import CODE, SET_PASSWORD, Portal, Row, Visit

WRONG = say("The e-mail address or password is not right")
USED = say("This link has been used or has run out")
_IN_MINUTES = 90  # a longer wait is said in hours
BUSY = say("Too many people are signing in at this moment. Wait a minute")


def show(portal: Portal, visit: Visit) -> Response:
    """The sign-in form, with the user name that this browser remembers."""
    after = way_back.own(visit.query.get("next", ""))
    if visit.visitor is not None:
        return portal.redirect(after)
    username = cookies.remembered(visit.request, portal.config)
    return page(portal, visit, "sign_in", next=after, username=username, remember=bool(username))


def enter(portal: Portal, visit: Visit) -> Response:
    """Sign in. A session that was there before ends."""
    form, config = visit.form, portal.config
    shown: dict[str, Any] = {
        "next": way_back.own(form.get("next", "")),
        "username": form.get("username", ""),
        "remember": "remember" in form,
        "keep": "keep" in form,
    }
    if not config.may_sign_in:
        return page(portal, visit, "sign_in", 403, **shown)
    result = sign_in.sign_in(
        config.database,
        form.get("username", ""),
        form.get("password", ""),
        visit.peer,
        now=visit.now,
        lifetimes=config.lifetimes,
        user_agent=visit.request.headers.get("user-agent", ""),
        keep="keep" in form,
        with_code=config.two_step != "off",
    )
    if isinstance(result, sign_in.Refused):
        return refused(portal, visit, "sign_in", result, {"": WRONG}, **shown)
    response = go_on(portal, visit, result, shown["next"])
    name = form.get("username", "").strip() if "remember" in form else ""
    cookies.remember(response, visit.request, name, config)
    return response


def show_link(portal: Portal, visit: Visit) -> Response:
    """A one-time link: a button. Programs that look at links before people do use nothing up (GET and HEAD)."""
    with portal.config.database.reading() as session:
        usable = credentials.account_of_link(session, visit.path("secret"), visit.now) is not None
    return page(portal, visit, "link") if usable else page(portal, visit, "used", 410)


def enter_by_link(portal: Portal, visit: Visit) -> Response:
    """The button was pressed."""
    if not portal.config.may_sign_in:
        return page(portal, visit, "sign_in", 403)
    result = sign_in.sign_in_by_link(
        portal.config.database,
        visit.path("secret"),
        visit.peer,
        now=visit.now,
        lifetimes=portal.config.lifetimes,
        user_agent=visit.request.headers.get("user-agent", ""),
        with_code=portal.config.two_step != "off",
    )
    if isinstance(result, sign_in.Refused):
        return refused(portal, visit, "used" if result.why == "wrong" else "link", result, {"": USED})
    return go_on(portal, visit, result, "/")


def show_forgotten(portal: Portal, visit: Visit) -> Response:
    """The form that asks for a sign-in link."""
    return page(portal, visit, "forgotten", username=cookies.remembered(visit.request, portal.config))


def send_link(portal: Portal, visit: Visit) -> Response:
    """A letter with a link, to whoever has access; the answer is the same for everybody."""
    config, username = portal.config, visit.form.text("username")
    if not config.may_sign_in:
        return page(portal, visit, "forgotten", 403)
    if not username:
        return page(portal, visit, "forgotten", 422, faults={"username": say("Enter an e-mail address")})
    send = partial(
        forgotten.send_link, config.database, config.keys, username, visit.peer, now=visit.now, levels=config.levels
    )
    wait = evened(config.even_seconds, send)
    if wait:
        return refused(portal, visit, "forgotten", sign_in.Refused("wait", wait), {}, username=username)
    return portal.redirect("/in?done=link")


def leave(portal: Portal, visit: Visit) -> Response:
    """Sign out."""
    with portal.config.database.transaction() as session:
        sessions.end(session, visit.who.key)
    response = portal.redirect("/")
    cookies.remove(response, "session", portal.config)
    return response


def go_on(portal: Portal, visit: Visit, result: sign_in.SignedIn | Half, after: str) -> Response:
    """To the page that was asked for, with a session; or to that of the code, with nothing but half a sign-in."""
    if isinstance(result, Half):
        response = portal.redirect(CODE + way_back.asked(after))
        cookies.put(response, "half", result.cookie, portal.config, result.lasts)
        return response
    if visit.visitor is not None:
        with portal.config.database.transaction() as session:
            sessions.end(session, visit.visitor.key)
    response = portal.redirect(SET_PASSWORD + way_back.asked(after) if result.must_change else after)
    put_session(response, portal, result.started)
    cookies.remove(response, "form", portal.config)
    return response


def put_session(response: Response, portal: Portal, started: sessions.Started) -> None:
    """The cookie of a session; one that is not kept ends with the browser."""
    cookies.put(response, "session", started.cookie, portal.config, started.lasts if started.kept else None)


def refused(
    portal: Portal, visit: Visit, state: str, why: sign_in.Refused, wrong: dict[str, Said], **values: Any
) -> Response:
    """The page again, with why nobody came in: what was wrong, by field, or how long to wait."""
    if why.why == "wrong":
        return page(portal, visit, state, 422, faults=wrong, **values)
    if why.why == "busy":
        return page(portal, visit, state, 503, faults={"": BUSY}, **values)
    minutes = tries.minutes(why.wait)
    return page(
        portal, visit, state, 429, {"Retry-After": str(minutes * 60)}, faults={"": too_many(portal, why)}, **values
    )


def too_many(portal: Portal, why: sign_in.Refused) -> Said:
    """How long to wait."""
    minutes, address = tries.minutes(why.wait), portal.config.desk_address
    if minutes == 1:
        return say("Too many tries. Wait 1 minute, or write to {address}", address=address)
    if minutes > _IN_MINUTES:
        hours = math.ceil(minutes / 60)
        return say("Too many tries. Wait {hours} hours, or write to {address}", hours=hours, address=address)
    return say("Too many tries. Wait {minutes} minutes, or write to {address}", minutes=minutes, address=address)


def page(
    portal: Portal,
    visit: Visit,
    state: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> Response:
    """One of the states of the template."""
    ticks = dict.fromkeys(("remember", "keep", "recovery"), False)
    shown = {"faults": {}, "next": "/", "username": "", "rule": "", **ticks, **values}
    return portal.page(
        visit,
        "in.html",
        status=status,
        headers=headers,
        state=state,
        done=done.said(visit.query),
        **shown,
    )


PAGES: tuple[Row, ...] = (
    ("/in", "GET", "entrance", show),
    ("/in", "POST", "entrance", enter),
    ("/in/once/{secret}", "GET", "entrance", show_link),
    ("/in/once/{secret}", "POST", "entrance", enter_by_link),
    ("/in/forgotten", "GET", "entrance", show_forgotten),
    ("/in/forgotten", "POST", "entrance", send_link),
    ("/out", "POST", "choosing", leave),
)

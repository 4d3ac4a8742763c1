"""Access tokens of whoever is signed in: made with the password, shown once, listed, ended."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import sign_in, tokens, tries
from desk.acting.rules import Refused
from desk.said import say
from portal import done
from portal.pages import entrance
from portal.visit import Portal, Row, Visit


def show(portal: Portal, visit: Visit) -> Response:
    """Those that work, and the form for another one."""
    return _page(portal, visit)


def make(portal: Portal, visit: Visit) -> Response:
    """A new token, on the answer to the form and nowhere else: it is not kept, so no other page could show it.

    An open session alone makes none, for a token outlives it: the password is asked for.
    """
    form, who, config = visit.form, visit.who, portal.config
    kind = form.get("kind", "")
    days = next((days for days in tokens.DAYS if str(days) == form.get("days", "")), 0)
    faults = {} if kind in ("read", "write") else {"kind": say("Select what the token may do")}
    if faults:
        return _page(portal, visit, 422, faults)
    why = sign_in.refusal_of_password(
        config.database, who.account_id, who.username, form.get("current", ""), visit.peer, now=visit.now
    )
    if why is not None:
        return _refused(portal, visit, why)
    try:
        with config.database.transaction() as session:
            token = tokens.make(
                session, who.account_id, form.text("name"), days,
                may_write=kind == "write", now=visit.now, next_id=config.database.ids.next,
            )  # fmt: skip
    except Refused as refused:
        return _page(portal, visit, 422, {refused.field: refused.said})
    return _page(portal, visit, made=token)


def end(portal: Portal, visit: Visit) -> Response:
    """It works no more; one's own alone."""
    with portal.config.database.transaction() as session:
        if not tokens.end(session, visit.who.account_id, int(visit.path("id"))):
            raise HTTPException(404)
    return portal.redirect("/me/tokens?done=token-ended")


def _refused(portal: Portal, visit: Visit, why: sign_in.Refused) -> Response:
    if why.why == "wrong":
        return _page(portal, visit, 422, {"current": say("The current password is not right")})
    if why.why == "busy":
        return _page(portal, visit, 503, {"": entrance.BUSY})
    response = _page(portal, visit, 429, {"": entrance.too_many(portal, why)})
    response.headers["Retry-After"] = str(tries.minutes(why.wait) * 60)
    return response


def _page(
    portal: Portal, visit: Visit, status: int = 200, faults: Mapping[str, Any] | None = None, *, made: str = ""
) -> Response:
    with portal.config.database.reading() as session:
        owned = tokens.of(session, visit.who.account_id, visit.now)
    return portal.page(
        visit,
        "parts/tokens.html",
        status=status,
        faults=faults or {},
        form={} if made else visit.form,
        owned=owned,
        made=made,
        all_days=tokens.DAYS,
        base_url=portal.config.base_url,
        done=done.said(visit.query),
    )


PAGES: tuple[Row, ...] = (
    ("/me/tokens", "GET", "signed_in", show),
    ("/me/tokens", "POST", "signed_in", make),
    ("/me/tokens/{id:key}/end", "POST", "signed_in", end),
)

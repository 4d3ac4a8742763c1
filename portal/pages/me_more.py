"""What stands below the visitor's own profile: another address, letters, followed tickets, signed-in browsers."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import sessions, sign_in, taking_part, tries
from desk.acting import own, stage
from desk.acting.own import Letters
from desk.acting.rules import NotThere, Refused
from desk.said import say
from portal.pages import entrance, me
from portal.visit import Portal, Row, Visit


def change_address(portal: Portal, visit: Visit) -> Response:
    """Ask at the new address; an open session alone does not: the password is asked again."""
    who, address = visit.who, visit.form.text("email")
    if who.is_staff:
        raise HTTPException(404)
    why = sign_in.refusal_of_password(
        portal.config.database, who.account_id, who.username, visit.form.get("current", ""), visit.peer, now=visit.now
    )
    if why is not None:
        return _refused(portal, visit, why, address)
    try:
        own.ask_for_address(portal.config.acting, who.person, address, visit.now)
    except Refused as error:
        return me.page(portal, visit, 422, {error.field: error.said}, address=address)
    except NotThere as error:
        raise HTTPException(404) from error
    return portal.redirect("/me?done=asked")


def _refused(portal: Portal, visit: Visit, why: sign_in.Refused, address: str) -> Response:
    if why.why == "wrong":
        faults = {"current": say("The current password is not right")}
        return me.page(portal, visit, 422, faults, address=address)
    if why.why == "busy":
        return me.page(portal, visit, 503, {"": entrance.BUSY}, address=address)
    response = me.page(portal, visit, 429, {"": entrance.too_many(portal, why)}, address=address)
    response.headers["Retry-After"] = str(tries.minutes(why.wait) * 60)
    return response


def choose_letters(portal: Portal, visit: Visit) -> Response:
    """Which letters come."""
    form = visit.form
    wanted = Letters("none" not in form, "digest" in form, "news" in form, "day_sheet" in form)
    try:
        own.choose_letters(portal.config.acting, visit.who.person, wanted)
    except NotThere as error:
        raise HTTPException(404) from error
    return portal.redirect("/me?done=saved")


def stop(portal: Portal, visit: Visit) -> Response:
    """No more letters about one ticket."""
    number = visit.form.text("number")[:40]
    if not number.isprintable():  # no database takes a NUL
        raise HTTPException(404)
    try:
        with stage.on_ticket(portal.config.acting, visit.who.person, number, visit.now) as on:
            taking_part.stop(on.writes, on.ticket, on.contact, on.now)
    except (NotThere, Refused) as error:
        raise HTTPException(404) from error
    return portal.redirect("/me?done=stopped")


def sign_out(portal: Portal, visit: Visit) -> Response:
    """One other browser, or all of them but this."""
    with portal.config.database.transaction() as session:
        if "others" in visit.form:
            sessions.end_others(session, visit.who)
        else:
            sessions.end_device(session, visit.who, visit.form.get("device", ""))
    return portal.redirect("/me?done=signed-out")


PAGES: tuple[Row, ...] = (
    ("/me/address", "POST", "signed_in", change_address),
    ("/me/letters", "POST", "signed_in", choose_letters),
    ("/me/followed", "POST", "signed_in", stop),
    ("/me/devices", "POST", "signed_in", sign_out),
)

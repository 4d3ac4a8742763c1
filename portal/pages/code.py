"""The second step of signing in: a code from an app, or one for emergencies, makes a session of half a sign-in."""

from starlette.responses import Response

from desk import half_way, sign_in
from desk.said import say
from portal import cookies, way_back
from portal.pages import entrance
from portal.visit import CODE, Portal, Row, Visit

WRONG = say("The code is not right, or was used before")


def show(portal: Portal, visit: Visit) -> Response:
    """The form; whoever is not half-way signs in from the start."""
    with portal.config.database.reading() as session:
        half = half_way.find(session, cookies.read(visit.request, "half", portal.config), visit.now)
    after = way_back.own(visit.query.get("next", ""))
    if half is None:
        return portal.redirect("/in" + way_back.asked(after))
    return entrance.page(portal, visit, "code", next=after, recovery="recovery" in visit.query)


def enter(portal: Portal, visit: Visit) -> Response:
    """The code was typed."""
    form, config = visit.form, portal.config
    after = way_back.own(form.get("next", ""))
    result = sign_in.sign_in_by_code(
        config.database,
        config.keys,
        cookies.read(visit.request, "half", config),
        form.get("code", ""),
        visit.peer,
        now=visit.now,
        lifetimes=config.lifetimes,
        user_agent=visit.request.headers.get("user-agent", ""),
    )
    if isinstance(result, sign_in.SignedIn):
        response = entrance.go_on(portal, visit, result, after)
    elif result.why == "gone":
        response = portal.redirect("/in?done=half" + way_back.asked(after).replace("?", "&", 1))
    else:
        shown = {"next": after, "recovery": "recovery" in form}
        return entrance.refused(portal, visit, "code", result, {"code": WRONG}, **shown)
    cookies.remove(response, "half", config)
    return response


PAGES: tuple[Row, ...] = (
    (CODE, "GET", "entrance", show),
    (CODE, "POST", "entrance", enter),
)

"""The queue of the desk: what nobody has taken, what is one's own, what is late; and one act on several tickets."""

from starlette.responses import Response

from desk.acting import bulk
from desk.acting.rules import Refused
from portal.pages.tickets import own_list
from portal.pages.tickets_shown import DESK, show
from portal.visit import Portal, Row, Visit


def queue(portal: Portal, visit: Visit) -> Response:
    """A list, with the view and the filters of its address."""
    return show(portal, visit, DESK)


def act(portal: Portal, visit: Visit) -> Response:
    """Take one ticket, or do something to those that were chosen; what is not done is said, ticket by ticket."""
    form, back = visit.form, own_list(portal, visit, visit.form.get("back", ""))
    back = back if back.startswith(DESK.path) else DESK.path
    taken = form.get("take", "")
    chosen = (taken,) if taken else form.all("ticket")
    wanted = "take" if taken else form.get("act", "")
    try:
        outcome = bulk.act(portal.config.acting, visit.who.person, chosen, wanted, visit.now)
    except Refused as refused:
        faults = {refused.field: refused.said}
        return show(
            portal, visit, DESK, status=422, address=back, faults=faults, outcome=None, chosen=chosen, wanted=wanted
        )
    if outcome.faults:
        left = tuple(number for number, _ in outcome.faults)
        return show(portal, visit, DESK, status=422, address=back, outcome=outcome, chosen=left, wanted=wanted)
    return portal.redirect(f"{back}{'&' if '?' in back else '?'}done={'taken' if taken else 'changed'}")


PAGES: tuple[Row, ...] = (
    (DESK.path, "GET", "staff", queue),
    (DESK.path, "POST", "staff", act),
)

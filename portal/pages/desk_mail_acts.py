"""What the forms of the page about mail do: held mail, letters, muted addresses."""

from starlette.responses import Response

from desk.acting import mail as acts
from desk.acting.rules import Refused
from desk.clean import row_id
from portal.pages import desk_mail
from portal.visit import Portal, Row, Visit


def decide(portal: Portal, visit: Visit) -> Response:
    """About one mail of its page, or about those that are ticked in the list."""
    form = visit.form
    mails = _ids(visit, "mail")
    alone = mails[0] if len(mails) == 1 and form.get("from") != "list" else None
    try:
        result = acts.decide(
            portal.config.acting, mails, form.get("act", ""), visit.now, by=visit.who.name,
            number=form.text("number"), why=form.text("why"),
        )  # fmt: skip
    except Refused as refused:
        faults = {refused.field: refused.said}
        if alone is not None:
            return desk_mail.show(portal, visit, alone, faults)
        return desk_mail.received(portal, visit, faults, dict(form))
    done = "mail-late" if result.late else "mail-decided"
    return portal.redirect(f"/desk/mail/{alone}?done={done}" if alone else f"/desk/mail?kind=held&done={done}")


def letters(portal: Portal, visit: Visit) -> Response:
    """About one letter of its page, or about those that are ticked in the list."""
    form = visit.form
    ids = _ids(visit, "letter")
    alone = ids[0] if len(ids) == 1 and form.get("from") != "list" else None
    try:
        result = acts.letters(
            portal.config.acting, ids, form.get("act", ""), visit.now, by=visit.who.name, why=form.text("why")
        )  # fmt: skip
    except Refused as refused:
        faults = {refused.field: refused.said}
        if alone is not None:
            return desk_mail.show_letter(portal, visit, alone, faults)
        return desk_mail.letters(portal, visit, faults)
    done = "letter-late" if result.late else "letter-done"
    return portal.redirect(f"/desk/mail/letters{f'/{alone}' if alone else ''}?done={done}")


def lift(portal: Portal, visit: Visit) -> Response:
    """Write to an address again."""
    lifted = acts.lift(portal.config.acting, visit.form.text("address"), visit.now, by=visit.who.name)
    return portal.redirect(f"/desk/mail/muted?done={'lifted' if lifted else 'not-muted'}")


def _ids(visit: Visit, name: str) -> list[int]:
    """What was ticked, as ids that a database takes; they are looked up before anything is done."""
    return [found for one in visit.form.all(name) if (found := row_id(one)) is not None]


PAGES: tuple[Row, ...] = (
    ("/desk/mail/decide", "POST", "staff", decide),
    ("/desk/mail/letters/decide", "POST", "staff", letters),
    ("/desk/mail/muted/lift", "POST", "staff", lift),
)

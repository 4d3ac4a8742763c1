"""Choosing a password: an own one after a one-time password or link, or another one."""

from starlette.responses import Response

from desk import credentials, passwords, sessions, sign_in
from desk.said import say
from portal import way_back
from portal.pages import entrance
from portal.visit import SET_PASSWORD, Portal, Row, Visit
from store.tables import Account


def show(portal: Portal, visit: Visit) -> Response:
    """The form."""
    return _page(portal, visit, 200, {}, way_back.own(visit.query.get("next", "")))


def choose(portal: Portal, visit: Visit) -> Response:
    """Keep the chosen password, end all sessions and begin a new one; it goes on where one wanted to go."""
    form, who, config = visit.form, visit.who, portal.config
    after = way_back.own(form.get("next", ""))
    chosen = form.get("new_password", "")
    faults = _faults(portal, visit, chosen)
    if not faults and not who.must_change:
        why = sign_in.refusal_of_password(
            config.database, who.account_id, who.username, form.get("current", ""), visit.peer, now=visit.now
        )
        if why is not None:
            wrong = {"current": say("The current password is not right")}
            return entrance.refused(portal, visit, "password", why, wrong, next=after, rule=_rule(portal))
    if faults:
        return _page(portal, visit, 422, faults, after)
    try:
        hashed = passwords.hash_password(chosen)
    except passwords.Busy:
        return _page(portal, visit, 503, {"": entrance.BUSY}, after)
    response = portal.redirect(after if after != "/" or who.must_change else "/me?done=password")
    entrance.put_session(response, portal, _keep(portal, visit, hashed))
    return response


def _faults(portal: Portal, visit: Visit, chosen: str) -> dict[str, str]:
    fault = passwords.fault(chosen, portal.config.password_profile, username=visit.who.username)
    if fault:
        return {"new_password": fault}
    if chosen != visit.form.get("again", ""):
        return {"again": say("The two new passwords are not the same")}
    return {}


def _keep(portal: Portal, visit: Visit, hashed: str) -> sessions.Started:
    """All sessions end with the old password; this browser gets a new one, kept as the one before was."""
    config, who = portal.config, visit.who
    with config.database.transaction() as session:
        account = session.get_one(Account, who.account_id, with_for_update=True)
        next_id = config.database.ids.next
        credentials.set_password(
            session, account, hashed, now=visit.now, next_id=next_id, tell=config.tells_of_passwords
        )
        return sessions.start(
            session,
            account,
            now=visit.now,
            lifetimes=config.lifetimes,
            keep=who.kept,
            goes_on=True,
            user_agent=visit.request.headers.get("user-agent", ""),
        )


def _rule(portal: Portal) -> str:
    return passwords.RULES[portal.config.password_profile]


def _page(portal: Portal, visit: Visit, status: int, faults: dict[str, str], after: str) -> Response:
    return entrance.page(portal, visit, "password", status, faults=faults, next=after, rule=_rule(portal))


PAGES: tuple[Row, ...] = (
    (SET_PASSWORD, "GET", "choosing", show),
    (SET_PASSWORD, "POST", "choosing", choose),
)

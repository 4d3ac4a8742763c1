"""Two-step sign-in of whoever is signed in: setting it up, new recovery codes, switching it off."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import sessions, sign_in, totp, tries, two_step
from desk.said import Said, say
from portal import done, qr, way_back
from portal.pages import entrance
from portal.visit import SET_UP, Portal, Row, Visit, must_set_up
from store.tables import Account

WRONG = {"current": say("The current password is not right")}
TOO_LATE = say("Too much time has passed. Begin again")


def show(portal: Portal, visit: Visit) -> Response:
    """Whether it is on, and the form to change that."""
    _offered(portal)
    return _page(portal, visit, after=way_back.own(visit.query.get("next", "")))


def begin(portal: Portal, visit: Visit) -> Response:
    """The password was right: a new secret, on the answer to the form and nowhere else."""
    _offered(portal)
    who, config = visit.who, portal.config
    if who.two_step:
        return portal.redirect(SET_UP)
    why = _password_refused(portal, visit)
    if why is not None:
        return _refused(portal, visit, why, WRONG)
    secret = totp.new_secret()
    offer = two_step.offer(secret, who.account_id, who.key, config.keys, visit.now)
    return _scan(portal, visit, secret, offer)


def confirm(portal: Portal, visit: Visit) -> Response:
    """The first code: from now on one is asked for, and the recovery codes are shown once.

    Whoever signed in elsewhere without a code is signed out there.
    """
    _offered(portal)
    who, config, offer = visit.who, portal.config, visit.form.get("setup_token", "")
    if who.two_step:
        return portal.redirect(SET_UP)
    secret = two_step.offered(offer, who.account_id, who.key, config.keys, visit.now)
    if secret is None:
        return _page(portal, visit, 422, {"": TOO_LATE})
    step = totp.step_of(secret, visit.form.get("code", ""), visit.now)
    if step is None:
        fault = say("The code is not right. Is the clock of your phone right?")
        return _scan(portal, visit, secret, offer, 422, {"code": fault})
    with config.database.transaction() as session:
        account = session.get_one(Account, who.account_id, with_for_update=True)
        if account.totp_at is not None:  # the form was sent twice
            return portal.redirect(SET_UP)
        codes = two_step.switch_on(session, account, secret, step, config.keys, visit.now, config.database.ids.next)
        sessions.end_others(session, who)
    return _page(portal, visit, state="codes", codes=codes)


def change(portal: Portal, visit: Visit) -> Response:
    """New recovery codes, or switching it off: with the password and a code."""
    _offered(portal)
    who, config = visit.who, portal.config
    if not who.two_step:
        return portal.redirect(SET_UP)
    why = _password_refused(portal, visit)
    if why is not None:
        return _refused(portal, visit, why, WRONG)
    off = visit.form.get("act") == "off"
    typed = visit.form.get("code", "")
    made = sign_in.change_two_step(
        config.database, config.keys, who.account_id, typed, "off" if off else "codes", visit.peer, now=visit.now
    )
    if isinstance(made, sign_in.Refused):
        return _refused(portal, visit, made, {"code": say("The code is not right, or was used before")})
    return portal.redirect(f"{SET_UP}?done=two-step-off") if off else _page(portal, visit, state="codes", codes=made)


def _offered(portal: Portal) -> None:
    if portal.config.two_step == "off":
        raise HTTPException(404)


def _password_refused(portal: Portal, visit: Visit) -> sign_in.Refused | None:
    who = visit.who
    return sign_in.refusal_of_password(
        portal.config.database, who.account_id, who.username, visit.form.get("current", ""), visit.peer, now=visit.now
    )


def _refused(portal: Portal, visit: Visit, why: sign_in.Refused, wrong: Mapping[str, Said]) -> Response:
    if why.why == "wrong":
        return _page(portal, visit, 422, wrong)
    if why.why == "busy":
        return _page(portal, visit, 503, {"": entrance.BUSY})
    response = _page(portal, visit, 429, {"": entrance.too_many(portal, why)})
    response.headers["Retry-After"] = str(tries.minutes(why.wait) * 60)
    return response


def _scan(
    portal: Portal,
    visit: Visit,
    secret: bytes,
    offer: str,
    status: int = 200,
    faults: Mapping[str, Said] | None = None,
) -> Response:
    config, username = portal.config, visit.who.username
    address = totp.address(secret, config.desk_name, username)
    values = {"picture": qr.picture(address), "address": address, "secret": totp.written(secret), "offer": offer}
    return _page(portal, visit, status, faults, state="scan", **values)


def _page(
    portal: Portal,
    visit: Visit,
    status: int = 200,
    faults: Mapping[str, Said] | None = None,
    *,
    state: str = "",
    after: str = "",
    **values: Any,
) -> Response:
    who, left, since = visit.who, 0, None
    if not state and who.two_step:
        with portal.config.database.reading() as session:
            left = two_step.left(session, who.account_id)
            since = session.get_one(Account, who.account_id).totp_at
    return portal.page(
        visit,
        "parts/two_step.html",
        status=status,
        state=state or ("on" if who.two_step else "off"),
        faults=faults or {},
        must=must_set_up(portal.config, who),
        after=after or way_back.own(visit.form.get("next", "")),
        left=left,
        since=since,
        done=done.said(visit.query),
        **values,
    )


PAGES: tuple[Row, ...] = (
    (SET_UP, "GET", "setting_up", show),
    (SET_UP, "POST", "setting_up", begin),
    (f"{SET_UP}/confirm", "POST", "setting_up", confirm),
    (f"{SET_UP}/change", "POST", "setting_up", change),
)

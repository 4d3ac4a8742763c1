"""Many people at once: a file is chosen, tried, confirmed and taken in; and what was imported before."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import contact_history, import_words, sites
from desk.acting import people_import
from desk.acting.people_import import File, Offer, Trial
from desk.acting.rules import Refused
from desk.clean import row_id
from desk.contact_import import FATE_WORDS, FATES
from desk.said import Said, listed, say
from portal import done
from portal.pages.people_scope import keeping, or_404, query, scope, wanted
from portal.visit import Portal, Row, Visit
from store.tables import ImportRun

RUNS = 50  # imports that the history names
REASONS = 100  # refused rows that one of them names


def show(portal: Portal, visit: Visit) -> Response:
    """The form."""
    return _form(portal, visit)


def choose(portal: Portal, visit: Visit) -> Response:
    """A file was chosen: it is read and kept; what would become of it, the next page says."""
    upload = next((one for one in visit.form.files if one.field == "file"), None)
    site = visit.form.get("site", "")
    site_id = row_id(site)
    try:
        with or_404(), keeping(portal, visit) as stage:
            if upload is None:
                raise Refused(say("Select a file."), "file")
            file = File(upload.name, upload.size, upload.file)
            offer_id = people_import.prepare(stage, file, site_id=site_id, update=visit.form.get("rule") == "update")
    except Refused as error:
        return _form(portal, visit, status=422, faults={error.field: error.said}, typed=visit.form)
    return portal.redirect(f"/people/import/{offer_id}{query(visit)}")


def _form(
    portal: Portal,
    visit: Visit,
    *,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        there = sites.of(session, whose.id)
    main, typed = sites.main_of(there), typed or {}
    return portal.page(
        visit,
        "people.html",
        status=status,
        part="import",
        whose=whose,
        faults=dict(faults or {}),
        sites=[(site.id, sites.label(site)) for site in there],
        site=typed.get("site") or (main.id if main else ""),
        rule=typed.get("rule", "keep"),
        limit=people_import.MOST_ROWS,
        to=partial(query, visit),
    )


def check(portal: Portal, visit: Visit) -> Response:
    """What would become of each row, today; nothing is changed."""
    return _check(portal, visit)


def _check(portal: Portal, visit: Visit, *, status: int = 200, faults: Mapping[str, str] | None = None) -> Response:
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        with or_404():
            offer = people_import.find(session, visit.who.person, whose, _id(visit))
            if offer.run_id is not None:
                return portal.redirect(f"/people/imports/{offer.run_id}{query(visit)}")
            trial = people_import.try_out(session, portal.config.acting, offer)
        site = next((one for one in sites.of(session, whose.id) if one.id == offer.site_id), None)
    levels = portal.config.levels.names
    return portal.page(
        visit,
        "people.html",
        status=status,
        part="check",
        whose=whose,
        faults=dict(faults or {}),
        offer=offer,
        trial=trial,
        notes=_notes(offer, trial, sites.label(site) if site else ""),
        counts=import_words.counts({fate: trial.tally.counts[fate] for fate in FATES}, done=False),
        rows=[(step, FATE_WORDS[step.fate], people_import.why(step, levels)) for step in trial.steps],
        to=partial(query, visit),
    )


def _notes(offer: Offer, trial: Trial, site: str) -> list[str]:
    """What else is to be known before it is confirmed."""
    found: list[str] = [trial.tally.letters_said(done=False)]
    if site and trial.tally.counts["added"]:
        found.append(say("Who is added belongs to the site {site}.", site=site))
    if offer.unknown:
        found.append(say("These columns are passed over: {names}.", names=listed(offer.unknown)))
    return [note for note in found if note]


def confirm(portal: Portal, visit: Visit) -> Response:
    """Do it."""
    config = portal.config
    try:
        with or_404():
            run_id = people_import.confirm(
                config.acting, config.keys, visit.who.person, wanted(visit), _id(visit), visit.now
            )
    except Refused as error:
        return _check(portal, visit, status=422, faults={"": error.said})
    return portal.redirect(f"/people/imports/{run_id}{query(visit, done='imported')}")


def history(portal: Portal, visit: Visit) -> Response:
    """The imports before, newest first."""
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        runs = contact_history.runs(session, whose.id, RUNS, rows=False)
        letters = contact_history.letters(session, runs)
        under_way = people_import.under_way(session, [run.id for run in runs])
    return portal.page(
        visit,
        "people.html",
        part="imports",
        whose=whose,
        runs=runs,
        letters=letters,
        under_way=under_way,
        to=partial(query, visit),
    )


def past(portal: Portal, visit: Visit) -> Response:
    """One of them: how far it is, what became of the rows, why some were refused."""
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        run = session.get(ImportRun, _id(visit))
        if run is None or run.organisation_id != whose.id:
            raise HTTPException(404)
        letters = contact_history.letters(session, [run])[run.id]
        offer = people_import.under_way(session, [run.id]).get(run.id)
    return portal.page(
        visit,
        "people.html",
        part="past",
        whose=whose,
        done=_done(visit, offer),
        run=run,
        letters=letters,
        offer=offer,
        refused=_refused(visit, run),
        to=partial(query, visit),
    )


def _done(visit: Visit, offer: Offer | None) -> Said | None:
    return None if offer is not None else done.said(visit.query)


def _refused(visit: Visit, run: ImportRun) -> list[tuple[int, str]]:
    found: list[tuple[int, Any]] = list(contact_history.refused(run))[:REASONS]
    return [(number, visit.language.say("{Why}.", Why=_capital(visit.language.told(why)))) for number, why in found]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["id"])


PAGES: tuple[Row, ...] = (
    ("/people/import", "GET", "signed_in", show),
    ("/people/import", "POST", "signed_in", choose),
    ("/people/import/{id:key}", "GET", "signed_in", check),
    ("/people/import/{id:key}", "POST", "signed_in", confirm),
    ("/people/imports", "GET", "signed_in", history),
    ("/people/imports/{id:key}", "GET", "signed_in", past),
)

"""#people import: the file is tried first, the question says what would become of each row, and “confirm” does it."""

from collections.abc import Sequence

from desk import contact_import, contact_run, sites
from desk.contact_file import Row, Sheet
from desk.contact_import import Step
from desk.contact_run import About, Run
from desk.contact_tally import Tally
from desk.profile import Profile
from desk.said import Said, listed, say
from desk.sites import NoSite
from gateway.commands.people_scene import access_of, directory
from gateway.commands.spec import Act, Doing, Fault, Scene

_NO_FILE = say("There is no CSV file in your mail. Send #people template for one to fill in, and attach it.")
_EACH = 50  # rows of a file up to which the question tells the fate of every one
_NAMED = 30  # refused rows that it names of a longer one
_UNKNOWN = 10  # columns


def check(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    """Decide about the file of the mail, or about the rows that were kept of it for the “confirm”."""
    update = scene.case.rules.words.argument("people", rest) == "update"
    if rest and not update:
        return Fault(say("“#people import {text}”: write #people import, or #people import update.", text=rest))
    sheet = _sheet(scene)
    if isinstance(sheet, Fault):
        return sheet
    site = site_of(scene, admin)
    if isinstance(site, Fault):
        return site
    known = directory(scene, admin)
    steps = contact_import.plan(sheet.rows, known, update=update).steps
    tally = Tally()
    tally.add(steps)
    if not tally.changes:
        return Fault(say("Nothing would change: {summary}", summary=tally.summary(done=True)))
    run = Run(access_of(scene, admin), known.organisation_id, site)
    about = About(sheet.name, update, admin.id, admin.shown)

    def do(doing: Doing) -> None:
        now = doing.scene.case.now
        contact_run.keep(doing.writes, run, about, tally, now)
        contact_run.carry_out(doing.writes, steps, run, now)

    keep = {"file": sheet.name[:255], "rows": [row.as_list() for row in sheet.rows]}
    says = say("{file}: {result}", file=sheet.name, result=tally.sentences(done=True))
    return Act(says, do, confirm=True, preview=_preview(scene, sheet, steps, tally, site), keep=keep)


def _sheet(scene: Scene) -> Sheet | Fault:
    kept = scene.kept.get("rows") if scene.confirmed else None
    if kept:
        return Sheet(str(scene.kept.get("file", "")), tuple(Row.of(row) for row in kept))
    sheet = scene.case.mail.asks.sheet
    if sheet is None:
        return Fault(_NO_FILE)
    return Fault(say("{file}: {result}", file=sheet.name, result=sheet.fault)) if sheet.fault else sheet


def _preview(scene: Scene, sheet: Sheet, steps: Sequence[Step], tally: Tally, site: int | None) -> tuple[str, ...]:
    lines: list[str] = [say("{file}: {result}", file=sheet.name, result=tally.summary(done=False))]
    lines.append(tally.letters_said(done=False))
    if (into := _site_said(scene, steps, site)) is not None:
        lines.append(into)
    if sheet.unknown:
        names = listed(sheet.unknown[:_UNKNOWN])
        lines.append(say("These columns are passed over: {names}.", names=names))
    if len(steps) <= _EACH:
        lines += [step.fate_said for step in steps]
    else:
        lines += tally.refused[contact_import.SHOWN : _NAMED]
        if (more := tally.counts["refused"] - _NAMED) > 0:
            lines.append(say("And {n} more.", n=f"{more:,}"))
    return tuple(line for line in lines if line)


def _site_said(scene: Scene, steps: Sequence[Step], site_id: int | None) -> Said | None:
    """Where who is added belongs, so that a wrong site is seen in time."""
    if site_id is None or not any(step.fate == "added" for step in steps):
        return None
    known = (site for those in scene.case.view.more.sites.values() for site in those)
    name = next((sites.label(site) for site in known if site.id == site_id), "")
    return say("Who is added belongs to the site {site}.", site=name) if name else None


def site_of(scene: Scene, admin: Profile) -> int | Fault | None:
    """The site that new people belong to: the one of `Site:`, by any part of its label, else the main one."""
    known = scene.case.view.more.sites.get(admin.organisation_id or 0, [])
    named = next((value for label, value in scene.fields if label == "Site"), "")
    try:
        return sites.chosen(known, named)
    except NoSite as error:
        return Fault(error.said)

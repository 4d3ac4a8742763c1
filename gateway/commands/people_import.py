"""#people import: the file is tried first, the question says what would become of each row, and “confirm” does it."""

from desk import contact_import
from desk.contact_file import Row, Sheet
from desk.contact_import import Plan
from desk.profile import Profile
from gateway.commands.people_scene import access_of, directory
from gateway.commands.spec import Act, Doing, Fault, Scene

_NO_FILE = "There is no CSV file in your mail. Send #people template for one to fill in, and attach it."
_NAMED = 30  # refused rows in the question


def check(scene: Scene, admin: Profile, rest: str) -> Act | Fault:
    """Decide about the file of the mail, or about the rows that were kept of it for the “confirm”."""
    update = scene.case.rules.words.argument("people", rest) == "update"
    if rest and not update:
        return Fault(f"“#people import {rest}”: write #people import, or #people import update.")
    sheet = _sheet(scene)
    if isinstance(sheet, Fault):
        return sheet
    site = site_of(scene, admin)
    if isinstance(site, Fault):
        return site
    known = directory(scene, admin)
    made = contact_import.plan(sheet.rows, known, update=update)
    if not any(step.fate in ("added", "updated") for step in made.steps):
        return Fault(f"Nothing would change: {made.summary(done=True)}")

    def do(doing: Doing) -> None:
        case = doing.scene.case
        contact_import.carry_out(doing.writes, made, known, access_of(scene, admin), case.now, site_id=site)
        contact_import.keep_run(
            doing.writes, made, case.now, organisation_id=known.organisation_id, contact_id=admin.id,
            file_name=sheet.name, update=update,
        )  # fmt: skip

    keep = {"file": sheet.name[:255], "rows": [row.as_list() for row in sheet.rows]}
    says = f"{sheet.name}: {made.summary(done=True)}{_letters(made, done=True)}"
    return Act(says, do, confirm=True, preview=_preview(sheet, made), keep=keep)


def _sheet(scene: Scene) -> Sheet | Fault:
    kept = scene.kept.get("rows") if scene.confirmed else None
    if kept:
        return Sheet(str(scene.kept.get("file", "")), tuple(Row.of(row) for row in kept))
    sheet = scene.case.mail.asks.sheet
    if sheet is None:
        return Fault(_NO_FILE)
    return Fault(f"{sheet.name}: {sheet.fault}") if sheet.fault else sheet


def _preview(sheet: Sheet, made: Plan) -> tuple[str, ...]:
    named = made.refused[5:_NAMED]
    more = f"And {len(made.refused) - _NAMED:,} more." if len(made.refused) > _NAMED else ""
    passed = f"These columns are passed over: {', '.join(sheet.unknown[:10])}." if sheet.unknown else ""
    lines = (f"{sheet.name}: {made.summary(done=False)}", _letters(made, done=False).strip(), passed, *named, more)
    return tuple(line for line in lines if line)


def _letters(made: Plan, *, done: bool) -> str:
    if not made.letters:
        return ""
    people = "1 person" if made.letters == 1 else f"{made.letters:,} people"
    return f" {people} {'get' if done else 'will get'} a letter with credentials.".replace(
        "1 person get ", "1 person gets "
    )


def site_of(scene: Scene, admin: Profile) -> int | Fault | None:
    """The site that new people belong to: the one of `Site:`, else the first of the organisation."""
    sites = scene.case.view.more.sites.get(admin.organisation_id or 0, [])
    named = next((value for label, value in scene.fields if label == "Site"), "")
    if not named:
        return min((site.id for site in sites), default=None)
    found = next((site for site in sites if named.casefold() in (site.name.casefold(), site.code.casefold())), None)
    if found is None:
        there = f" There are: {', '.join(site.name for site in sites[:20])}." if sites else ""
        return Fault(f"Your organisation has no site “{named[:60]}”.{there}")
    return found.id

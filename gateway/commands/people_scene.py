"""What the forms of #people have in common: whose organisation it is, whom it names, and the letters that answer."""

from collections.abc import Mapping

from desk import audit, notices
from desk.contact_import import Directory
from desk.contact_run import Access
from desk.profile import PERSON, Profile
from desk.said import say
from desk.state import ContactState
from gateway import answers_to
from gateway.commands.questions import ANSWER
from gateway.commands.spec import Act, Doing, Fault, Scene


def admin_of(scene: Scene) -> Profile | Fault:
    """The profile of the Admin user who writes; a Fault for one without an organisation."""
    if isinstance(scene.author, ContactState):
        found = scene.case.view.more.folk.profiles.get(scene.author.id)
        if found is not None and found.organisation_id is not None:
            return found
    return Fault(say("#people is about your organisation, and you belong to none at our desk."))


def directory(scene: Scene, admin: Profile) -> Directory:
    """Whom the desk knows, for the rules of an import."""
    case = scene.case
    folk = case.view.more.folk
    ours = {*case.view.staff_by_address, *(desk.address for desk in case.addresses.desks)}
    levels = case.rules.levels.names
    return Directory(folk.profiles, folk.owners, admin.organisation_id or 0, levels, admin.id, ours)


def person_lines(scene: Scene) -> list[tuple[str, str]]:
    """The filled-in lines that are about a person; a security level in any language of ours."""
    words = scene.case.rules.words
    lines = [(label, value) for label, value in scene.fields if label in PERSON]
    return [(label, words.value("level", value) or value if label == "Level" else value) for label, value in lines]


def access_of(scene: Scene, admin: Profile) -> Access:
    """How credentials are made, in the name of the Admin user."""
    return Access(scene.case.addresses.keys, scene.case.rules.credentials, admin.name or admin.address)


def answer(scene: Scene, argument: str, fields: Mapping[str, str] | None = None) -> Act | Fault:
    """A letter that shows something; with `fields`, a form that has these lines filled in."""
    if why := answers_to.refusal(scene.author, scene.case, None):
        return Fault(say("There is no answer: {why}.", why=why))

    def do(doing: Doing) -> None:
        context = {
            "ask": "people",
            "argument": argument,
            "lines": [list(pair) for pair in (fields or {}).items()],
            "reference": scene.case.mail.message.message_id,
            "subject": f"#people {argument}".removesuffix(" list"),
        }
        first = answers_to.is_first(scene.author, scene.case)
        answers_to.count(scene.author, scene.case, None)
        if argument.startswith(("export", "template")):
            audit.note(doing.writes, "export.people", form=argument.partition(" ")[0])
        notices.letter(doing.writes, ANSWER, scene.author, scene.case.now, context=context, first_receipt=first)

    return Act(say("The answer to #{command} is on its way.", command="people"), do, tell=False, answers=True)

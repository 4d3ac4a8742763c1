"""The answer to #me: the profile of the one who asks, as lines that can be changed and sent back."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from desk import profile
from desk.profile import Profile
from desk.said import say
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, line, plain
from gateway.answers.question import Question
from store.tables import Contact

# None of these may look like a filled-in line: what an answer quotes of them is read too.
_ERASE = say("To empty a line, put a hyphen behind its colon. Nobody reads what else you write in that answer.")
_ADDRESS = say("A new e-mail address counts once you have answered the letter that we send there.")


def me(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """Every line of the profile, those left empty too; level and organisation are shown, and not to be changed."""
    own, language = own_profile(session, question), facts.language
    if own is None:
        return plain(language.say("Your profile"), language.say("There is no profile of yours here."))
    page = Page(language)
    page.say(_ERASE)
    form(page, own, profile.OWN)
    page.say(_ADDRESS)
    page.heading(language.say("What only an Admin user of your organisation, or we, can change:"))
    theirs = line(own.organisation) or language.say("none")
    page.facts(((language.say("Level"), language.name(line(own.level))), (language.say("Organisation"), theirs)))
    made = page.answer(language.say("Your profile"))
    return Answer(made.title, made.text, made.html, made.preheader, form=True)


def own_profile(session: Session, question: Question) -> Profile | None:
    """The profile of the one who asks; None for staff."""
    contact_id = question.asker.person.contact_id or 0
    return profile.load(session, Contact.id == contact_id).get(contact_id)


def form(page: Page, person: Profile, labels: Sequence[str]) -> None:
    """The lines of a form, one below the other, also those that are empty; the labels are some that we can read."""
    shown = ((page.language.gettext(label), line(person.value(label))) for label in labels)
    colon = page.language.gettext(":")
    page.quote("\n".join(f"{label}{colon} {value}".rstrip() for label, value in shown))

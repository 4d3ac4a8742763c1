"""The names of commands, labels, values and arguments: what the words of config/words stand for."""

from collections.abc import Mapping

from desk import profile, statuses

COMMANDS = tuple(
    "resolve reopen withdraw approve reject watch stop share unshare copy remove alert alerts private quiet append "
    "status help list search export columns services items sites report news me signin people note reply take assign "
    "type site item urgency impact priority due ask child title merge link split contact cc phone spam time forward "
    "resend-credentials queue mine overdue confirm".split()
)
ONE_WORD = tuple("resolved reopen withdraw approve reject watch stop status help confirm".split())
TICKET_LABELS = (
    "Type",
    "Service",
    "Site",
    "Item",
    "Urgency",
    "Impact",
    "Priority",
    "Contact",
    "Our ref",
    "Needed by",
    "Title",
)
PERSON_LABELS = (*profile.PERSON, "Organisation", "Language", "Time zone")
QUESTION_LABELS = ("Tried so far", "Error messages")  # of the types that are built in
LABELS = (*TICKET_LABELS, *QUESTION_LABELS, "Status", "Resolution", *PERSON_LABELS)
VALUES: Mapping[str, tuple[str, ...]] = {
    "urgency": ("Low", "Medium", "High"),
    "impact": ("Only Me", "Others", "Company"),
    "type": ("Incident", "Query", "Change Request"),
    "status": statuses.ALL,
    "level": ("Standard User", "Admin User"),
    "language": ("en", "de", "fr", "es"),
}
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "share": ("organisation",),
    "status": ("full",),
    "stop": ("all", "digest", "news", "day sheet"),
    "list": ("my", "open", "done", "all", "approval"),
    "alert": ("due", "overdue", "completed", "in process", "tasks", "all", "none"),
    "ask": ("approval", "cab"),
    "people": tuple("list add edit activate deactivate mute unmute template import update imports export".split()),
    "format": ("csv", "excel", "pdf"),
}
# Lists of phrases for reading short answers, and lists of words.
COURTESY = ("thanks", "works", "beside", "please", "greetings", "addressees", "sign_offs", "trouble", "ordinary")

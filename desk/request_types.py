"""Request types: what people can want of a desk, what it says to them then, and what it asks."""

from dataclasses import dataclass

from desk.said import say


@dataclass(frozen=True, slots=True)
class Question:
    """A question that follows a type or a service; people answer it in a line that begins with it."""

    text: str
    required: bool = False  # asked for as needed; no mail is ever refused for the lack of an answer
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """How its line begins: without the question mark, before which no colon stands."""
        return self.text.rstrip(" ?:")


@dataclass(frozen=True, slots=True)
class RequestType:
    """One type of request. `fields` are the labels that its receipt asks for, once."""

    name: str
    heading: str = ""  # the category above its form
    message: str = ""  # what the provider says in the receipt
    needs_item: bool = False
    fields: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    team: str = ""
    triage: bool = False  # somebody looks at it first, whatever item or service it names
    aliases: tuple[str, ...] = ()  # other names; also behind the + of an address

    @property
    def asks_for(self) -> tuple[str, ...]:
        """The labels of the lines to fill in."""
        return self.fields if not self.needs_item or "Item" in self.fields else ("Item", *self.fields)


STANDARD = (
    RequestType(
        "Incident",
        heading=say("Incident"),
        message=say("Our support team will respond to your issue ASAP."),
        needs_item=True,
        fields=("Urgency", "Impact", "Our ref"),
        questions=(Question("Tried so far"), Question("Error messages")),
        aliases=("incident",),
    ),
    RequestType(
        "Query",
        heading=say("Service Request"),
        message=say("Our team will respond to your query ASAP."),
        fields=("Our ref",),
        triage=True,
        aliases=("query", "question"),
    ),
    RequestType(
        "Change Request",
        heading=say("Service Request"),
        message=say(
            "Please provide as much information about your change requirements as possible, one of our team will "
            "evaluate your change and contact you ASAP."
        ),
        needs_item=True,
        fields=("Needed by", "Our ref"),
        aliases=("change",),
    ),
)

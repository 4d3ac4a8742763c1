"""The types of values that requests bring and answers hold."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from desk.clean import clean, clean_body


def _line(value: str) -> str:
    return " ".join(clean(value, 1000).split())


def _words(value: str) -> str:
    return clean_body(value).strip()


def _moment(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("there is no such time in UTC") from error


Line = Annotated[str, Field(max_length=1000), AfterValidator(_line)]  # rules of the desk have their own lengths
Words = Annotated[str, Field(max_length=100_000), AfterValidator(_words)]
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
Id = Annotated[int, Field(ge=0, lt=10**18)]
Limit = Annotated[int, Field(ge=1, le=100)]
CursorText = Annotated[str, Field(max_length=1500, pattern="^[A-Za-z0-9_-]*$")]


class Said(BaseModel):
    """What a request says: nothing else may be in it, and a number in quotes is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """What an answer says."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Named(Told):
    """Something with an id and a name."""

    id: int
    name: str

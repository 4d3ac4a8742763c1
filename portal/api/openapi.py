"""The description of the API (OpenAPI 3.1), made from the operations themselves, so that it says what they do."""

import http
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from portal.api.calls import ROOT, Operation
from portal.api.problems import MEDIA_TYPE
from portal.api.repeats import HEADER
from portal.api.uploads import FIELD, KINDS

Schema = dict[str, Any]
_REF = "#/components/schemas/{model}"
_WHO = {
    "token": "",
    "staff": "For staff.",
    "people": "For staff, and for contacts who keep the people of their organisation.",
}
_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "detail"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
_ABOUT = """Everything that people do on the pages of the desk, for programs. A token is made on the page
“Access tokens” (/me/tokens); with it a program acts as its owner, under the rights that the owner has at that moment.
What the owner may not see is answered with 404, as what is not there. Times are in UTC (RFC 3339). Lists are read page
by page: “next” is the cursor of the next one. A POST with an Idempotency-Key can be sent again: it is done once."""


def describe(operations: Sequence[Operation], base_url: str, desk_name: str, version: str) -> Schema:
    """The whole description."""
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = []
    for one in operations:
        models += [(one.body, "validation")] if one.body else []
        models += [(one.answers, "serialization")] if one.answers else []
    _, found = models_json_schema(list(dict.fromkeys(models)), ref_template=_REF)
    paths: Schema = {}
    for one in operations:
        paths.setdefault(one.path.replace(":key", ""), {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{desk_name}: API", "version": version or "1", "description": _ABOUT},
        "servers": [{"url": base_url + ROOT}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**found.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "pd_…"}},
        },
    }


def _operation(one: Operation) -> Schema:
    described = " ".join(filter(None, ((one.run.__doc__ or "").strip(), _WHO[one.who])))
    found: Schema = {
        "operationId": one.name,
        "summary": one.summary,
        "description": described,
        "tags": [one.path.split("/")[1]],
        "parameters": _parameters(one),
        "responses": {str(one.status): _success(one)} | {str(code): _problem(code) for code in one.problems},
    }
    if one.body is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=one.body.__name__)}}}
        found["requestBody"] = {"required": True, "content": content}
    elif one.files:
        found["requestBody"] = {"required": True, "content": _files()}
    return found


def _files() -> Schema:
    several = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": 20}
    form = {"type": "object", "properties": {FIELD: several}, "required": [FIELD], "additionalProperties": False}
    return {KINDS[0]: {"schema": {"type": "string", "format": "binary"}}, KINDS[1]: {"schema": form}}


def _parameters(one: Operation) -> list[Schema]:
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in one.parameters
    ]
    if one.query is not None:
        schema = one.query.model_json_schema()
        found += [_asked(name, value) for name, value in schema["properties"].items()]
    if one.method == "POST":
        text = "Any text, new for each request; the same request under the same key is done once, within 24 hours."
        key = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
        found.append({"name": HEADER, "in": "header", "required": False, "description": text, "schema": key})
    if one.method == "PATCH" and one.etag:
        text = "The ETag of what was read: 412 where it has changed since."
        found.append(
            {"name": "If-Match", "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        )
    return found


def _asked(name: str, schema: Mapping[str, Any]) -> Schema:
    """One thing behind the question mark; nothing there is null."""
    values = {key: value for key, value in schema.items() if key not in ("default", "title", "description")}
    if "anyOf" in values:
        (values,) = [part for part in values["anyOf"] if part.get("type") != "null"]
    if schema.get("default") not in (None, "", []):
        values["default"] = schema["default"]
    described = {"description": schema["description"]} if "description" in schema else {}
    return {"name": name, "in": "query", "required": False, **described, "schema": values}


def _success(one: Operation) -> Schema:
    if one.answers is None:
        content: Schema = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {"application/json": {"schema": {"$ref": _REF.format(model=one.answers.__name__)}}}
    text = {"schema": {"type": "string"}}
    headers = {"ETag": text} if one.etag else {}
    if one.status == 201:
        headers |= {"Location": text}
    described = {"description": "Done." if one.writes else "Found.", "content": content}
    return described | ({"headers": headers} if headers else {})


def _problem(code: int) -> Schema:
    found: Schema = {
        "description": http.HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    if code in (429, 503):
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    if code == 401:
        found["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found

"""The API does what its own description says: no server error, no answer that is not documented."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from portal.app import create_app
from store.blobs import FolderBlobs
from store.database import Database
from store.migrations import upgrade
from tests.portal.api_world import token_of
from tests.portal.world import Clock, World, build, fill

EXAMPLES = 8  # for each operation, each of a customer and of staff
load_all_checks()
WANTED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "ignored_auth",
    )
]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all examples, on each kind of database: what they do to it is part of the test."""
    folder = tmp_path_factory.mktemp("described")
    if request.param == "sqlite":
        made = build(folder)
    else:
        database = Database(request.getfixturevalue("postgres").fresh_database())
        upgrade(database)
        made = fill(World(database, FolderBlobs(folder), Clock()))
    yield made
    made.close()


def requests(operation: Any, desk: World) -> SearchStrategy[schemathesis.Case]:
    """Right and wrong ones, of things that are there and of others."""
    known: dict[str, Any] = {"number": "T20190409.0967", "id": desk.ids["jane"]}
    if "attachments" in operation.path:
        known["id"] = desk.ids["log"]
    there = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path} or None
    right, wrong = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    made = [operation.as_strategy(right, path_parameters=there), operation.as_strategy(wrong, path_parameters=there)]
    return one_of(*made, operation.as_strategy(right)) if there else one_of(*made)


@pytest.mark.parametrize("name", ["jane", "sam"])
def test_as_described(desk: World, name: str) -> None:
    """Requests made from the description, right ones and wrong ones, as a customer and as staff."""

    def clock() -> datetime:
        desk.clock.forward(seconds=5)  # or the tokens that do not work would be too many for a minute
        return desk.clock()

    app = create_app(desk.config(api_per_minute=1_000_000, hosts=("testserver",), clock=clock))
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    headers = {"Authorization": f"Bearer {token_of(desk, name)}"}
    limits = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seen = Counter[int]()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result

        @seed(19)
        @limits
        @given(case=requests(result.ok(), desk))
        def ask(case: schemathesis.Case) -> None:
            seen[case.call_and_validate(headers=headers, checks=WANTED).status_code] += 1

        ask()
    assert seen[200] > 10, seen  # how many depends on what Hypothesis draws
    assert seen[201] or name == "jane", seen
    assert seen[404], seen
    assert not seen[429], seen
    assert seen[422], seen

"""The query API keeps to its OpenAPI document, whatever it is asked within it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance

from spanledger_collector.store import Store
from tests.otlp import CAPTURES
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "3"))  # `make schema-test` asks for more
CHECKS: Any = [not_a_server_error, response_schema_conformance]


@pytest.fixture(scope="module")
def pipeline(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Return a recorded session in a store that every question may change."""
    with running(shared_store, tmp_path_factory.mktemp("schema")) as found:
        capture = CAPTURES / "openinference-langchain__langgraph-refund-retry.pb"
        found.post("traces", capture.read_bytes())
        yield found


def test_no_question_that_the_document_allows_is_a_mistake_or_answered_in_another_shape(
    pipeline: Pipeline, subtests: Any
):
    document = schemathesis.openapi.from_asgi("/openapi.json", pipeline.api.app)
    bounded = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in document.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        with subtests.test(operation.label):

            @bounded
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case[Any]) -> None:
                case.validate_response(case.call(), checks=CHECKS)

            ask()


def test_the_document_tells_the_shape_of_every_answer(pipeline: Pipeline):
    paths = pipeline.api.get("/openapi.json").json()["paths"]
    untold = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        for media, content in operation["responses"].get("200", {}).get("content", {}).items()
        if media == "application/json" and content["schema"] in ({}, {"type": "string"})
    }
    assert untold == set()


FAR = ("0001-01-01", "1969-12-31T23:59:59Z", "2150-01-01", "9999-12-31T23:59:59Z")


@pytest.mark.parametrize("table", ["sessions", "traces", "calls", "pulse", "spend", "models"])
def test_a_range_that_ends_beyond_all_time_is_the_range_of_all_there_is(
    pipeline: Pipeline, table: str
):
    whole = pipeline.get(table)
    assert pipeline.get(table, since=FAR[0], until=FAR[3]) == whole
    assert pipeline.get(table, since=FAR[1], until=FAR[2]) == whole
    for late in FAR[2:]:
        assert pipeline.get(table, since=late) != whole

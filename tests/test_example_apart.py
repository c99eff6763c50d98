"""The examples whose libraries live in an environment of their own: `make examples` makes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.example_runs import ROOT, Acted, acted, called, recorded, run, served, session, told
from tests.parts import Parts, parts

APART = ROOT / ".venv/apart/bin/python"

pytestmark = pytest.mark.skipif(not APART.exists(), reason="`make examples` installs them")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("apart")) as running:
        yield running


def test_a_crew_shows_who_did_what(server: Parts, tmp_path: Path):
    answers = run(server, "crewai_pair", tmp_path, str(APART))
    assert recorded(session(server, "crew-1")) == served(answers)
    agents = [name for _, name in told(server, "crew-1", "agent")]
    assert agents == ["finder._execute_core", "writer._execute_core"]
    assert acted(server, "crew-1") == Acted(tuple(called(answers)))


def test_a_llama_index_agent_is_paid_for_to_the_token_though_it_streams(
    server: Parts, tmp_path: Path
):
    answers = run(server, "llama_index_agent", tmp_path, str(APART))
    spent, truth = recorded(session(server, "geography-1")), served(answers)
    # LlamaIndex's own span of a stream ends at once, without usage, beside the client's: two calls
    assert (spent.input_tokens, spent.output_tokens) == (truth.input_tokens, truth.output_tokens)
    assert spent.cost_usd == truth.cost_usd
    assert acted(server, "geography-1") == Acted(tuple(called(answers)))

"""Which libraries are recorded, by what, and what is said of it.

The client takes seconds to import, and whoever runs any test collects this module: only its tests do.
"""

import asyncio
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from examples.offline.script import Script, Turn
from examples.offline.server import ModelServer, answering

from spanledger import instrument as subject
from spanledger import package_settings, stream_usage
from spanledger.instrumentors import LIBRARIES, Instrumentor, Library

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
HERE = [
    one for lib in LIBRARIES for one in lib.instrumentors if subject.installed(one.distribution)
]
ASKED: Any = [{"role": "user", "content": "hello"}]


def script(code: str) -> list[str]:
    """Return the lines that a program prints which instruments things for itself alone."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("one", HERE, ids=lambda one: str(one.distribution))
def test_the_table_names_the_class_that_a_package_itself_names(one: Instrumentor):
    points = distribution(one.distribution).entry_points
    named = [point.value for point in points if point.group == "opentelemetry_instrumentor"]
    assert named == [one.target]


def test_each_extra_brings_what_the_table_prefers():
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    preferred = {lib.extra: lib.instrumentors[0].distribution for lib in LIBRARIES if lib.extra}
    assert {name: extras[name][0].partition(">=")[0] for name in preferred} == preferred


def test_a_library_is_recorded_once_it_is_imported_and_costs_nothing_before():
    said = script(
        "import sys; from spanledger.instrument import instrument\n"
        "print(*instrument('langchain'))\n"
        "print('langchain_core' in sys.modules)\n"
        "import langchain_core\n"
        "from openinference.instrumentation.langchain import LangChainInstrumentor as L\n"
        "print(L().is_instrumented_by_opentelemetry)\n"
        "print(*instrument('langchain'))\n"
    )
    by = f"openinference-instrumentation-langchain {subject.installed(HERE_LANGCHAIN)}"
    assert said == [
        f"langchain: will be recorded by {by} once it is imported",
        "False",
        "True",
        f"langchain: recorded by {by} already; left as it is",
    ]


HERE_LANGCHAIN = "openinference-instrumentation-langchain"


def test_auto_takes_all_that_is_installed_and_nothing_else():
    said = script(
        "from spanledger.instrument import instrument\n"
        "print(*(f'{one.library} {one.state}' for one in instrument()), sep='\\n')"
    )
    assert said == [
        f"{name} waiting"
        for name in ("openai", "anthropic", "langchain", "openai-agents", "pydantic-ai")
    ]


def test_what_an_agent_switched_on_itself_is_left_alone():
    said = script(
        "from pydantic_ai import Agent\n"
        "from pydantic_ai.models.instrumented import InstrumentationSettings\n"
        "mine = InstrumentationSettings(include_content=False)\n"
        "Agent.instrument_all(mine)\n"
        "from spanledger.instrument import instrument\n"
        "print(instrument('pydantic_ai')[0].state, Agent._instrument_default is mine)"
    )
    assert said == ["already True"]


def test_a_name_that_nobody_knows_is_said_and_does_no_harm():
    (one,) = subject.instrument(["no-such-library"])
    assert str(one).startswith("no-such-library: not known; spanledger knows anthropic, ")


def test_a_library_that_is_not_installed_is_said_to_be_absent():
    (one,) = subject.instrument("dspy")
    assert str(one) == "dspy: not installed"


def test_a_library_without_a_package_that_records_it_names_the_way_to_one():
    nobody = Instrumentor("no-such-package", "no.such:Class", "")
    found = subject.begun(Library("pytest", "pytest", "pytest", (nobody,), extra="test"), True)
    assert str(found) == (
        "pytest: installed, but nothing records it; pip install 'spanledger[test]'"
    )


def test_a_package_that_raises_is_said_to_have_failed():
    broken = Instrumentor("pytest", "json:JSONDecodeError", "")
    found = subject.begun(Library("pytest", "pytest", "pytest", (broken,)), True)
    assert (found.state, found.by.split()[0]) == ("failed", "pytest")
    assert "TypeError" in found.why


def test_an_error_after_a_later_import_stays_out_of_the_program():
    said = script(
        "import logging; logging.disable(50)\n"
        "from spanledger.instrument import when_imported\n"
        "when_imported('colorsys', lambda: 1 / 0)\n"
        "import colorsys; print(colorsys.rgb_to_hsv(0, 0, 0))"
    )
    assert said == ["(0.0, 0.0, 0)"]


def test_content_is_recorded_or_not_as_the_application_said_first(monkeypatch: pytest.MonkeyPatch):
    environ = {"OPENINFERENCE_HIDE_INPUTS": "false"}
    monkeypatch.setattr(os, "environ", environ)
    package_settings.forbid_content()
    assert environ == {
        "OPENINFERENCE_HIDE_INPUTS": "false",
        "OPENINFERENCE_HIDE_OUTPUTS": "true",
        "TRACELOOP_TRACE_CONTENT": "false",
    }
    package_settings.permit_content()
    monkeypatch.undo()
    assert environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] == "span_only"


@contextmanager
def asked(where: bool | None) -> Iterator[tuple[ModelServer, Any]]:
    """Yield a server and its client's completions while streams are asked for usage."""
    import openai

    turn = Turn("one two", input_tokens=7)
    stream_usage._asking.append(where)
    try:
        with answering(Script((turn,), forever=True)) as server:
            told: Any = {"api_key": "k", "base_url": f"{server.url}/v1"}
            with openai.OpenAI(**told) as client:
                yield server, client.chat.completions
    finally:
        stream_usage._asking.pop()


def streamed(completions: Any, **told: Any) -> list[Any]:
    said = {"model": "gpt-4o", "messages": ASKED, "stream": True, **told}
    return list(stream_usage.create(completions.create, completions, (), said))


def test_a_stream_is_asked_for_its_usage_and_the_program_sees_no_other_chunk():
    with asked(True) as (server, completions):
        chunks = streamed(completions)
        assert server.answered[0].usage_told
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "one two"


def test_a_program_that_asks_itself_gets_what_it_asked_for():
    with asked(True) as (_, completions):
        assert streamed(completions, stream_options={"include_usage": True})[-1].usage is not None
        assert streamed(completions, stream_options={"include_usage": False})[-1].usage is None


def test_another_server_than_openais_is_not_asked_unless_it_is_said_to():
    import openai

    with asked(None) as (server, completions):
        streamed(completions)
        assert not server.answered[0].usage_told
    with openai.OpenAI(api_key="k", base_url="https://api.openai.com/v1") as client:
        assert stream_usage.of_openai(client.chat.completions)
    with openai.OpenAI(api_key="k", base_url="https://api.openai.com.example/v1") as client:
        assert not stream_usage.of_openai(client.chat.completions)


def test_a_stream_whose_chunks_are_hidden_can_still_be_closed_early():
    import openai

    with asked(True) as (_, completions):
        told: Any = {"model": "gpt-4o", "messages": ASKED, "stream": True}
        with stream_usage.create(completions.create, completions, (), told) as stream:
            assert isinstance(stream, openai.Stream)
            assert next(stream).choices


def test_asynchronous_streams_are_asked_alike():
    import openai

    async def chunks(server: ModelServer) -> list[Any]:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1") as client:
            whole = client.chat.completions
            told: Any = {"model": "gpt-4o", "messages": ASKED, "stream": True}
            stream = await stream_usage.create_async(whole.create, whole, (), told)
            return [chunk async for chunk in stream]

    with asked(True) as (server, _):
        assert all(chunk.choices for chunk in asyncio.run(chunks(server)))
        assert server.answered[0].usage_told

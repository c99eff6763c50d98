"""Every rule of docs/safety.md has its tests where the page says so, and no other."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
ROW = re.compile(r"^\| (S-\d\d)( ●)? \| .+ \| ([\w, ]*)\|$", re.MULTILINE)
MEASURED = {"S-22"}  # by the benchmarks: no test has a clock
APART = {"test_sdk_process", "test_prefork"}  # whose programs run in processes with a limit


def page() -> dict[str, tuple[bool, set[str]]]:
    """Return of each rule whether it is marked, and the modules that test it."""
    text = (TESTS.parent / "docs/safety.md").read_text()
    return {
        rule: (bool(mark), set(re.findall(r"\w+", modules)))
        for rule, mark, modules in ROW.findall(text)
    }


def found_in_tests() -> dict[str, set[str]]:
    """Return the modules that have tests of each rule."""
    found: dict[str, set[str]] = {}
    for module in TESTS.glob("test_*.py"):
        for number in re.findall(
            r"^(?:async )?def test_s(\d\d)_", module.read_text(), re.MULTILINE
        ):
            found.setdefault(f"S-{number}", set()).add(module.stem)
    return found


def test_the_page_has_every_rule_and_names_the_modules_that_test_it():
    told = {rule: modules for rule, (_, modules) in page().items()}
    assert list(told) == [f"S-{number:02}" for number in range(1, 28)]
    assert told == found_in_tests() | {rule: set() for rule in MEASURED}


def test_the_rules_of_whole_processes_are_tested_in_processes_with_a_limit():
    marked = {rule: modules for rule, (mark, modules) in page().items() if mark}
    assert set(marked) == {"S-04", "S-07", "S-08", "S-09", "S-25"}
    assert [rule for rule, modules in marked.items() if not modules & APART] == []

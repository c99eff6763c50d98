"""What an installation holds: the wheel's files, the base install's packages, the import law."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PACKAGES = {"spanledger", "spanledger_collector", "spanledger_schema", "spanledger_ui"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from this tree without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def base_install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and what it requires without extras, and nothing else.

    The requirements are linked from this environment, so that no registry is asked.
    """
    folder = tmp_path_factory.mktemp("base")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for found in required(base_requirements(wheel)).values():
        for file in found.files or []:
            if not str(file).startswith("..") and file.suffix != ".pyc":
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).symlink_to(Path(str(found.locate_file(file))))
    return folder


def base_requirements(wheel: Path) -> list[Requirement]:
    """Return what a wheel requires when no extra is asked for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    return list(wanted(metadata.get_all("Requires-Dist", [])))


def wanted(lines: list[str] | None) -> Iterator[Requirement]:
    """Yield the requirements that hold here without extras."""
    for requirement in map(Requirement, lines or []):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def required(requirements: list[Requirement]) -> dict[str, Distribution]:
    """Return the installed distributions that requirements bring in, by normalised name."""
    found: dict[str, Distribution] = {}
    while requirements:
        name = canonical(requirements.pop().name)
        if name not in found:
            found[name] = distribution(name)
            requirements += wanted(found[name].requires)
    return found


def canonical(name: str) -> str:
    """Return a distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the standard library and one folder, as in a fresh environment."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); "
    code, *rest = arguments
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", start + code, *rest],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


COMMAND = "from importlib.metadata import entry_points; (c,) = entry_points(group='console_scripts', name='spanledger'); sys.exit(c.load()())"


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_the_wheel_holds_every_file_of_our_packages(wheel: Path):
    """SQL, styles, scripts, captures, price corrections: whatever is not Python too."""
    listed = subprocess.run(
        ["git", "ls-files", "schema", "collector", "sdk", "ui"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    missing = {name.partition("/")[2] for name in listed if (ROOT / name).exists()} - held
    assert missing == set()
    assert any(name.endswith(".sql") for name in held)


def test_every_package_says_that_it_is_typed(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        assert {f"{package}/py.typed" for package in PACKAGES} <= set(archive.namelist())


def test_the_base_install_is_the_sdk_alone(wheel: Path):
    brought = required(base_requirements(wheel)).keys()
    assert "opentelemetry-sdk" in brought
    assert brought.isdisjoint({"fastapi", "chdb", "clickhouse-connect", "streamlit", "pandas"})


@pytest.mark.parametrize("module", ["collector", "sdk", "ui", "schema", "fastapi", "chdb"])
def test_the_base_install_does_not_bring_a_module(base_install: Path, module: str):
    done = run_in(base_install, f"import {module}")
    assert done.stderr.endswith(f"ModuleNotFoundError: No module named '{module}'\n")


def test_the_base_install_is_small(base_install: Path):
    files = [path for path in base_install.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 45 << 20
    assert not (base_install / "grpc").exists()


def test_the_sdk_works_in_the_base_install(base_install: Path):
    code = (
        "import spanledger; spanledger.configure('http://127.0.0.1:9', give_up_s=0, strict=True);"
    )
    code += (
        " print(spanledger.__version__, spanledger.observe(lambda x: x)(3), spanledger.flush(9))"
    )
    done = run_in(base_install, code)
    assert done.stdout.startswith("0.1.0 3 Delivery(delivered=0, rejected=0, dropped=1, pending=0")


def test_the_command_works_in_the_base_install(base_install: Path):
    done = run_in(base_install, COMMAND, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^  serve +Start everything", done.stdout, re.MULTILINE)


def test_the_doctor_works_in_the_base_install(base_install: Path):
    done = run_in(base_install, COMMAND, "doctor", "--endpoint", "http://127.0.0.1:1")
    assert (done.returncode, done.stderr) == (1, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("missing  no library that calls models is installed here")
    assert second.startswith("broken   nobody answers at http://127.0.0.1:1 (")


@pytest.mark.parametrize("command", ["serve", "ingest", "store", "ui", "watch"])
def test_a_command_that_lacks_the_extra_says_what_to_install(
    base_install: Path, command: str, tmp_path: Path
):
    done = run_in(base_install, COMMAND, command, "--data", str(tmp_path))
    assert done.returncode == 2
    assert re.fullmatch(
        rf"spanledger: `{command}` needs \w+, which is not installed;"
        r" run pip install 'spanledger\[collector,ui\]'\n",
        done.stderr,
    )


def test_python_m_spanledger_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "spanledger 0.1.0\n"


def test_help_needs_no_library(base_install: Path):
    listed = run_in(
        base_install,
        "from spanledger_collector.__main__ import main; main(['--help']);"
        " print(*sorted({m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names))",
    )
    loaded = listed.stdout.splitlines()[-1].split()
    assert [m for m in loaded if not m.startswith("__")] == ["spanledger_collector"]


def test_the_lock_holds_everything_with_hashes_and_names_no_registry():
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, re.MULTILINE)
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pinned)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in lock
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    groups = [project["project"]["dependencies"], project["dependency-groups"]["dev"], *extras]
    wanted = {canonical(Requirement(line).name) for group in groups for line in group}
    assert wanted <= set(pinned)


def test_make_explains_every_target_that_people_call():
    makefile = (ROOT / "Makefile").read_text()
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert explained == {
        "help", "setup", "serve", "demo", "test", "offline", "check", "examples", "format", "bench",
        "bench-quick", "bench-sdk", "soak", "fuzz", "schema-test", "lock", "clean",
    }  # fmt: skip
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert {line.split()[1] for line in done.stdout.splitlines()} == explained


def test_the_import_law_holds():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_only_the_store_knows_the_database_and_only_settings_read_the_environment():
    package = ROOT / "collector/spanledger_collector"
    sources = {str(p.relative_to(package)): p.read_text() for p in package.rglob("*.py")}
    assert [s for s, text in sources.items() if "import clickhouse_connect" in text] == ["store.py"]
    readers = {s for s, text in sources.items() if re.search(r"os\.(environ\b|getenv)", text)}
    assert readers == {"settings.py", "supervise.py"}  # the supervisor hands its own on, unread

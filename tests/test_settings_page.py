"""docs/settings.md says every setting, as it is."""

from pathlib import Path

from spanledger_collector import settings

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"


def test_the_page_lists_every_setting_with_its_default_and_help():
    listed = [line for line in PAGE.read_text().splitlines() if line.startswith("| `--")]
    assert listed == [
        f"| `{settings.flag(name)}` | `{settings.variable(name)}` |"
        f" {settings.written(each.default) or '–'} | {each.help} |"
        for name, each in settings.declared().items()
    ]

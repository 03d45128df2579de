"""The pages made from the code are what the code says now."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.generate import cli_page, commands_page, lints_page, rules_page, settings_page

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("name", "made"), [
    # page, what makes it
    ("cli.md", cli_page),
    ("settings.md", settings_page),
    ("rules.md", rules_page),
    ("lints.md", lints_page),
    ("commands.md", commands_page),
])  # fmt: skip
def test_the_page_is_what_the_code_says(name: str, made: Callable[[], str], request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        (DOCS / name).write_text(made(), "utf-8")
    assert made() == (DOCS / name).read_text("utf-8"), f"pytest {Path(__file__).parent} --update-golden"

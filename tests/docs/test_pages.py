"""The pages made from the code are what the code says now; each decision has its number."""

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


def test_a_decision_has_a_number_of_its_own() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert [page.read_text("utf-8")[:7] for page in pages] == [f"# {page.name[:4]} " for page in pages]

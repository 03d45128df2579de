"""Each folder of tests/bad_rules is named by what is wrong, and holds the exact words that are said about it."""

import time
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.rules.load import load_rules
from gateway.rules.reading import Mails

FOLDER = Path(__file__).parent.parent / "bad_rules"
MAILS = Mails({"auto_ack": ("en",), "auto_ack/after_hours": ("en",)})
CASES = sorted(f.name for f in FOLDER.iterdir())


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_every_problem_in_its_place(case: str, request: pytest.FixtureRequest) -> None:
    text = (FOLDER / case / "rules.yaml").read_text("utf-8")

    def beside(name: str) -> dict[str, str]:
        if not (FOLDER / case / name).exists():
            raise ValueError(f"there is no file “{name}” beside this one")
        return {name: (FOLDER / case / name).read_text("utf-8")}

    with pytest.raises(ConfigError) as caught:
        load_rules(text, "rules.yaml", 1, MAILS, beside=beside)
    expected = FOLDER / case / "expected.txt"
    if request.config.getoption("--update-golden"):
        expected.write_text(caught.value.text + "\n", "utf-8")
    assert caught.value.text + "\n" == expected.read_text("utf-8")


def test_the_alias_bomb_of_306_octets_is_refused_before_it_grows() -> None:
    text = (FOLDER / "alias_bomb" / "rules.yaml").read_text("utf-8")
    assert len(text) == 306
    begun = time.process_time()
    with pytest.raises(ConfigError, match="200 000 nodes"):
        load_rules(text, "rules.yaml", 1)
    assert time.process_time() - begun < 1


def test_a_hundred_thousand_brackets_are_refused_at_the_fifty_first() -> None:
    begun = time.process_time()
    with pytest.raises(ConfigError, match="deeper than 50"):
        load_rules("a: " + "[" * 100_000, "rules.yaml", 1)
    assert time.process_time() - begun < 5


def test_more_than_a_mebibyte_is_refused_unread() -> None:
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_rules("#" * (1024 * 1024 + 1), "rules.yaml", 1)


@pytest.mark.parametrize(("written", "read"), [
    # plain scalars of YAML 1.2: what YAML 1.1 would make of them
    ("no", "no"),                       # false
    ("on", "on"),                       # true
    ("22:30", "22:30"),                 # 1350
    ("08:00-22:30", "08:00-22:30"),
    ("2026-11-21", "2026-11-21"),       # a date
    ('"1.10"', "1.10"),
    ("1_000", "1_000"),                 # 1000
    ("0777a", "0777a"),
    ("=", "="),
])  # fmt: skip
def test_text_stays_text(written: str, read: str) -> None:
    text = f"version: 1\ndefaults: {{team: a}}\nteams: {{a: {{address: a@a.test}}}}\nlists: {{l: [{written}]}}\n"
    assert load_rules("\ufeff" + text, "rules.yaml", 1).lists == {"l": (read,)}

"""G-05: what YAML does behind one's back is refused with its place, and never done."""

from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.rules.load import load_rules
from tests.rules.desk import HEAD, rules_of

pytestmark = pytest.mark.p0
BOMB = "".join(
    f"  {b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(("text", "line", "said"), [
    # what stands behind the head, in which line behind it, what is said
    ("defaults: {team: billing}\n", 1, "duplicate key"),
    ("lists:\n  one: [a]\n  one: [b]\n", 3, "duplicate key"),
    ("lists: {one: !!python/object/apply:os.system ['touch owned']}\n", 1, "tag"),
    ("lists: {one: !include x}\n", 1, "tag"),
    ("statuses:\n\tanswered: {type: open}\n", 2, "tab"),
    ("fields: {order: {<<: {type: text}}}\n", 1, "merge"),
    ("lists: {one: [1.10]}\n", 1, "quote"),
    (f"lists:\n  a: &a [x,x,x,x,x,x,x,x,x]\n{BOMB}", 0, "200 000 nodes"),
    ("---\nversion: 1\n", 0, "document"),
])  # fmt: skip
def test_G05_a_trap_is_refused_with_its_place(text: str, line: int, said: str, tmp_path: Path) -> None:
    head = HEAD.split("lists:")[0]
    with pytest.raises(ConfigError) as refused:
        load_rules(head + text, "rules.yaml", 1)
    (problem,) = [p for p in refused.value.problems if said in f"{p.text} {p.hint}"]
    assert problem.line == head.count("\n") + line if line else problem.line > 0
    assert not (tmp_path / "owned").exists()


def test_G05_words_that_yaml_1_1_would_change_mean_what_they_say() -> None:
    rules = rules_of(
        "statuses: {answered: {type: open}}\ncalendars: {c: {timezone: UTC, hours: {mon-fri: '08:00-22:30'}}}\n"
    )
    assert rules.calendars["c"].hours[0] == ((8 * 60, 22 * 60 + 30),)
    found = load_rules(HEAD.replace("[refund, zwrot]", "[no, on, 22:30, 'yes']"), "rules.yaml", 1)
    assert found.lists["words"] == ("no", "on", "22:30", "yes")


@pytest.mark.push
def test_G05_ten_thousand_rules_are_read() -> None:
    rules = rules_of(
        "rules:\n"
        + "".join(f"  - {{id: r{n}, on: new, when: {{subject: w{n}}}, do: [{{tag: t}}]}}\n" for n in range(10_000))
    )
    assert len(rules.rules) == 10_000

"""What a query means, and what is said of its mistakes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message.fold import folded, words
from gateway.rules.statuses import BUILT_IN
from gateway.ticket.query import Numbers, Opened, Query, Words, parse_query, problems
from gateway.ticket.saying import english
from tests.ticket.strings import STRINGS

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
ENGLISH = english(STRINGS["en"])


TIMES = "2026-11-01, 2026-11-01T14:30, today, yesterday, 12h, 7d, 2w"


def parsed(text: str, me: str | None = None) -> Query:
    return parse_query(text, NOW, statuses=BUILT_IN, me=me)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        # one term, what it means
        ("Zwrot", Words((("zwrot",),), prefix=True)),
        ("ab", Words((("ab",),))),  # too short to go on by itself
        ("ab*", Words((("ab",),), prefix=True)),
        ("PL-10442", Words((("pl", "10442"),), prefix=True)),
        ('"Zwrot, order"', Words((("zwrot", "order"),))),
        ("„Zwrot order“", Words((("zwrot", "order"),))),
        ("«zwrot order»", Words((("zwrot", "order"),))),
        ("-zwrot", Words((("zwrot",),), excluded=True)),
        ("–zwrot", Words((("zwrot",),), excluded=True)),  # a program made a dash of the hyphen
        ('-"a b"', Words((("a", "b"),), excluded=True)),
        ("12:30", Words((("12", "30"),))),
        ("https://x.test/a", Words((("https", "x", "test", "a"),))),
        ("from:Jan", Words((("f_jan",),))),
        ("FROM:jan*", Words((("f_jan",),), prefix=True)),
        ('subject:"Łódź PL"', Words((("s_lodz", "s_pl"),))),
        ("tag:VIP-x,b", Words((("t_vip_x",), ("t_b",)))),
        ("#4812", Numbers((4812,))),
        ("before:2026-11-01", Opened(None, datetime(2026, 11, 1, tzinfo=UTC))),
        ("after:2026-10-31", Opened(datetime(2026, 11, 1, tzinfo=UTC), None)),
        ("since:2026-11-01T14:30+02:00", Opened(datetime(2026, 11, 1, 12, 30, tzinfo=UTC), None)),
        ("since:yesterday", Opened(datetime(2026, 11, 20, tzinfo=UTC), None)),
        ("since:2h", Opened(datetime(2026, 11, 21, 19, 10, tzinfo=UTC), None)),
    ],
)
def test_a_term_means(text: str, condition: object) -> None:
    assert parsed(text) == Query((condition,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "column", "said", "hint"),
    [
        # query, column of the mistake, what is said of it, what would help
        ("is:opne", 1, "is:opne is no state", "did you mean “open”?"),
        ("zwrot frm:jan", 7, "there is no field “frm”", "did you mean “from”?; to search for the text: \"frm:jan\""),
        ("a status:pendign b", 3, "there is no status “pendign”", "did you mean “pending”?"),
        ("priority:top", 1, "there is no priority “top”", "known: urgent, high, normal, low"),
        ("from:", 1, "from: needs a value", "from:jan or from:jan@bank.example"),
        ("from:??", 1, "there is no word in “from:??”", "letters or digits"),
        ("team:,", 1, "team: needs a value", "team:billing"),
        ("sort:age", 1, "there is no order “age”", "known: updated, created, number, priority, due"),
        ("before:soon", 1, "“soon” is no time", TIMES),
        ("after:9999-12-31", 1, "“9999-12-31” is no time", TIMES),
        ("number:x", 1, "“x” is no ticket number.", "number:4812 or #4812"),
        ("has:patience", 1, "nothing is known of has:patience", "has:attachment"),
        ("is:mine", 1, "nobody is signed in here", "name the agent, such as assignee:ana"),
        ("a*", 1, "“a*” finds too much", "2 letters at least before the star"),
        ("&& !!", 1, "there is no word in it", "letters or digits"),
        ("a " * 33, 1, "the query is too long", "32 terms at most"),
        ("a" * 1001, 1, "the query is too long", "32 terms at most"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is(text: str, column: int, said: str, hint: str) -> None:
    (problem,) = problems(parsed(text), ENGLISH)
    assert (problem.column, problem.text, problem.hint) == (column, said, hint)


def test_all_mistakes_are_told_at_once() -> None:
    assert [m.column for m in parsed("is:x zwrot foo:1").mistakes] == [1, 12]


def test_who_is_signed_in_is_me() -> None:
    assert parsed("assignee:me", me="ana") == parsed("assignee:ana")


@given(st.text(max_size=200))
def test_every_text_is_a_query_or_a_mistake(text: str) -> None:
    for each in parsed(text).conditions:
        if isinstance(each, Words):
            assert all(c.isalnum() or c == "_" for phrase in each.phrases for word in phrase for c in word)


@given(st.text(max_size=200))
def test_words_are_the_same_folded_or_not(text: str) -> None:
    assert words(folded(text)) == words(text)
    assert all(word.isalnum() and len(word) <= 60 for word in words(text))

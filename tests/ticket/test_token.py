"""Tokens verify for whom they were made, and for nobody and nothing else."""

import pytest

from gateway.ticket.token import (
    BodyToken,
    MessageToken,
    ReplyToken,
    TokenRing,
    find_body_tokens,
    find_subject_numbers,
    read_message_id,
    read_reply,
    subject_tag,
)

RING = TokenRing.of(b"k" * 32)
JAN = "jan@bigbank.test"
NONCE = "x3k7p2qa"


def detail(address: str) -> str:
    return address.partition("+")[2].partition("@")[0]


def other(character: str) -> str:
    return "b" if character == "a" else "a"


def flipped(token: str) -> list[str]:
    return [token[:n] + other(token[n]) + token[n + 1 :] for n in range(len(token))]


def test_the_format_is_for_good() -> None:
    address = RING.reply_address("support@acme.test", "+", "t", 4812, 7, JAN)
    assert address == "support+t4812-7.aeb4rlfzltrvds3cliaa64qr3fu@acme.test"
    assert RING.body_token(4812, JAN) == "[mw:4812-ckjp5zxx34l3uq4t]"
    assert RING.message_id(4812, JAN, NONCE, "acme.test") == "<mw.4812.x3k7p2qa.azgqsricolnynkucs43j6jalshe@acme.test>"
    assert RING.bounce(912, "bounce@acme.test") == "bounce+q912.ar4mai6jdqurrpkyypn7m2z3maa@acme.test"


@pytest.mark.parametrize(
    ("purpose", "ticket", "revision", "generation"),
    [
        ("t", 4812, None, 0),  # a customer
        ("t", 4812, 7, 0),  # an agent who saw revision 7
        ("t", 4812, 0, 0),
        ("n", 1, 999_999_999, 0),
        ("c", None, None, 0),  # commands have no ticket
        ("h", 77, None, 3),
    ],
)
def test_what_was_made_is_read_and_holds(purpose, ticket, revision, generation) -> None:
    address = RING.reply_address("support@acme.test", "+", purpose, ticket, revision, JAN, generation)
    for spelling in (address, address.upper()):  # relays fold case
        token = read_reply(detail(spelling))
        assert token is not None
        assert (token.purpose, token.ticket, token.revision) == (purpose, ticket, revision)
        assert RING.holder(token, ["eva@hospital.test", "Jan@BigBank.test"], generation) == "Jan@BigBank.test"
        assert RING.holder(token, ["eva@hospital.test"], generation) is None
        assert RING.holder(token, [], generation) is None
        assert RING.holder(token, [JAN], generation + 1) is None  # withdrawn


def test_the_longest_local_part_fits() -> None:
    address = RING.reply_address("a" * 24 + "@acme.test", "+", "t", 48_120, 1234, JAN)
    assert len(address.partition("@")[0]) == 64  # RFC 5321 §4.5.3.1.1


def test_every_flipped_character_of_a_reply_token_is_refused() -> None:
    good = detail(RING.reply_address("support@acme.test", "+", "t", 4812, 7, JAN))
    for bad in flipped(good):
        token = read_reply(bad)
        assert token is None or RING.holder(token, [JAN]) is None, bad


def test_every_flipped_character_of_a_message_id_is_refused() -> None:
    good = RING.message_id(4812, JAN, NONCE, "acme.test")
    end = good.index("@")
    for bad in flipped(good)[:end]:
        token = read_message_id(bad)
        assert token is None or RING.holder(token, [JAN]) is None, bad
    assert RING.holder(read_message_id(good.upper()), [JAN]) == JAN


def test_every_flipped_character_of_a_body_token_is_refused() -> None:
    good = RING.body_token(4812, JAN)
    for bad in flipped(good):
        assert not [t for t in find_body_tokens(bad) if RING.holder(t, [JAN])], bad
    assert [RING.holder(t, [JAN]) for t in find_body_tokens(f"> text {good.upper()}\n")] == [JAN]


def test_every_flipped_character_of_a_bounce_address_is_refused() -> None:
    good = detail(RING.bounce(912, "bounce@acme.test"))
    assert RING.read_bounce(good) == RING.read_bounce(good.upper()) == 912
    assert [bad for bad in flipped(good) if RING.read_bounce(bad)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "t4812",
        "t4812.",
        "t4812.ak7q",
        "4812.ak7q2m6dw3xh5ta4vbn7czr2yje",
        "t04812.ak7q2m6dw3xh5ta4vbn7czr2yje",
        "t4812-07.ak7q2m6dw3xh5ta4vbn7czr2yje",
        "t4812-.ak7q2m6dw3xh5ta4vbn7czr2yje",
        "t٤٨١٢.ak7q2m6dw3xh5ta4vbn7czr2yje",  # digits of another script
        "t4812.ak7q2m6dw3xh5ta4vbn7czr2yje\n",
        "t4812.0k7q2m6dw3xh5ta4vbn7czr2yje",
        "t" + "9" * 4000 + ".ak7q2m6dw3xh5ta4vbn7czr2yje",
    ],
)
def test_what_is_no_token_is_not_read(text) -> None:
    assert read_reply(text) is None
    assert read_message_id(f"<mw.{text}@acme.test>") is None
    assert RING.read_bounce(text) is None


def test_an_old_key_verifies_and_an_unknown_one_does_not() -> None:
    both = TokenRing({"a": b"k" * 32, "b": b"n" * 32}, newest="b")
    old = read_reply(detail(RING.reply_address("s@acme.test", "+", "t", 5, None, JAN)))
    new = read_reply(detail(both.reply_address("s@acme.test", "+", "t", 5, None, JAN)))
    assert new.text.startswith("b")
    assert both.holder(old, [JAN]) == both.holder(new, [JAN]) == JAN
    assert RING.holder(new, [JAN]) is None
    assert TokenRing.of(b"x" * 32).holder(old, [JAN]) is None
    (old_body,) = find_body_tokens(RING.body_token(5, JAN))
    assert both.holder(old_body, [JAN]) == JAN


@pytest.mark.parametrize(
    "changed",
    [
        # one field other than what the token was made for
        ReplyToken("n", 4812, 7, ""),
        ReplyToken("t", 4813, 7, ""),
        ReplyToken("t", 4812, 8, ""),
        ReplyToken("t", 4812, None, ""),
        ReplyToken("t", None, 7, ""),
        MessageToken(4812, NONCE, ""),
    ],
)
def test_a_token_is_for_one_purpose_ticket_and_revision(changed) -> None:
    token = read_reply(detail(RING.reply_address("s@acme.test", "+", "t", 4812, 7, JAN)))
    fields = {name: getattr(changed, name) for name in changed.__slots__} | {"text": token.text}
    assert RING.holder(type(changed)(**fields), [JAN]) is None


def test_the_root_id_is_known_and_proves_nothing() -> None:
    token = read_message_id(RING.root_message_id(4812, JAN, "acme.test"))
    assert token.root
    assert RING.holder(token, [JAN]) is None
    assert RING.root_message_id(4812, JAN, "acme.test") == RING.root_message_id(4812, JAN.upper(), "acme.test")


def test_a_loop_mark_belongs_to_one_message_id() -> None:
    ours = RING.message_id(4812, JAN, NONCE, "acme.test")
    mark = RING.loop_mark(ours)
    assert RING.is_loop_mark(ours, f" {mark.upper()}")
    assert not RING.is_loop_mark("<other@acme.test>", mark)
    assert not any(RING.is_loop_mark(ours, bad) for bad in (*flipped(mark), "", "no", "ą" * 27))


def test_odd_recipients_have_tokens_too() -> None:
    for odd in ("żółw@x.test", "a\0b@x.test", "\ud800@x.test", '"a b"@x.test', ""):
        token = read_reply(detail(RING.reply_address("s@acme.test", "+", "t", 1, None, odd)))
        assert RING.holder(token, [JAN, odd]) == odd


def test_body_tokens_are_counted_once_and_not_without_end() -> None:
    text = "".join(f"[mw:{n}-k7q2m6dw3xh5ta4v] [mw:{n}-k7q2m6dw3xh5ta4v]" for n in range(1, 100))
    assert [t.ticket for t in find_body_tokens(text)] == list(range(1, 21))
    assert find_body_tokens("[mw:1-K7Q2M6DW3XH5TA4V]") == (BodyToken(1, "k7q2m6dw3xh5ta4v"),)


def test_a_ring_is_made_of_named_keys() -> None:
    for keys, newest in (({"a": b"k" * 32}, "b"), ({"A": b"k" * 32}, "A"), ({"ab": b"k" * 32}, "ab")):
        with pytest.raises(ValueError, match="one letter"):
            TokenRing(keys, newest)
    with pytest.raises(ValueError, match="nonce"):
        RING.message_id(1, JAN, "short", "acme.test")


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: [#4812] Zwrot", (4812,)),
        ("Re: [Acme#4812] Zwrot", (4812,)),
        ("Re: [ACME#4812] Zwrot", (4812,)),
        ("AW: [Ticket#4812] Zwrot", (4812,)),
        ("[Ticket #4812]", (4812,)),
        ("Otrzymaliśmy wiadomość (#4812)", (4812,)),
        ("any news on #4812?", (4812,)),
        ("#4812.", (4812,)),
        ("[#4812] and #4813, again #4812", (4812, 4813)),
        ("[Other#4812] x", ()),  # the tag of another desk
        ("order PL#4812", ()),
        ("colour #4812ff", ()),
        ("&#4812; ##4812 /#4812", ()),
        ("#4812-7", ()),  # somebody's order number
        ("#0", ()),
        ("#0123", ()),
        ("#1234567890", ()),  # no ticket has ten digits
        ("#٤٨١٢", ()),
        ("", ()),
    ],
)
def test_numbers_in_a_subject(subject, numbers) -> None:
    assert find_subject_numbers(subject, "Acme") == numbers


def test_the_tag_is_found_again() -> None:
    assert subject_tag(4812) == "[#4812]"
    assert subject_tag(4812, "Acme (PL)") == "[Acme (PL)#4812]"
    assert find_subject_numbers(f"Re: {subject_tag(4812, 'Acme (PL)')} x", "Acme (PL)") == (4812,)

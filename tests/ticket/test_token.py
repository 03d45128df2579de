"""Tokens verify for whom they were made, and for nobody and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.ticket.token import RingKey, TokenRing
from gateway.ticket.token_forms import (
    BodyToken,
    MessageToken,
    ReplyToken,
    find_body_tokens,
    find_message_tokens,
    find_subject_numbers,
    read_message_id,
    read_reply,
    subject_tag,
    without_tags,
)

RING = TokenRing.of(b"k" * 32)
JAN = "jan@bigbank.test"
NONCE = "x3k7p2qa"
START = datetime(2026, 11, 21, tzinfo=UTC)


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
    proof = RING.message_id(4812, JAN, NONCE, "acme.test", "t4812-7")
    assert proof == "<mw.4812.t4812-7.x3k7p2qa.a6fixhcu4i5jzpfl3igz47zpwoy@acme.test>"
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
    both = ring_at(START + timedelta(days=399))
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
    assert [t.ticket for t in find_body_tokens(text)] == list(range(1, 21))  # forty, two of each
    assert find_body_tokens("[mw:1-K7Q2M6DW3XH5TA4V]") == (BodyToken(1, "k7q2m6dw3xh5ta4v"),)


def ring_at(now: datetime) -> TokenRing:
    """Key a is as old as everything; b signs from START on."""
    keys = (RingKey("a", b"k" * 32, datetime.min.replace(tzinfo=UTC)), RingKey("b", b"n" * 32, START))
    return TokenRing(keys, lambda: now)


@pytest.mark.parametrize(
    ("days", "signs", "old_holds", "new_holds"),
    [
        # since b began to sign: who signs, whether tokens of a and b hold
        (-1, "a", True, True),  # another gateway may sign with b already
        (0, "b", True, True),
        (399, "b", True, True),
        (400, "b", False, True),
        (4000, "b", False, True),
    ],
)
def test_keys_come_and_go(days: int, signs: str, old_holds: bool, new_holds: bool) -> None:
    ring = ring_at(START + timedelta(days=days))
    address = ring.reply_address("s@acme.test", "+", "t", 5, None, JAN)
    assert read_reply(detail(address)).text[0] == signs
    for maker, holds in ((RING, old_holds), (TokenRing((RingKey("b", b"n" * 32, START),), lambda: START), new_holds)):
        token = read_reply(detail(maker.reply_address("s@acme.test", "+", "t", 5, None, JAN)))
        assert (ring.holder(token, [JAN]) == JAN) is holds
        (body,) = find_body_tokens(maker.body_token(5, JAN))
        assert (ring.holder(body, [JAN]) == JAN) is holds
        bounced = detail(maker.bounce(9, "bounce@acme.test"))
        assert (ring.read_bounce(bounced) == 9) is holds
        assert ring.is_loop_mark("<a@b>", maker.loop_mark("<a@b>")) is holds


@pytest.mark.parametrize(
    ("maker", "whose", "days", "because"),
    [
        (RING, JAN, 400, "its key “a” verified until 2027-12-26"),
        (TokenRing((RingKey("z", b"z" * 32, START),), lambda: START), JAN, 0, "its key “z” is not in the ring"),
        (RING, "pia@x.test", 0, "it was not made for anybody who takes part in this ticket"),
    ],
)
def test_a_refusal_has_its_reason(maker: TokenRing, whose: str, days: int, because: str) -> None:
    token = read_reply(detail(maker.reply_address("s@acme.test", "+", "t", 5, None, whose)))
    ring = ring_at(START + timedelta(days=days))
    assert ring.holder(token, [JAN]) is None
    assert ring.refusal(token) == because


@pytest.mark.parametrize("names", [(), ("A",), ("ab",), ("",), ("a", "a")])
def test_a_ring_is_made_of_named_keys(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="one letter"):
        TokenRing([RingKey(name, b"k" * 32, START) for name in names], lambda: START)


def test_a_nonce_is_of_the_alphabet() -> None:
    with pytest.raises(ValueError, match="nonce"):
        RING.message_id(1, JAN, "short", "acme.test")


BODY = RING.body_token(4812, JAN)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("as it was", BODY),
        ("quoted", f"> Odpowiedz na tego e-maila.   {BODY}"),
        ("folded case", BODY.upper()),
        ("wrapped", f"{BODY[:12]}\r\n{BODY[12:]}"),
        ("wrapped and quoted", f"> {BODY[:12]}\n> {BODY[12:]}"),
        ("wrapped and quoted twice", f">> {BODY[:8]}\n> > {BODY[8:20]}\n>>{BODY[20:]}"),
        ("a soft line break that nobody undid", f"{BODY[:15]}=\r\n{BODY[15:]}"),
        ("spaces of justified text", BODY.replace("-", " - ")),
        ("non-breaking spaces", BODY.replace(":", ":\u00a0")),
        ("another dash", BODY.replace("-", "\u2011")),
        ("soft hyphen and zero width", f"{BODY[:14]}\u00ad{BODY[14:18]}\u200b{BODY[18:]}"),
        ("in a table of a text client", f"| {BODY} |"),
    ],
)
def test_a_body_token_survives(what: str, text: str) -> None:
    assert [RING.holder(t, [JAN]) for t in find_body_tokens(f"Dziękuję.\n\n{text}\n")] == [JAN], what


MID = RING.message_id(4812, JAN, NONCE, "acme.test")


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ("as it was", MID),
        ("folded case", MID.upper()),
        ("among others", f"<a@b.test> {MID} <c@d.test>"),
        ("without brackets", MID.strip("<>")),
        ("quoted", f'"{MID.strip("<>")}"'),
        ("with commas", f"<a@b.test>,{MID},<c@d.test>"),
        ("with words", f"Your message of Sat, 21 Nov 2026 {MID}"),
        ("cut behind the token", MID.partition("@")[0]),
        ("another domain", MID.replace("acme.test", "relay.example")),
    ],
)
def test_a_message_id_survives(what: str, field: str) -> None:
    assert [RING.holder(t, [JAN]) for t in find_message_tokens(field)] == [JAN], what


@pytest.mark.parametrize(
    "field", [MID[:30], MID.replace(".", ""), f"x{MID[1:]}", MID.replace("@", "a@"), "", "<mw.1.root>", "mw." * 10_000]
)
def test_what_is_left_of_a_message_id_may_be_too_little(field: str) -> None:
    assert find_message_tokens(field) == ()


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


@pytest.mark.parametrize(
    ("subject", "prefix", "of", "left"),
    [
        ("Re: [#5] Case 3", "", (5,), "Re: Case 3"),
        ("Re: [#5] Case [#6] 3", "", (5,), "Re: Case [#6] 3"),
        ("Re: [#5] Case [#6] 3", "", None, "Re: Case 3"),
        ("Re: [ACME#5] Case", "Acme", (5,), "Re: Case"),
        ("Re: [Acme#5] Case", "", None, "Re: [Acme#5] Case"),  # somebody else's
        ("Case #5 and [#55]", "", (5,), "Case #5 and [#55]"),
    ],
)
def test_a_subject_without_tags_of_tickets(subject: str, prefix: str, of: tuple[int, ...] | None, left: str) -> None:
    assert without_tags(subject, prefix, of) == left

"""D-04: a token holds for the ticket and the person it was made for, while its key is in the ring; no other does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from gateway.ticket.token import RingKey, TokenRing
from tests.processing import START, Desk, mail

pytestmark = pytest.mark.p0
JAN, PIA = "jan@bigbank.test", "pia@hospital.test"


def _other(character: str) -> str:
    return "b" if character == "a" else "a"


def test_D04_a_token_that_was_changed_appends_nothing(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    jans, pias = desk.take(mail(JAN)).ticket, desk.take(mail(PIA, "Leki")).ticket
    assert jans is not None
    assert pias is not None
    words = desk.entries(jans), desk.entries(pias)
    good = desk.reply_address(JAN, jans)
    start, end = good.index("."), good.index("@")
    bad = [good[:n] + _other(good[n]) + good[n + 1 :] for n in range(start + 1, end)]
    bad += [good.replace(f"+t{jans}.", f"+t{pias}."), good[: end - 1] + good[end:], good[: start + 10] + good[end:]]
    bad += [good.replace("+t", "+n"), good.replace("+t", "+h"), good.replace(f"+t{jans}.", f"+t{jans}-1.")]
    for n, address in enumerate(bad):
        outcome = desk.take(mail(JAN, f"Coś {n}", f"Inna sprawa {n}."), to=address)
        assert outcome.disposition == "ticket", address
    ours = desk.our_id(JAN, jans)
    for n in range(4, ours.index("@")):
        broken = ours[:n] + _other(ours[n]) + ours[n + 1 :]
        outcome = desk.take(mail(JAN, f"Inne {n}", f"Jeszcze inna sprawa {n}.", In_Reply_To=broken))
        assert outcome.disposition == "ticket", broken
    assert (desk.entries(jans), desk.entries(pias)) == words


def test_D04_what_relays_do_to_a_token_is_survived(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    good, ours, body = desk.reply_address(JAN, number), desk.our_id(JAN, number), desk.ring.body_token(number, JAN)
    lost = "support@gw.test"
    survived = (
        # what happened, where it goes, fields, words
        ("nothing", good, {}, ""),
        ("case folded up", good.upper(), {}, ""),
        ("case folded down", good.lower(), {}, ""),
        ("sub-address stripped, To left alone", lost, {"To": good}, ""),
        ("sub-address stripped, Cc left alone", lost, {"Cc": f"Acme <{good}>"}, ""),
        ("In-Reply-To alone", lost, {"In_Reply_To": ours}, ""),
        ("References alone", lost, {"References": f"<a@b.test> {ours}"}, ""),
        ("References folded inside the id", lost, {"References": f"<a@b.test>\r\n {ours[:20]}\r\n {ours[20:]}"}, ""),
        ("References cut at the end", lost, {"References": f"<a@b.test> {ours[: ours.index('@')]}"}, ""),
        ("In-Reply-To rewritten, References kept", lost, {"In_Reply_To": "<x@relay.test>", "References": ours}, ""),
        ("In-Reply-To with words", lost, {"In_Reply_To": f"Message of Sat from Acme {ours}"}, ""),
        ("brackets lost", lost, {"In_Reply_To": ours.strip("<>")}, ""),
        ("ids with commas", lost, {"References": f"<a@b.test>,{ours}"}, ""),
        ("ids in capitals", lost, {"In_Reply_To": ours.upper()}, ""),
        ("body token alone", lost, {}, f"> Napisali Państwo do nas.   {body}"),
        ("body token wrapped", lost, {}, f"> Napisali Państwo do nas. {body[:9]}\r\n> {body[9:]}"),
        ("body token in capitals", lost, {}, f"> {body.upper()}"),
        ("body token with another dash", lost, {}, f"> {body.replace('-', chr(0x2011))}"),
    )
    for n, (what, to, fields, words) in enumerate(survived):
        outcome = desk.take(mail(JAN, f"Coś {n}", f"Odpowiedź {n}.\r\n\r\n{words}", **fields), to=to)
        assert (outcome.disposition, outcome.ticket) == ("entry", number), what


def test_D04_quoted_printable_breaks_a_token_and_is_undone(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    body = desk.ring.body_token(number, JAN)
    for n, declared in enumerate(("quoted-printable", "7bit")):  # the second: somebody re-wrapped, nobody declared it
        text = f"Odpowiedz {n}.\r\n\r\n> {body[:15]}=\r\n{body[15:]}"
        outcome = desk.take(mail(JAN, f"Inne {n}", text, Content_Transfer_Encoding=declared))
        assert outcome.ticket == number, declared


def test_D04_keys_of_the_ring(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    old, mid = desk.reply_address(JAN, number), desk.our_id(JAN, number)
    rotated = START + timedelta(days=1)
    keys = (RingKey("a", b"k" * 64, START - timedelta(days=500)), RingKey("b", b"n" * 64, rotated))
    ring = TokenRing(keys, lambda: desk.now)
    desk.deps = replace(desk.deps, threading=replace(desk.deps.threading, ring=ring))
    days = rotated + timedelta(days=399), rotated + timedelta(days=401)
    for n, (at, holds) in enumerate(zip(days, (True, False), strict=True)):
        for to, fields in ((old, {}), ("support@gw.test", {"In_Reply_To": mid})):
            outcome = desk.take(mail(JAN, f"Coś {n}{to}", f"Odpowiedź {n}{to}.", **fields), to=to, at=at)
            assert (outcome.ticket == number) is holds, at
    match = desk.why(outcome).match
    assert match is not None
    assert match.refused[0].because == "its key “a” verified until 2027-12-27"


def test_D04_references_count_for_those_who_sent_or_were_sent_them(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    first = mail(JAN, Message_ID="<one@bigbank.test>")
    number = desk.take(first).ticket
    assert number is not None
    stranger = desk.take(mail(PIA, "Re: Zwrot", "To ja.", In_Reply_To="<one@bigbank.test>"))
    assert stranger.disposition == "ticket"
    assert stranger.ticket is not None
    assert desk.mentions(stranger.ticket) == [number]
    himself = desk.take(mail(JAN, "Zwrot", "I jeszcze.", References="<one@bigbank.test>"))
    assert (himself.disposition, himself.ticket) == ("entry", number)


def test_D04_a_token_of_somebody_else_is_no_authority(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    desk.set_status(number, "solved", "solved")
    sent = len(desk.mails())
    for _ in range(2):  # a token that is used again gains nothing
        desk.take(mail("eva@evil.test", "Re: Zwrot", f"To ja, Jan {_}."), to=desk.reply_address(JAN, number))
    entries = desk.entries(number)[1:]
    assert [(e.trust, e.public, e.held) for e in entries] == [("third-party", False, "third-party")] * 2
    assert desk.ticket(number).status == "solved"
    assert desk.participants(number) == {JAN}
    assert len(desk.mails()) == sent

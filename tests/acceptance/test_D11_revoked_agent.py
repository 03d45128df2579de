"""D-11: what an agent may is asked when his mail is processed, whatever he might when he was written to."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, answer, newest, reply
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
_GONE = RULES.replace("  ann: {name: Ann Agent, email: ann@agents.test, also: [ann@home.test]}\n", "").replace(
    "members: [ann, bob, lia]", "members: [bob, lia]"
)
_LIGHT = RULES.replace("also: [ann@home.test]", "role: light")
_MOVED = RULES.replace("members: [ann, bob, lia]", "members: [bob, lia]").replace("[zed]", "[zed, ann]")


@pytest.mark.parametrize("rules", [_GONE, _MOVED], ids=["no agent any more", "no member of the team any more"])
@pytest.mark.parametrize("words", ["Przelew zlecony.", "#close", "#note\r\nWords for ours."])
def test_D11_a_revoked_agent_does_nothing(store: Store, settings: Settings, rules: str, words: str) -> None:
    before = Desk(store, settings, RULES)
    before.take(mail(f"Jan <{JAN}>", "Zwrot"))
    raw, to = answer(newest(before, ANN), words)
    now = Desk(store, settings, rules, first_id=100)
    entries, mails = now.entries(1), len(now.mails())
    outcome = now.take(raw, to=to)
    assert (outcome.disposition, outcome.reason.partition(":")[0]) == ("quarantine", "no-right")
    assert now.entries(1) == entries
    assert now.ticket(1).status == "new"
    assert JAN not in [m.forward_path for m in now.mails()[mails:]]


def test_D11_who_may_only_take_notes_now_sends_nothing_that_was_held(store: Store, settings: Settings) -> None:
    before = Desk(store, settings, RULES)
    before.take(mail(f"Jan <{JAN}>", "Zwrot"))
    notice = newest(before, ANN)
    before.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "I co dalej?"))
    assert reply(before, notice, "Przelew zlecony.").reason == "held: collision (h-1)"
    now = Desk(store, settings, _LIGHT, first_id=100)
    mails = len(now.mails())
    assert reply(now, newest(now, ANN, "hold"), "#send").reason.startswith("h-1 ")
    assert (now.entries(1)[-1].kind, now.entries(1)[-1].public) == ("note", False)
    assert JAN not in [m.forward_path for m in now.mails()[mails:]]

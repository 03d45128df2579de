"""A bare thank-you is told from a thank-you that wants something, in each of our languages."""

import pytest

from gateway.message.thanks import is_thanks


@pytest.mark.parametrize("text", [
    # en
    "Thanks!", "thank you", "Thank you very much.", "Great, thanks a lot!", "OK thx", "Thanks ;)", "Thanks, Jan",
    "It works now, thanks", "Many thanks for your help", "👍 Thanks",
    # de
    "Danke!", "Vielen Dank", "DANKE SCHÖN", "Danke, hat geklappt.", "Vielen Dank für die Hilfe", "herzlichen Dank!",
    # pl
    "Dziękuję", "dziekuje bardzo", "Dzięki, działa!", "Bardzo dziękuję za pomoc", "Serdecznie dziękuję.",
    # cs
    "Děkuji", "Díky moc", "Mockrát děkuji za pomoc", "Děkuji, už funguje",
    # pt
    "Obrigado", "Muito obrigada!", "Obrigado pela ajuda", "Perfeito, obrigado",
    # hr
    "Hvala", "Puno hvala!", "Hvala vam na pomoći", "Super, hvala",
    # ru
    "Спасибо", "Большое спасибо!", "Спасибо, всё работает", "Благодарю вас за помощь", "СПАСИБО БОЛЬШОЕ",
])  # fmt: skip
def test_a_bare_thank_you(text: str) -> None:
    assert is_thanks(text, "Jan Wiśniewski")


@pytest.mark.parametrize("text", [
    # a question, with and without its mark
    "Thanks! When will it arrive?", "Thanks, when will it arrive", "Danke, und wann", "Vielen Dank?", "Thanks?!",
    "Dziękuję, a kiedy?", "Děkuji, a kdy", "Obrigado, quando?", "Hvala, a kada?", "Спасибо, а когда", "¿Thanks",
    # news
    "Thanks but it does not work", "Danke, funktioniert nicht", "Dzięki, nie działa", "Díky, nefunguje",
    "Obrigado, não funciona", "Hvala, ne radi", "Спасибо, не работает", "No thanks", "Thanks for nothing",
    # long, though each word is known
    "Thank you very much again for your help, everyone",
    # no thanks in it at all
    "", "OK", "Great", "Jan", "It works now", "works",
    # a word of one language beside thanks of another is none
    "Danke very much",
    "Thanks https://evil.test",
])  # fmt: skip
def test_more_than_a_thank_you(text: str) -> None:
    assert not is_thanks(text, "Jan Wiśniewski")


def test_a_long_text_is_not_looked_at() -> None:
    assert not is_thanks("thanks " * 100_000)

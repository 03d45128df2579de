"""Whether words only say thank you: nothing is asked, nothing is told, nobody has to act.

Sources  agents-by-mail.md §10: at most five words, each of a known phrase of one language, no question mark.
         A thank-you that says anything else is none: better to look at one too many than to leave a question alone.
Not here  quotes and signatures, which are cut off before (reply.py); what it does to a ticket (ticket/life.py).
"""

import re
from collections.abc import Mapping

from gateway.message.fold import folded

_MOST_WORDS = 5
_MOST_CHARACTERS = 200  # of which five words are made
_QUESTION = re.compile("[?\u037e\u061f\uff1f\xbf]")  # of Greek, Arabic, Chinese, Spanish too
_WORD = re.compile(r"[^\W_]+")

# language -> what says thanks | what may stand beside it; compared folded, so without case and accents
_PHRASES: Mapping[str, tuple[str, str]] = {
    "en": (
        "thanks, thank you, thank u, thx, tnx, ty, cheers, many thanks, much appreciated, appreciated",
        """very much, so much, a lot, a million, again, all, everyone, both, team, in advance, hi, hello, dear,
        for your help, for the help, for helping, for your quick reply, for the quick reply, for your support,
        for the info, it works, it works now, works now, that works, that helped, problem solved, all good, got it,
        great, perfect, super, excellent, awesome""",
    ),
    "de": (
        """danke, dankeschön, danke schön, vielen dank, herzlichen dank, besten dank, tausend dank, ich danke,
        wir danken""",
        """sehr, nochmals, noch mal, ihnen, dir, euch, im voraus, hallo, für die hilfe, für ihre hilfe,
        für die antwort, für die info, für die schnelle hilfe, für die schnelle antwort, es funktioniert,
        funktioniert, funktioniert jetzt, geht wieder, hat geklappt, alles klar, alles gut, prima, toll, perfekt""",
    ),
    "pl": (
        "dziękuję, dziękujemy, dzięki, dzięks, wielkie dzięki, podziękowania",
        """bardzo, serdecznie, pięknie, ślicznie, jeszcze raz, wam, państwu, panu, pani, z góry, dzień dobry, witam,
        za pomoc, za odpowiedź, za szybką odpowiedź, za informację, działa, już działa, wszystko działa, świetnie,
        idealnie, w porządku""",
    ),
    "cs": (
        "děkuji, děkuju, děkujeme, díky, dík",
        """moc, mockrát, mnohokrát, velmi, srdečně, ještě jednou, vám, ti, předem, dobrý den, za pomoc, za odpověď,
        za rychlou odpověď, za informaci, funguje, už funguje, to funguje, výborně, skvělé, v pořádku""",
    ),
    "pt": (
        "obrigado, obrigada, obrigados, brigado, agradeço, agradecemos, agradecido, agradecida, valeu, grato, grata",
        """muito, mesmo, mais uma vez, desde já, a todos, olá, bom dia, pela ajuda, pela resposta,
        pela rápida resposta, pela atenção, pela informação, funciona, já funciona, funcionou, resolvido, perfeito,
        ótimo, excelente""",
    ),
    "hr": (
        "hvala, zahvaljujem, zahvaljujemo",
        """puno, lijepa, lijepo, najljepša, mnogo, vam, vama, ti, još jednom, unaprijed, dobar dan, na pomoći,
        na odgovoru, na brzom odgovoru, na informaciji, radi, sada radi, sve radi, odlično, savršeno, u redu""",
    ),
    "ru": (
        "спасибо, спс, благодарю, благодарим, признателен, признательна",
        """большое, огромное, вам, вас, тебе, очень, ещё раз, всем, заранее, здравствуйте, за помощь, за ответ,
        за быстрый ответ, за информацию, работает, всё работает, уже работает, помогло, отлично, понял, поняла,
        хорошо, супер""",
    ),
}
_ANYWHERE = "ok, okay, oki, super"


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(_WORD.findall(folded(phrase))) for phrase in text.split(","))


_THANKS = {language: _phrases(thanks) for language, (thanks, _) in _PHRASES.items()}
_BESIDE = {language: _phrases(f"{beside},{_ANYWHERE}") for language, (_, beside) in _PHRASES.items()}


def is_thanks(text: str, name: str = "") -> bool:
    """Whether the new words of a mail are a bare thank-you in one of our languages.

    name  of the author, who may sign with it
    """
    if len(text) > _MOST_CHARACTERS or _QUESTION.search(text):
        return False
    words = tuple(_WORD.findall(folded(text)))
    own = {(word,) for word in _WORD.findall(folded(name))}
    return len(words) <= _MOST_WORDS and any(
        _says(words, thanks, _BESIDE[language] | own) for language, thanks in _THANKS.items()
    )


def _says(words: tuple[str, ...], thanks: frozenset[tuple[str, ...]], beside: frozenset[tuple[str, ...]]) -> bool:
    """Whether phrases cover all words, one of them a thanks."""
    plain, thanking = {0}, set[int]()  # how many words can be covered without, and with a thanks
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            phrase = words[start:end]
            if phrase in thanks and start in plain | thanking:
                thanking.add(end)
            if phrase in beside:
                plain |= {end} if start in plain else set()
                thanking |= {end} if start in thanking else set()
    return len(words) in thanking

"""Which of the configured languages the new words are in.

Sources  RFC 3282 (Content-Language), RFC 5646 §2.2.1 (primary subtag), RFC 4647 §3.4 (lookup).
         The field first; else small words and letters that tell the seven languages we write apart from each other and
         from their neighbours, without a model. Unsure is an answer: None.
Not here  what is used instead (the contact's language, the mailbox's, the default).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MIN_LETTERS = 11
_ENOUGH = 1.5  # points: a word of one language alone is one, a letter of its own half of one
_LOOKED_AT = 4000  # characters; a language shows in the first lines
_CONFIDENT = 0.8
_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"[a-zA-Z]{2,8}(?:-[a-zA-Z0-9]{1,8}){0,3}")
_NOT_WORDS = re.compile(r"https?://\S{1,300}|\S{1,60}@\S{1,80}")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SMALL_WORDS = {
    "en": _set(
        "the and to of a is in you that it for on with as this have be are not at we i my can please from your "
        "was but or an will has when do if our would what which there does could how hello regards thanks thank "
        "any been "
        "still working works now yes fine log news get got need want why who sent send received yet again already "
        "since don't its very just only after before into about more than been were"
    ),
    "de": _set(
        "der die das und ist nicht ich sie wir ein eine einen mit für auf zu von den dem im es an bei auch aber "
        "oder wenn wie was kann können haben habe hat wird werden bitte noch nach mein meine unser ihre ihnen "
        "sehr danke hallo grüße freundlichen geehrte guten mir uns sich nur schon leider seit "
        "passt ja nein wann kommt bestellung passwort wurde rechnung fehler geht gibt immer jetzt vielen antwort "
        "anmelden zugang drucker keine kein diese dieser unsere ihrer morgen heute gestern mehr könnten könnte "
        "senden melden funktioniert"
    ),
    "pl": _set(
        "i w z na do nie się że to jest proszę dla o od po jak ale czy mam mi ja za przez przy mogę może już "
        "tylko bardzo dzień dobry dziękuję pozdrawiam pozdrowieniami witam są był jestem nas państwo mój moje "
        "moja tego które który być będzie ma ze oraz lub także gdy jeśli dlaczego kiedy "
        "działa działają są jakieś tak ten kiedy zamówienie nadal zalogować prosze moge sie zalogowac hasło błąd "
        "faktura fakturę drukarka wiadomość odpowiedź jeszcze dlatego dzisiaj wczoraj jutro nam państwa zgłoszenie "
        "pojawia"
    ),
    "cs": _set(
        "a v na se je že to s z do pro jsem jsme mi by jak ale nebo aby už není prosím děkuji dobrý den za od po "
        "při jsou byl bylo které který tak jen ještě mohu můžete vám vás nás mám máme má pozdravem můj moje ve ke "
        "když proč co bude také velmi "
        "něco ano kdy nemohu přihlásit přihlášení heslo tiskárna prosim prihlasit dobry dekuji zaslání odpověď "
        "zpráva zprávu nás ještě nyní tady dnes zítra objevuje fakturu požadavek není dorazí vyhovuje"
    ),
    "pt": _set(
        "o a de que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou "
        "quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos meu minha está "
        "obrigado obrigada olá bom dia tenho gostaria posso podem foi fazer favor você vocês estou cumprimentos "
        "nosso nossa são "
        "há novidade alguma encomenda consigo senha obrigada ajudem fatura nao impressora aparece chega então agora "
        "ainda hoje ontem amanhã qual pelas aqui mensagem minhas preciso conta pode ser"
    ),
    "hr": _set(
        "i u je se na za da od su sam ne s a o iz po kako ali što ili to koji koja koje mi smo nije već samo "
        "molim hvala dobar dan poštovani poštovanje pozdrav lijep mogu možete biti bio bila bilo vas vam nas nam "
        "moj moja moje imam imamo kada gdje zašto jer sve još do pri li te ću ćemo "
        "radi ima sad ponovno pošaljite račun nakon pojavljuje greška prijave odgovara stiže narudžba odgovoru dalje "
        "prijaviti lozinka pisač novosti postovani hvala danas jučer sutra ovaj ova ovo nema nemam ili kod upit "
        "poruka"
    ),
    "ru": _set(
        "и в не на я что с по это как а у мы вы к за от из для но же бы так все мне меня нас вас вам есть или "
        "если был была было когда только уже еще ещё можно могу прошу пожалуйста спасибо здравствуйте добрый день "
        "уважением мой моя "
        "принтер работает ли новости теперь пришлите счёт раз после ошибка да подходит придёт заказ ответ всё войти "
        "систему пароль нет нам почему где сейчас сегодня вчера завтра очень который письмо заявка появляется"
    ),
}  # fmt: skip
# languages whose texts must not be taken for one of the seven; only what the seven do not have counts for them
_NEIGHBOURS = {
    "es": _set(
        "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí "
        "porque esta entre cuando muy sin sobre también me hasta hay donde desde nos durante ni contra ese eso "
        "buenos días gracias saludos hola puede nuestro nuestra ayer tengo estoy favor quisiera ustedes"
    ),
    "fr": _set(
        "de la le et les des en un une du est que qui dans pour au pas sur ne se ce il avec plus par je vous nous "
        "mon ma mes votre notre bonjour merci cordialement mais ou si cette depuis être avoir été sont ai peut "
        "pouvez hier très aussi"
    ),
    "it": _set(
        "di e che la il un a per è in una non sono mi ha con si lo ho le del della nel al ma come da più anche se "
        "gli questo questa buongiorno grazie saluti cordiali ieri nostro nostra può potete vorrei dal alla"
    ),
    "nl": _set(
        "de het een en van is in op te dat niet voor met zijn ik je we wij u er aan maar om ook als bij of uit "
        "naar kan kunt heb hebben wordt onze mijn graag bedankt groeten hallo goedendag sinds gisteren geen nog"
    ),
    "sv": _set(
        "och att det i en som på är av för med till den inte jag har de vi om ett men var kan från hej tack "
        "hälsningar min vår sedan igår skulle ni er så eller när finns"
    ),
    "sk": _set(
        "a v na sa je že to s z do pre som sme mi by ako ale alebo aby už nie prosím ďakujem dobrý deň za od po "
        "pri sú bol bolo ktoré ktorý tak len ešte môžem môžete vám vás nás mám máme má môj moje keď prečo čo bude "
        "tiež veľmi včera nefunguje"
    ),
    "bg": _set(
        "не се да съм за от на и в с че това как има или ни ми ви което който която са беше бъде може мога моля "
        "благодаря здравейте имам нямам поръчка работи ще кога бързия отговор принтерът вече още"
    ),
    "uk": _set(
        "і в не на я що з по це як а у ми ви до за від із для але ж би так все мені мене нас вас вам є або якщо "
        "був була було коли тільки вже ще можна можу прошу будь ласка дякую добрий день вітаю повагою мій моя та "
        "також"
    ),
}  # fmt: skip
# letters that one of the seven has and its neighbours have not
_LETTERS = {
    "de": _set("ä ö ü ß"),
    "pl": _set("ą ę ł ń ś ź ż"),
    "cs": _set("ě ř ů ť ď ň ý"),
    "pt": _set("ã õ ç ê â à"),
    "hr": _set("đ ć"),
    "ru": _set("ы э ё"),
}
_FOREIGN = _set(
    "і ї є ґ ў ђ ј љ њ ћ џ ñ ¿ ø å æ œ ő ű ğ ş ı ț ș ă î û ë ï ľ ĺ ŕ ș þ ð"
)  # letters that none of the seven has


@dataclass(frozen=True, slots=True)
class Language:
    """A configured language or None, who says so, and how surely (0 to 1)."""

    code: str | None
    source: Literal["header", "detected", "none"]
    confidence: float


NO_LANGUAGE = Language(None, "none", 0.0)


def language_of(field: str | None, text: str, configured: Sequence[str]) -> Language:
    """The language of the new words.

    field  the value of Content-Language, None when there is none; counts when it names exactly one configured language
    """
    named = {code for tag in _CODE.findall(field or "") if (code := _configured(tag, configured)) is not None}
    if len(named) == 1 and len(_CODE.findall(field or "")) == 1:
        return Language(named.pop(), "header", 1.0)
    return _detected(text, configured)


def _configured(tag: str, configured: Sequence[str]) -> str | None:
    """The configured code that a tag means: `de-AT` is `de`, `pt` is `pt-PT` when only that is there."""
    by_code = {code.lower(): code for code in configured}
    primary = tag.lower().partition("-")[0]
    exact = by_code.get(tag.lower()) or by_code.get(primary)
    return exact or next((code for low, code in by_code.items() if low.partition("-")[0] == primary), None)


def _detected(text: str, configured: Sequence[str]) -> Language:
    words = _WORD.findall(_NOT_WORDS.sub(" ", text[:_LOOKED_AT].lower()))
    letters = sum(map(len, words))
    if letters < MIN_LETTERS:
        return NO_LANGUAGE
    scores = _scores(words)
    best, second = sorted(scores, key=lambda code: -scores[code])[:2]
    if scores[best] < max(_ENOUGH, len(words) / 12):  # too few small words: another language, or no sentences
        return NO_LANGUAGE
    confidence = round(scores[best] / (scores[best] + scores[second]), 2)
    code = _configured(best, configured)
    if code is None or confidence < _CONFIDENT:
        return NO_LANGUAGE
    return Language(code, "detected", confidence)


def _points() -> dict[str, tuple[tuple[str, float], ...]]:
    """For each small word, the languages that have it; what several share counts for less in each."""
    ours = frozenset().union(*_SMALL_WORDS.values())
    small_words = _SMALL_WORDS | {code: small - ours for code, small in _NEIGHBOURS.items()}
    words = frozenset().union(*small_words.values())
    sharing = {word: [code for code, small in small_words.items() if word in small] for word in words}
    return {word: tuple((code, len(codes) ** -2.0) for code in codes) for word, codes in sharing.items()}


_POINTS = _points()


def _scores(words: Sequence[str]) -> dict[str, float]:
    """Points for each language."""
    scores = dict.fromkeys((*_SMALL_WORDS, *_NEIGHBOURS), 0.0)
    foreign = 0
    for word in words:
        for code, points in _POINTS.get(word, ()):
            scores[code] += points
        if not word.isascii():
            letters = set(word)
            for code, own in _LETTERS.items():
                scores[code] += 0.0 if own.isdisjoint(letters) else 0.5
            foreign += not _FOREIGN.isdisjoint(letters)
    return {code: max(score - 0.7 * foreign, 0.0) for code, score in scores.items()}

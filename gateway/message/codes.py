"""A machine's text without the codes in it: what proves to a service that somebody reads this mailbox.

A stranger can have a service send its code to an address of ours, or the link that does the same; a notification must
not hand it on. Two things have to come together: the name of a code, in one of our languages, and beside it something
that looks like one. Numbers that are called otherwise (orders, invoices, telephones, amounts, dates) stay. A word that
is many things (“code”, “PIN”) counts where the text speaks of proving or of logging in, or where it is somebody's own
and the number stands right beside it.
Sources  agents-by-mail.md §5. Of a link its host stays, so that a reader knows what it was; one is hidden only near
         words that say what it does: a token in a link to an invoice opens nothing but that.
Not here  which mails are a machine's (classify.py), who is shown this (ticket/notices.py).
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gateway.message.fold import folded

HIDDEN = "••••••"  # as long as this whatever was there
_MOST = 8_000  # characters that are looked at: mails to agents show a quarter of them
_REACH, _BEFORE, _LOOSE, _AROUND = 80, 60, 80, 100  # characters between a name and its code; around a name
_LINES_BELOW, _LINES_ABOVE = 4, 2  # with words in them, between a name and a line that is nothing but a code
_DIRECT = 40  # characters between a code and whose it is
_MOST_REPEATED = 20  # codes that are looked for wherever they stand once more


class _Plain(dict[int, str]):
    """For str.translate: each character as the names below are written, so that no place in the text moves."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter.isspace() and letter != "\n":
            self[code] = " "
        elif unicodedata.category(letter) == "Pd":
            self[code] = "-"
        else:
            self[code] = (folded(letter) or letter)[0]
        return self[code]


_PLAIN = _Plain()

# --- names of codes, as they are folded ---
_NAME = re.compile(
    r"(?<![\w-])(?P<of>[\w-]{0,25}?)"
    r"(?P<noun>passcodes?|codes?|kod(?:u|y|em|om)?|codigos?|код(?:а|у|ы|ом)?|pin|m?tan|otp"
    r"|(?P<pass>password|passwort|kennwort|hasl[oa]|hesl[oa]|senha|palavra-passe|lozink[aeu]|zapork[aeu]|парол[ья]))"
    r"(?![\w-])"
)
_BELONGS = re.compile(  # the words before it, or the beginning of its own, say that it proves something
    r"(?:verification|verify|security|confirmation|authenticat(?:ion|or)|authori[sz]ation|access|(?:log|sign)[- ]?in"
    r"|one[ -]?time|single[ -]use|temporary|activation|validation|two[ -](?:factor|step)|[2m]fa|recovery|backup"
    r"|reset|sms|einmal(?:ige[rsnm]?)?|bestatigungs?|verifi[a-z]{1,16}|sicherheits|zugangs|anmelde|aktivierungs|freigabe"
    r"|authentifizierungs|identifikations|pruf"
    r"|jednorazow\w{1,4}|weryfikacyjn\w{1,4}|autoryzacyjn\w{1,4}|jednorazov\w{1,4}|overovac\w{1,4}|potvrzovac\w{1,4}"
    r"|bezpecnostn\w{1,4}|autorizacn\w{1,4}|prihlasovac\w{1,4}|aktivacn\w{1,4}|pristupov\w{1,4}|kontroln\w{1,4}"
    r"|verifikacijsk\w{1,4}|potvrdn\w{1,4}|sigurnosn\w{1,4}|jednokratn\w{1,4}|aktivacijsk\w{1,4}|pristupn\w{1,4}"
    r"|autorizacijsk\w{1,4}|autentifikacijsk\w{1,4}"
    r"|одноразов\w{1,4}|проверочн\w{1,4}|защитн\w{1,4}|временн\w{1,4}|смс)[ -]{0,2}\Z"
)
_IS_FOR = re.compile(  # the words behind it say so
    r" (?:weryfikacyjn|autoryzacyjn|potwierdz|dostepu|bezpieczenstwa|jednorazow|logowania|aktywacyjn|uwierzytelni"
    r"|sms\b|(?:pro|k|ke) (?:overeni|prihlaseni|potvrzeni|obnov)"
    r"|de (?:verifica|confirma|seguranca|acesso|autentica|autoriza|ativa|valida|login|(?:uso|utilizacao) unic)"
    r"|unic[ao]\b|temporari|za (?:potvrd|prijav|provjer|verifik|aktivac)"
    r"|(?:для )?(?:подтвержд|доступ|безопасн|проверк|авторизац|активац|верификац|аутентификац|вход|восстановл|регистр))"
)
_ONCE = re.compile(r"one[ -]?time|single[ -]use|temporary|einmal|jednoraz|jednokrat|unic|temporari|одноразов|временн")
_OTHER_CODE = re.compile(  # what it is when it is called so
    r"\b(?:discount|promo|coupon|voucher|gift|post|zip|area|country|dial|product|item|article|error|status|exit|return"
    r"|tracking|booking|reserv|dress|source|bar|qr|order|refer|customer|tax|branch|sort|swift|invit|member|colou?r"
    r"|pick-?up|collect|door|gate|rabatt|gutschein|aktions|vorteils|fehler|artikel|buchung|kunden|sendung|abhol|landes"
    r"|lander|farb|rabat|pocztow|kreskow|bledu|odbioru|slev|darkov|postovn|smerovac|chyb|carov|desconto|barras|erro\b"
    r"|produ|popust|poklon|postansk|gresk|preuzim|скидк|почтов|ошибк|товар|промо)"
)
_OTHER_USE = re.compile(r" (?:of|review|coverage|quality|snippet|sample|style|base|change|owner)")
_WHOSE = re.compile(
    r"\b(?:your|ihr\w{0,2}|dein\w{0,2}|twoj\w{0,2}|vas\w{0,3}|tvuj|tvoj\w{0,2}|seu|sua|teu|tua|vosso|ваш\w{0,2}|тво\w{1,2})"
    r"(?: [\w.&+'-]{1,20}){0,3}[ -]{0,2}\Z"
)
_CONFIRMS = re.compile(r"confirm|bestatig|potwierdz|potvr|подтвержд")

# --- what the text around speaks of ---
_PROVING = re.compile(
    r"verif|authentic|\bsign(?:ing)?[ -]?in\b|\blog(?:ging)?[ -]?[io]n\b|password|two[ -](?:factor|step)|\b2fa\b"
    r"|one-time|identity|(?:not|n.t|never) share|expires? |valid for \d|(?:not|n.t) (?:request|try|ask)"
    r"|confirm (?:your|this|that) (?:e-?mail|ident|account|address|login|device)"
    r"|bestatigen|anmeld|einlogg|passwort|kennwort|identitat|minuten gultig|nicht angefordert|zwei-faktor"
    r"|weryfik|zalog|logowan|\bhasl|potwierdz|\bwazny|nie podawaj|nikomu|tozsamosc"
    r"|\bover(?:en|it|te|ov)|prihlas|\bhesl|potvr[dz]|\bplati |nesdel|totoznost"
    r"|iniciar sessao|\blogin\b|\bsenha|palavra-passe|autentic|\bexpira|nao (?:partilhe|compartilhe)|identidade"
    r"|confirmar|provjer|\bprijav|lozink|vrijedi|dijeliti|identitet"
    r"|подтвер|\bвход|\bвойти|авториз|\bпарол|никому|действ|личност"
)
_BARGAIN = re.compile(
    r"%|discount|\boff\b|voucher|coupon|\bgift|\bsale\b|rabat|gutschein|znizk|\bslev|\bkupon|desconto|\bcup(?:ao|om)|popust"
    r"|скидк|купон|meeting|webinar|\bzoom\b|besprechung|spotkani|schuzk|reunia|sastan|встреч|конференц"
)
_TRAVEL = re.compile(
    r"reserv|booking|\bflight|check-in|\bbuchung|\bflug|rezerw|rezerv|\blet \d|\bvoo\b|брониров|\bрейс"
)

# --- what looks like a code ---
_LEFT, _RIGHT = r"(?<![\w@#+/\\=-])(?<!\d[.,:])(?<!\d\d )", r"(?![\w@/\\=%])(?![.,:]\d)(?!-\w)(?! ?%)(?! \d\d)(?!@)"
_CODE = re.compile(
    rf"{_LEFT}(?:"
    r"(?P<digits>(?:[A-Z]{1,3}-)?\d{4,8}|\d{3}(?:[ -]\d{3}){1,2}|\d{4}[ -]\d{4}|\d\d(?:[ -]\d\d){2,3}|\d(?: \d){3,7})"
    r"|(?P<mixed>(?=[A-Za-z-]{0,12}\d)(?=[\d-]{0,12}[A-Za-z])[A-Za-z\d]{3,8}(?:-[A-Za-z\d]{3,8}){1,3}"
    r"|(?=[A-Za-z]{0,9}\d)(?=\d{0,9}[A-Za-z])[A-Za-z\d]{5,10})"
    r"|(?P<letters>[A-Z]{3,4}(?:-[A-Z]{3,4}){1,2}|(?:[A-Z]{4,8}|[a-z]{3,8}(?:-[a-z]{3,8}){2,4})(?=[ .]{0,4}$))"
    rf"){_RIGHT}",
    re.MULTILINE,
)
_DIGITS = re.compile(r"(?<!\w)[^\W\d]{0,20}\d\w{0,40}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DAY = re.compile(r"[0-3]\d-[01]\d-\d\d|\d\d-[01]\d-[0-3]\d")
_MEASURED = re.compile(r"\d{1,4}[a-z]{1,8}")  # 10minutes
_MONEY_BEFORE = re.compile(r"(?:[€$£]|\b(?:eur|usd|gbp|pln|czk|brl|rub)) ?\Z")
_MONEY_BEHIND = re.compile(
    r" ?(?:[€$£]|(?:eur|usd|gbp|pln|czk|kc|zl|kn|brl|rub|руб|lines|files|tests|items|pieces|points|users"
    r"|[kmg]b|k[gm])\b)"
)
_CALLED = re.compile(  # what stands before a number that is something else
    r"\b(?P<what>order|invoice|track|parcel|ship|ticket|case|ref|custom|account|acct|card|book|reserv|flight|contract|polic"
    r"|phone|tel|call|fax|mobile|meeting|build|version|room|amount|total|trans|pay|iban|vat|zip|post|incident|rma|serial"
    r"|model|article|item|sku|ending|port|locker|commit|revision|release|branch|user|client|bestell|rechnung|sendung|paket|auftrag|kunde|vertrag|konto|karte|buchung"
    r"|ruf|betrag|vorgang|aktenzeichen|plz|artikel|zimmer|fach|zamow|faktur|przesyl|paczk|zglosz|klient|kont|kart"
    r"|rezerw|umow|kwot|przelew|spraw|objedn|zasil|balik|zakazn|uct|ucet|rezerv|smlouv|castk|platb|psc|symbol|encomend"
    r"|pedido|fatura|cliente|conta|cartao|reserva|contrato|telem|valor|processo|envio|narudzb|racun|posilj|kupac|klijent"
    r"|ugovor|iznos|poziv|predmet|заказ|счет|отправл|посыл|клиент|карт|брон|договор|тел|сумм|заявк|обращ|операц)\w{0,14}"
    r"(?P<number>(?:[ .]{1,3}|-)?(?:no|nr|num|number|nummer|numer\w?|cislo|c|broj|n|id|in|auf|номер|№)\b)?"
    r"(?P<is>[ .]{0,3}(?:[:-]|\b(?:is|ist|lautet|to|je|e|sao)\b))?[ .:#№(]{0,4}\Z"
)
_LABEL = 40  # characters of it

# --- links ---
_LINK = re.compile(r"https?://[^\s<>\"'()\[\]]{4,2000}", re.IGNORECASE)
_OPENS = re.compile(  # what a link does that is as good as a code; not what can be read behind it
    r"magic link|passwordless|one-time link|\bsign(?:ing)? in (?:to|with)|\blog(?:ging)? in (?:to|with)"
    r"|\b(?:verif|confirm|activat|validat|reset|recover|unlock|set|choose|complet)\w{0,6}\b[^.!?\n]{0,40}?"
    r"\b(?:e-?mail|address|account|password|identity|registration|sign-?up|login|device)"
    r"|\b(?:bestatig|verifizier|aktivier|zuruck|freischalt)\w{0,6}\b[^.!?\n]{0,40}?"
    r"\b(?:e-?mail|adresse|konto|passwort|kennwort|registrierung|anmeldung|identitat)"
    r"|\b(?:e-?mail|adresse|konto|passwort|kennwort|registrierung)\w{0,8}\b[^.!?\n]{0,40}?"
    r"\b(?:bestatig|verifizier|aktivier|zuruck|freischalt)"
    r"|\b(?:potwierdz|zweryfik|weryfik|aktyw|zresetuj|ustaw)\w{0,6}\b[^.!?\n]{0,40}?"
    r"\b(?:e-?mail|adres|kont[oa]|hasl|rejestrac|tozsam)"
    r"|\b(?:potvr|over|aktivujte|obnov|nastav)\w{0,6}\b[^.!?\n]{0,40}?\b(?:e-?mail|adres|ucet|uctu|hesl|registrac)"
    r"|\b(?:confirm|verifi|ativ|redefin|repo|recuper)\w{0,6}\b[^.!?\n]{0,40}?"
    r"\b(?:e-?mail|endereco|conta\b|senha|palavra-passe|registo|cadastro|identidade)"
    r"|\b(?:potvrd|provjer|verific|aktivir|postav)\w{0,6}\b[^.!?\n]{0,40}?"
    r"\b(?:e-?mail|e-?adres|adres|korisnicki racun|lozink|registracij|identitet)"
    r"|\b(?:подтверд|активир|сброс|восстанов)\w{0,8}[^.!?\n]{0,40}?"
    r"\b(?:почт|адрес|e-?mail|аккаунт|учетн|парол|регистрац|личност)"
)
_ELSEWHERE = re.compile(  # right before a link: where it leads to instead
    r"\b(?:unsubscrib|preferences|settings|privacy|terms|help|faq|support|order|invoice|track|receipt|abmeld|abbestell"
    r"|bestell|rechnung|sendung|datenschutz|wypis|zamow|faktur|przesyl|odhlas|objedn|zasil|cancelar|encomenda|pedido|fatura"
    r"|odjav|narudzb|racun\b|posilj|отпис|заказ|счет|посыл)\w{0,12}[^\w\n]{0,6}\Z"
)
_NEAR = 160  # characters before a link that say what it does
_TOKEN = re.compile(
    r"(?<![a-z\d])(?:[a-f\d]{8}(?:-[a-f\d]{4}){3}-[a-f\d]{12}|(?=[a-z]{0,40}\d)(?=\d{0,40}[a-z])[a-z\d]{12}|[a-z\d]{24})",
    re.IGNORECASE,
)
_SECRET = re.compile(r"[?&;](?:code|otp|token|pin|key|confirm\w{0,12}|verif\w{0,12})=[^&;\s]{4}", re.IGNORECASE)

_CLAUSE = re.compile(r"[.!?;](?:\s|\Z)|\n[ \t]*\n[ \t]*\S[^\n]{0,80}\S[ \t]*\n")  # ends what was begun to be said
_BEGINS = re.compile(r"(?:\A|[.!?;:\])>|])[\s*_\"'“„»]*\Z")
_ORNAMENT = " \t*>|_=#·•:.[]()\"'“”„«»-–—"
_IS = r"(?:is|are|ist|lautet|to|je|jsou|e|sao|su|это)"
_CONNECTS = re.compile(rf"[\W_]{{0,6}}{_IS}?[\W_]{{0,8}}")
_SAYS = re.compile(rf"(?:\b{_IS}|:)[\W_]{{0,8}}\Z")
_MOST_WORDS = 8  # between a code and its name


@dataclass(frozen=True, slots=True)
class _Named:
    """A name of a code."""

    start: int
    end: int
    strong: bool  # whether it is nothing else
    whose: bool  # whether it is somebody's own


@dataclass(frozen=True, slots=True)
class _Seen:
    """Something that looks like a code."""

    start: int
    end: int
    digits: bool  # whether it is digits alone, as no word is
    letters: bool  # whether it is letters alone, as many words are
    alone: int | None  # the number of its line, where it is all of that; else None


def masked(text: str, *, holds_code: bool = False) -> str:
    """The text with `HIDDEN` in the place of each code; its first 8000 characters: what is not looked at is not shown.

    holds_code  whether there surely is one in it: then all goes that looks like one and is not called otherwise
    """
    reading = _Reading(unicodedata.normalize("NFC", text[:_MOST]))
    found = sorted({*reading.codes(holds_code=holds_code), *reading.links()})
    if not found:
        return text[:_MOST]
    out, at = list[str](), 0
    for start, end in found:
        if start >= at:
            out += (reading.text[at:start], HIDDEN)
        at = max(at, end)
    return "".join((*out, reading.text[at:]))


class _Reading:
    """A text, and what of it looks like what."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = text.translate(_PLAIN)

    def codes(self, *, holds_code: bool) -> Iterator[tuple[int, int]]:
        """The places of all codes."""
        if holds_code:
            found = [seen for seen in self._seen if not self._is_called(seen, 0)]
            if not found:  # it has another form: then nothing with digits is shown
                yield from (m.span() for m in _DIGITS.finditer(self.plain))
        else:
            found = [seen for name in self._names for seen in self._of(name)]
            found = found or [seen for name in self._names for seen in self._near(name)]
        yield from ((seen.start, seen.end) for seen in found)
        values = list(dict.fromkeys(re.escape(self.text[seen.start : seen.end]) for seen in found))[:_MOST_REPEATED]
        if values:
            yield from (m.span() for m in re.finditer(rf"(?<!\w)(?:{'|'.join(values)})(?!\w)", self.text))

    def links(self) -> Iterator[tuple[int, int]]:
        """The places of what stands behind the host in links that prove or open something."""
        for link in _LINK.finditer(self.text):
            host_end = self.text.find("/", link.start() + 8, link.end())
            behind = link[0][host_end - link.start() :].rstrip(".,;:!?") if host_end > 0 else ""
            if not (_TOKEN.search(behind) or _SECRET.search(behind)):
                continue
            before = _LINK.sub(" ", self.plain[max(0, link.start() - _NEAR) : link.start()])
            if _OPENS.search(before) and not _ELSEWHERE.search(before[-_LABEL:].rpartition("\n")[2]):
                yield host_end + 1, host_end + len(behind)

    # --- names ---

    @cached_property
    def _names(self) -> Sequence[_Named]:
        if not self._seen:
            return ()
        found = [named for m in _NAME.finditer(self.plain) if (named := self._named(m)) is not None]
        proves = self._speaks_of_proving or any(name.strong for name in found)
        return found if proves else [name for name in found if name.whose]

    @cached_property
    def _proves(self) -> bool:
        return self._speaks_of_proving or any(name.strong for name in self._names)

    @cached_property
    def _speaks_of_proving(self) -> bool:
        return _PROVING.search(self.plain) is not None

    @cached_property
    def _travels(self) -> bool:
        return _TRAVEL.search(self.plain) is not None

    def _named(self, found: re.Match[str]) -> _Named | None:
        """What such a word is; None: the name of something else."""
        start, end, noun = found.start(), found.end(), found["noun"]
        said = f"{self.plain[max(0, start - _REACH) : start].rpartition(chr(10))[2]}{found['of']}"
        behind = self.plain[end : end + _REACH].partition("\n")[0]
        if noun in ("pin", "tan") and not self.text[found.start("noun") : end].isupper():
            return None
        last = " ".join(said.split(" ")[-3:])
        if _OTHER_CODE.search(last) or _OTHER_CODE.match(behind.strip()) or _OTHER_USE.match(behind):
            return None
        strong = noun in ("otp", "mtan", "tan") or bool(_BELONGS.search(said) or _IS_FOR.match(behind))
        if found["pass"]:
            own = f"{last} {behind[:24]}"
            return _Named(start, end, strong=True, whose=True) if strong and _ONCE.search(own) else None
        around = self.plain[max(0, start - _AROUND) : end + _AROUND]
        if strong and _CONFIRMS.search(f"{last} {behind[:24]}") and self._travels:
            return None
        if not strong and _BARGAIN.search(around):
            return None
        return _Named(start, end, strong, bool(_WHOSE.search(said)))

    # --- what looks like one ---

    @cached_property
    def _seen(self) -> Sequence[_Seen]:
        found = (self._looks(m) for m in _CODE.finditer(self._spaced))
        return [seen for seen in found if seen is not None]

    @cached_property
    def _spaced(self) -> str:
        """With one kind of blank and one kind of dash, and without links."""
        plain = "".join(p if p in " -" else t for t, p in zip(self.text, self.plain, strict=True))
        return _LINK.sub(lambda link: "/" * len(link[0]), plain)

    @cached_property
    def _lines(self) -> Sequence[int]:
        """Where each line with words begins."""
        return [m.start() for m in re.finditer(r"^(?=[^\n]*\S)", self.text, re.MULTILINE)]

    def _looks(self, found: re.Match[str]) -> _Seen | None:
        start, end, said = found.start(), found.end(), found[0]
        is_alone = self._is_alone(start, end)
        if found["mixed"] and (_MEASURED.fullmatch(said) or said.isalpha()):
            return None
        if not is_alone and _DAY.fullmatch(said):
            return None
        around = self.plain[max(0, start - 6) : start], self.plain[end : end + 6]
        if _MONEY_BEFORE.search(around[0]) or _MONEY_BEHIND.match(around[1]):
            return None
        number = bisect_left(self._lines, start + 1) - 1
        return _Seen(
            start, end, found["digits"] is not None, found["letters"] is not None, number if is_alone else None
        )

    def _is_alone(self, start: int, end: int) -> bool:
        """Whether its line is nothing else but ornaments, few of them."""
        before, behind = self.text[self._line_before(start) : start], self.text[end : end + _LABEL].partition("\n")[0]
        return len(before) < _LABEL > len(behind) and not f"{before}{behind}".strip(_ORNAMENT)

    def _line_before(self, place: int) -> int:
        """Where the line of a place begins, or so many characters before it."""
        near = max(0, place - _LABEL)
        return max(near, self.text.rfind("\n", near, place) + 1)

    def _is_called(self, seen: _Seen, since: int, *, goes_on: bool = False) -> bool:
        """Whether the words before it say that it is something else.

        since    where those begin.  goes_on  whether a name of a code stands before them, in the same clause: then they
                 may say whom it is for
        """
        called = _CALLED.search(self.plain, max(since, self._line_before(seen.start)), seen.start)
        return called is not None and not (goes_on and called["is"] and not called["number"])

    # --- which is whose ---

    def _of(self, name: _Named) -> Iterator[_Seen]:
        """Those that are said to be this one, and those that go on below it."""
        before, behind = self._in_front(name), self._behind(name)
        said = behind is not None and _SAYS.search(self.plain, name.end, behind.start) is not None
        found = [seen for seen in (before, behind) if seen is not None]
        if before is not None and before.digits and not said:
            found = [before]
        alone = None if found else self._below(name) or self._above(name)
        yield from (*found, *((alone,) if alone is not None else ()))
        last = alone or behind or before
        while last is not None and last.alone is not None:
            if (last := self._alone_in.get(last.alone + 1)) is not None:
                yield last

    def _in_front(self, name: _Named) -> _Seen | None:
        """`482913 is your Acme code`"""
        for seen in reversed(self._seen[: self._after(name.start)]):
            between = self.plain[seen.end : name.start]
            if len(between) > _BEFORE:
                return None
            if _CLAUSE.search(between) or "," in between or ":" in between or len(between.split()) > _MOST_WORDS:
                continue
            last = self.text[seen.end : name.end].rpartition("\n")[2]
            if seen.alone is None and "\n" in between and not last[:1].islower():  # no sentence that was broken
                continue
            if (
                not _BEGINS.search(self.plain[self._line_before(seen.start) : seen.start])
                or self._is_year(seen)
                or self._is_called(seen, 0)
            ):
                continue
            if self._counts(name, direct=name.whose and len(between) <= _DIRECT):
                return seen
        return None

    def _behind(self, name: _Named) -> _Seen | None:
        """`Your code for Acme is 482913`: the first; letters alone only where nothing has a digit."""
        words: _Seen | None = None
        for seen in self._seen[self._after(name.end) :]:
            between = self.plain[name.end : seen.start]
            if len(between) > _REACH or _CLAUSE.search(between):
                break
            direct = _CONNECTS.fullmatch(between) is not None
            if self._is_called(seen, name.end, goes_on=True) or not self._counts(name, direct=direct and name.whose):
                continue
            if self._is_year(seen) and not direct:
                continue
            if not seen.letters:
                return seen
            words = words or (seen if direct or seen.alone is not None else None)
        return words

    def _below(self, name: _Named) -> _Seen | None:
        here = bisect_left(self._lines, name.start + 1) - 1
        return self._alone(name, here + 1, here + _LINES_BELOW)

    def _above(self, name: _Named) -> _Seen | None:
        here = bisect_left(self._lines, name.start + 1) - 1
        return self._alone(name, here - _LINES_ABOVE, here - 1)

    @cached_property
    def _alone_in(self) -> Mapping[int, _Seen]:
        return {seen.alone: seen for seen in reversed(self._seen) if seen.alone is not None}

    def _alone(self, name: _Named, first: int, last: int) -> _Seen | None:
        """The first line that is nothing but a code, of these."""
        if not self._counts(name, direct=False):
            return None
        lines = [seen for line in range(first, last + 1) if (seen := self._alone_in.get(line)) is not None]
        return next((seen for seen in lines if not seen.letters), lines[0] if lines else None)

    def _near(self, name: _Named) -> Iterator[_Seen]:
        """Where nothing is said to be a code: what stands nearest to its name."""
        if not self._counts(name, direct=False):
            return
        around = self._seen[self._after(name.start - _LOOSE) : self._after(name.end + _LOOSE)]
        near = [seen for seen in around if not (seen.letters or self._is_called(seen, 0) or self._is_year(seen))]
        if near:
            yield min(near, key=lambda seen: abs(seen.start - name.end))

    def _counts(self, name: _Named, *, direct: bool) -> bool:
        return name.strong or direct or self._proves

    def _is_year(self, seen: _Seen) -> bool:
        return seen.alone is None and _YEAR.fullmatch(self.text, seen.start, seen.end) is not None

    def _after(self, place: int) -> int:
        """The index of the first that begins there or later."""
        return bisect_left(self._seen, place, key=lambda seen: seen.start)

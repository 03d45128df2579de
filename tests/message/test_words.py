"""Octets become letters: charsets, encoded words, parameters, file names, the language."""

import unicodedata

import pytest

from gateway.message.charset import clean, clean_line, codec, decode
from gateway.message.filename import clean_name
from gateway.message.header import decode_words, parameters, raw_text
from gateway.message.language import language_of
from tests.message.read import LANGUAGES, body_of, codes, mail

JAPANESE, GREEK, RUSSIAN = "こんにちは世界", "Καλημέρα κόσμε", "Добрый день, не работает принтер в офисе"


@pytest.mark.parametrize(
    ("octets", "label", "text"),
    [
        (b"plain", None, "plain"),
        ("größer".encode(), "utf-8", "größer"),
        ("größer".encode(), "iso-8859-1", "größer"),  # valid UTF-8 wins over a wrong label
        ("größer".encode(), "us-ascii", "größer"),
        (b"\xef\xbb\xbfwith a mark", "utf-8", "with a mark"),
        ("größer".encode("latin-1"), "iso-8859-1", "größer"),
        ("größer".encode("latin-1"), "utf-8", "größer"),
        ("größer".encode("latin-1"), None, "größer"),
        ("“größer” – 5 €".encode("cp1252"), "iso-8859-1", "“größer” – 5 €"),
        ("žluťoučký kůň".encode("iso8859-2"), "ISO-8859-2", "žluťoučký kůň"),
        ("žluťoučký kůň".encode("cp1250"), "windows-1250", "žluťoučký kůň"),
        (GREEK.encode("iso8859-7"), "iso-8859-7", GREEK),
        (RUSSIAN.encode("koi8-r"), "koi8-r", RUSSIAN),
        (RUSSIAN.encode("cp1251"), None, RUSSIAN),
        ("中文字體".encode("big5"), "big5", "中文字體"),
        ("镕".encode("gb18030"), "gb2312", "镕"),  # not in GB 2312 itself
        ("똠".encode("cp949"), "ks_c_5601-1987", "똠"),
        ("①".encode("cp932"), "shift_jis", "①"),
        (JAPANESE.encode("iso2022-jp"), "iso-2022-jp", JAPANESE),
        (JAPANESE.encode("euc-jp"), "euc-jp", JAPANESE),
        ("联通".encode("gbk"), "gbk", "联通"),  # happens to be valid UTF-8
        ("a\n".encode("utf-16"), "utf-16", "a\n"),
        (b"no zeros, so no utf-16", "utf-16", "no zeros, so no utf-16"),
        (b"\x1b$B", "iso-2022-jp", ""),
        ("größer".encode("latin-1"), "foo-8", "größer"),
        ("größer".encode(), "utf-8\0", "größer"),
        # never executed, unpacked or turned into markup
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),
        (b"\\u003cscript", "unicode_escape", "\\u003cscript"),
        (b"<nfpevcg>", "rot13", "<nfpevcg>"),
        (b"x\x9c", "zip", "xœ"),
        (b"abc", "idna", "abc"),
        (b"abc", "punycode", "abc"),
        (b"abc", "undefined", "abc"),
        (b"abc", "../../x", "abc"),
    ],
)
def test_c07_letters(octets: bytes, label: str | None, text: str):
    assert decode(octets, label)[0] == text


@pytest.mark.parametrize(
    "label", ["utf-7", "unicode_escape", "zip", "rot13", "idna", "punycode", "undefined", "hex", ""]
)
def test_c07_codecs_that_are_refused(label: str):
    assert codec(label) is None


def test_c07_a_wrong_charset_is_one_defect():
    message = body_of("größer\r\n".encode("latin-1") * 100, "text/plain; charset=utf-8")
    assert message.text.startswith("größer\ngrößer")
    assert [d.code for d in message.defects] == ["charset-wrong"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\ud800b", "a\ufffdb"),
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("a\tb", "a\tb"),
        ("u\u0308", "ü"),
    ],
)
def test_c08_text_that_every_store_takes(text: str, expected: str):
    assert clean(text) == expected
    assert unicodedata.is_normalized("NFC", clean(text))


def test_c08_in_every_place():
    message = mail(
        "Subject: a\0b\x1b", "X-Field: \udcff".encode("utf-8", "surrogatepass").decode("latin-1"), body="a\0b"
    )
    assert message.subject == "a\ufffdb\ufffd"
    assert message.text == "a\ufffdb"
    assert all(clean_line(f.value) == f.value for f in message.fields)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("=?utf-8?q?gr=C3=B6=C3=9Fer?=", "größer"),
        ("=?UTF-8?B?Z3LDtsOfZXI=?=", "größer"),
        ("=?utf-8?b?Z3LDtsOfZXI?=", "größer"),  # padding forgotten
        ("=?iso-8859-1*de?q?gr=F6=DFer?=", "größer"),
        ("=?utf-8?q?gr=C3?= =?utf-8?q?=B6=C3=9Fer?=", "größer"),  # a letter cut in two
        ("=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("Re:=?utf-8?q?_a_b?=", "Re: a b"),
        ("=?utf-8?q?a b?=", "a b"),  # a blank that does not belong there
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
        ("=?utf-7?q?+ADw-?=", "+ADw-"),
        ("=?x?b?AAECAwQ=?=", "=?x?b?AAECAwQ=?="),
        ("=?utf-8?b?nnDusSNdG92w6Fuw61f?=", "=?utf-8?b?nnDusSNdG92w6Fuw61f?="),  # no text in any reading
        ("größer", "größer"),
        (raw_text("größer".encode("latin-1")), "größer"),
    ],
)
def test_encoded_words(written: str, expected: str):
    assert decode_words(written) == expected


@pytest.mark.parametrize(
    ("field", "value", "params"),
    [
        (b"text/plain", "text/plain", {}),
        (b"text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        (b'text/plain;charset="utf-8";;format=flowed;', "text/plain", {"charset": "utf-8", "format": "flowed"}),
        (b"text/plain (a comment); charset=utf-8 (b)", "text/plain", {"charset": "utf-8"}),
        (b'a/b; name="a;b\\"c"', "a/b", {"name": 'a;b"c'}),
        (b"a/b; name=my file.pdf; x=1", "a/b", {"name": "my file.pdf", "x": "1"}),
        (b'a/b; name="C:\\dir\\f.txt"', "a/b", {"name": "C:\\dir\\f.txt"}),
        (b"a/b; NAME=x", "a/b", {"name": "x"}),
        (b'a/b; name="=?utf-8?q?gr=C3=BCn.txt?="', "a/b", {"name": "grün.txt"}),
        (b"a/b; name*=utf-8'de'gr%C3%BCn.txt", "a/b", {"name": "grün.txt"}),
        (b"a/b; name*=iso-8859-1''gr%FCn.txt; name=other.txt", "a/b", {"name": "grün.txt"}),
        (b"a/b; name*0=a; name*1=b.txt", "a/b", {"name": "ab.txt"}),
        (b"a/b; name*1*=%C3%BCn.txt; name*0*=utf-8''gr", "a/b", {"name": "grün.txt"}),
        (b"a/b; name*0*=utf-8''gr%C3; name*1*=%BCn.txt", "a/b", {"name": "grün.txt"}),
        ("a/b; name=grün.txt".encode(), "a/b", {"name": "grün.txt"}),
        (b'a/b; name="unclosed', "a/b", {"name": "unclosed"}),
        (b"a/b; =x; ; y", "a/b", {}),
        (b"", "", {}),
    ],
)
def test_parameters(field: bytes, value: str, params: dict[str, str]):
    found = parameters(field)
    assert (found.value, found.params) == (value, params)


@pytest.mark.p1
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe der Übung.pdf", "Größe der Übung.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.exe", "y.exe"),
        ("..%2f..%2fetc%2fpasswd", "passwd"),
        ("a/../b", "b"),
        ("dir/", "dir"),
        ("ann\u202efdp.exe", "annfdp.exe"),
        ("\u200b.htaccess", "htaccess"),
        ("/\u200b/x.txt", "x.txt"),
        ("a\0.txt", "a.txt"),
        ("a.php\n.jpg", "a.php.jpg"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("console.txt", "console.txt"),
        ("a.txt. . ", "a.txt"),
        ("", "part-1.2.pdf"),
        ("...", "part-1.2.pdf"),
        ("\u202e", "part-1.2.pdf"),
        ("u\u0308.txt", "ü.txt"),
        ("\ud800.txt", "?.txt"),
        ("😀" * 300 + ".png", "😀" * 49 + ".png"),
        ("x" * 300, "x" * 200),
        ("x." + "y" * 300, ("x." + "y" * 300)[:200]),
    ],
)
def test_c12_names_of_attachments(given: str, shown: str):
    name = clean_name(given, part="1.2", media_type="application/pdf")
    assert name == shown
    assert len(name.encode()) <= 200


SAMPLES = {
    "en": "Hello, the printer in our office does not work since yesterday. Could you please help us?",
    "de": "Guten Tag, der Drucker in unserem Büro funktioniert seit gestern nicht. Können Sie uns bitte helfen?",
    "pl": "Dzień dobry, drukarka w naszym biurze nie działa od wczoraj. Czy możecie nam pomóc? Proszę o kontakt.",
    "cs": "Dobrý den, tiskárna v naší kanceláři od včerejška nefunguje. Můžete nám prosím pomoci? Děkuji.",
    "pt": "Bom dia, a impressora do nosso escritório não funciona desde ontem. Podem ajudar, por favor? Obrigado.",
    "hr": "Dobar dan, pisač u našem uredu ne radi od jučer. Možete li nam molim vas pomoći? Hvala i lijep pozdrav.",
    "ru": "Добрый день, принтер в нашем офисе не работает со вчерашнего дня. Помогите, пожалуйста, что можно сделать?",
}


@pytest.mark.parametrize(("code", "text"), SAMPLES.items(), ids=SAMPLES)
def test_the_language_of_a_short_mail(code: str, text: str):
    found = language_of(None, text, LANGUAGES)
    assert (found.code, found.source) == (code, "detected")
    assert found.confidence >= 0.8


@pytest.mark.parametrize(
    ("field", "text", "configured", "expected"),
    [
        # Content-Language, new words, configured languages, language and source
        ("de", SAMPLES["en"], LANGUAGES, ("de", "header")),
        ("de-AT", "", LANGUAGES, ("de", "header")),
        ("pt-BR", "", ("en", "pt-BR"), ("pt-BR", "header")),
        ("pt", "", ("en", "pt-BR"), ("pt-BR", "header")),
        ("fr", SAMPLES["en"], LANGUAGES, ("en", "detected")),  # none of ours: look at the words
        ("de, en", SAMPLES["en"], LANGUAGES, ("en", "detected")),
        ("", SAMPLES["en"], LANGUAGES, ("en", "detected")),
        (None, SAMPLES["pl"], ("en", "de"), (None, "none")),
        (None, "Thanks!", LANGUAGES, (None, "none")),  # too few letters
        (None, "4711 4712 https://www.example.test/the/and/of/is", LANGUAGES, (None, "none")),
        (None, "Bonjour, l'imprimante de notre bureau ne marche plus depuis hier, merci.", LANGUAGES, (None, "none")),
        (None, "Buenos días, la impresora de nuestra oficina no funciona desde ayer.", LANGUAGES, (None, "none")),
        (None, "Xqzt vbrn klmp wrtz plkj mnbv qwrt zxcv", LANGUAGES, (None, "none")),
        (None, "", LANGUAGES, (None, "none")),
        ("x" * 5000, "", LANGUAGES, (None, "none")),
    ],
)
def test_language_and_source(
    field: str | None, text: str, configured: tuple[str, ...], expected: tuple[str | None, str]
):
    found = language_of(field, text, configured)
    assert (found.code, found.source) == expected


def test_quoted_words_do_not_count_for_the_language():
    quote = "\n".join(f"> {line}" for line in SAMPLES["en"].split(". "))
    message = mail(body=f"{SAMPLES['de']}\n\nOn 2 Nov 2026 at 09:12, Bob <bob@x.test> wrote:\n{quote}")
    assert message.language == "de"
    assert codes(message) == set()


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        # language, mails of one line
        ("en", ("Any news on this?", "It works now, thanks!", "Still not working.", "When will my order arrive?")),
        (
            "de",
            ("Der Drucker druckt nicht mehr.", "Wann kommt meine Bestellung an?", "Leider geht es immer noch nicht."),
        ),
        ("pl", ("Drukarka nie działa.", "Nie mogę się zalogować.", "Prosze o pomoc, nie moge sie zalogowac.")),
        ("cs", ("Je už něco nového?", "Nemohu se přihlásit.", "Dobry den, nemohu se prihlasit, prosim o pomoc.")),
        ("pt", ("Há alguma novidade?", "Não consigo entrar na minha conta.", "Nao consigo entrar, por favor ajudem.")),
        ("hr", ("Ima li novosti?", "Ne mogu se prijaviti.", "Kada stiže moja narudžba?")),
        ("ru", ("Есть ли новости?", "Всё ещё не работает.", "Когда придёт мой заказ?")),
    ],
)
def test_the_language_of_one_line(code: str, texts: tuple[str, ...]):
    assert [language_of(None, text, LANGUAGES).code for text in texts] == [code] * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        # one line in a neighbour's language is nobody's of ours
        "No puedo entrar en mi cuenta.",
        "Merci pour votre réponse rapide.",
        "La stampante non funziona.",
        "Wanneer komt mijn bestelling?",
        "Skrivaren fungerar inte.",
        "Ďakujem za rýchlu odpoveď.",
        "Дякую за швидку відповідь.",
        "Благодаря за бързия отговор.",
        "A nyomtató nem működik.",
        "Kiitos nopeasta vastauksesta.",
        "Hvala za hiter odgovor.",
        "Error: connection refused (os error 111)",
        "John Smith\nAcme Ltd\n+44 20 1234",
    ],
)
def test_other_languages_are_taken_for_none_of_ours(text: str):
    assert language_of(None, text, LANGUAGES).code is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        # new words in two languages, the one that most of them are in
        ("Hallo, der Drucker zeigt wieder diese Meldung, können Sie bitte nachsehen?\n\nError: out of paper", "de"),
        ("Dobrý den, prosím o pomoc s přihlášením, píše to: The password you entered is not correct.", None),
    ],
)
def test_mixed_words(text: str, code: str | None):
    assert language_of(None, text, LANGUAGES).code == code

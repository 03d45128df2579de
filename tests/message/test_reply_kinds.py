"""New words by kind of client: introductions in many languages, phones, our own text, the elements of HTML."""

import pytest

from gateway.message.reply import split_reply
from gateway.message.reply_html import quoted_text, split_html

ANN = "Ann Lee <ann@x.test>"


@pytest.mark.parametrize(
    "introduction",
    [
        # Gmail, Apple Mail, Thunderbird, Yandex, Zoho; wrapped or whole
        f"On Mon, Nov 2, 2026 at 9:12 AM {ANN} wrote:",
        "On Mon, Nov 2, 2026 at 9:12 AM Ann Lee <\nann@x.test> wrote:",
        "On 2 Nov 2026, at 09:12, Ann Lee wrote:",
        "On 02.11.26 09:12, Ann Lee wrote:",
        "On Nov 2, 2026 you wrote:",
        f"On Nov 2, 2026,\nat 09:12,\n{ANN} wrote:",
        f"Am Mo., 2. Nov. 2026 um 09:12 Uhr schrieb {ANN}:",
        "Am 02.11.2026 um 09:12 schrieb Ann Lee:",
        f"Le lun. 2 nov. 2026 à 09:12, {ANN} a écrit :",
        "El lun, 2 nov 2026 a las 9:12, Ann Lee (<ann@x.test>) escribió:",
        f"Em seg., 2 de nov. de 2026 às 09:12, {ANN}\nescreveu:",
        f"Il giorno lun 2 nov 2026 alle ore 09:12 {ANN} ha scritto:",
        f"Op ma 2 nov 2026 om 09:12 schreef {ANN}:",
        f"pon., 2 lis 2026 o 09:12 {ANN} napisał(a):",
        "W dniu 2.11.2026 o 09:12, Ann Lee pisze:",
        f"po 2. 11. 2026 v 9:12 odesílatel {ANN} napsal:",
        f"pon, 2. stu 2026. u 09:12 {ANN} napisao je:",
        f"пн, 2 нояб. 2026 г. в 09:12, {ANN}:",
        "02.11.2026, 09:12, \"Ann Lee\" <ann@x.test>:",
        f"ma 2. marrask. 2026 klo 9.12 {ANN} kirjoitti:",
        f"2026年11月2日(月) 9:12 {ANN}:",
        f"On Mon, 02 Nov 2026 09:12:00 +0100 {ANN} wrote",
        f"---- On Mon, 02 Nov 2026 09:12:00 +0100 {ANN} wrote ----",
        "----------------\nКому: Desk (desk@y.test);\nТема: Принтер;\n02.11.2026, 09:12, \"Ann Lee\" <ann@x.test>:",
        ">>> Ann Lee 02.11.2026 09:12 >>>",
        f"Ann Lee ---02/11/2026 09:12:34---The printer hums.\n\nFrom: {ANN}\nTo: desk@y.test\nDate: 02/11/2026 09:12",
        "-----Original Message-----",
        "-------- Ursprüngliche Nachricht --------",
        "-------- Původní zpráva --------",
        "-------- Исходное сообщение --------",
    ],
)  # fmt: skip
@pytest.mark.parametrize("mark", ["> ", ""])
def test_what_stands_below_an_introduction_is_quoted(introduction: str, mark: str) -> None:
    quoted = f"{introduction}\n\n{mark}The printer hums.\n{mark}Does yours?"
    found = split_reply(f"Mine does too.\n\nBo\n\n{quoted}")
    assert (found.new, found.quoted) == ("Mine does too.\n\nBo", quoted)


def test_a_header_whose_marks_end_with_it_begins_the_other_mail() -> None:
    header = f" >-------- Оригинално писмо --------\n >От: {ANN}\n >До: desk@y.test\n >Изпратено на: 02.11.2026 09:12"
    found = split_reply(f"И моят.\n\n{header}\n\nThe printer hums.\nDoes yours?")
    assert (found.new, found.quoted.endswith("Does yours?")) == ("И моят.", True)
    cited = "Spam:\n\n> From: Ann <ann@x.test>\n> Date: 2 Nov 2026 09:12\n> Subject: Win\n\nPlease block her."
    assert split_reply(cited).new == cited  # by hand, without a divider


@pytest.mark.parametrize("words", ["Quoting", "Zitat von", "Cytowanie", "Citace", "Citando", "Citiranje"])
def test_an_introduction_needs_no_date_above_quote_marks(words: str) -> None:
    quoted = f"{words} {ANN}:\n\n> The printer hums.\n> Does yours?"  # Horde
    found = split_reply(f"Mine does too.\n\n{quoted}")
    assert (found.new, found.quoted) == ("Mine does too.", quoted)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Von: Ann Lee\nGesendet: Montag, 2. November 2026 09:12\nAn: Desk\nBetreff: Drucker", "no address at all"),
        ("From: Ann Lee\n<ann@x.test>\nSent: 2 November 2026 09:12\nTo: Desk\nSubject: Printer", "broken line"),
        (f"From: {ANN}\nDate: Mon, 2 Nov 2026 09:12:00 +0100", "two lines"),
        (f"===\n\nMessage du : 02/11/2026 09:12\nDe : {ANN}\nA : desk@x.test\nSujet : Imprimante", "below a rule"),
        (f"*Od:* {ANN}\n*Wysłano:* poniedziałek, 2 listopada 2026\n*Do:* Desk\n*Temat:* Drukarka", "bold"),
    ],
)
def test_a_header_in_the_text_begins_another_mail(header: str, why: str) -> None:
    found = split_reply(f"Yes.\n\n{header}\n\nThe printer hums.")
    assert found.new == "Yes.", why
    assert found.quoted.startswith(header.split("\n")[0])


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from Mail for Windows",
        "Provenance : Courrier pour Windows",
        "Εστάλη από το iPhone μου",
        "Sent from Yahoo Mail on Android",
        "Get Outlook for iOS<https://x.test/o>",
        "Sent from my Android phone with K-9 Mail. Please excuse my brevity.",
        "Sent with FairEmail",
        "Sent with Proton Mail secure email.",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android<https://x.test/o>",
        "Gesendet mit der GMX Mail App",
        "Outlook für iOS herunterladen",
        "Diese Nachricht wurde von meinem Android-Mobiltelefon mit K-9 Mail gesendet.",
        "Wysłane z iPhone'a",
        "Wysłano z telefonu Samsung",
        "Wysłano z mojego urządzenia Galaxy",
        "Pobierz aplikację Outlook dla Androida",
        "Odesláno z iPhonu",
        "Odesláno z aplikace Email.cz",
        "Získat Outlook pro iOS",
        "Enviado do meu iPhone",
        "Enviado a partir do meu smartphone Samsung",
        "Obter o Outlook para iOS",
        "Poslano s mog iPhonea",
        "Nabavite Outlook za Android",
        "Отправлено с iPhone",
        "Отправлено из Почты Mail.ru для Android",
        "Отправлено из мобильной Яндекс Почты",
        "Скачать Outlook для Android",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour iOS",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Az iPhone-omról küldve",
        "Odoslané z môjho iPhonu",
        "Poslano iz mojega iPhona",
        "Надіслано з iPhone",
        "iPhone'umdan gönderildi",
        "Android için Outlook'u edinin",
        "iPhoneから送信",
        "发自我的iPhone",
        "Get BlueMail for Android",
        "Télécharger BlueMail pour Android",
    ],
)  # fmt: skip
def test_a_phones_line_is_a_signature(line: str) -> None:
    found = split_reply(f"Yes.\n\n{line}\n\nOn 2 Nov 2026, at 09:12, {ANN} wrote:\n> It hums.")
    assert (found.new, found.signature) == ("Yes.", line)


@pytest.mark.parametrize(
    "text",
    [
        "Yes.\n\nSent from my desk, which is easier than my mobile phone.",
        "Yes.\n\nSent you a mail",
        "Please fill in below.\n\n----------- Enter Feedback Below -----------\n\nAll is well.",
        "I flew\n\nFrom: Berlin\nTo: Paris\nDate: 2 Nov 2026\n\nCan I get it back?",
        "The display says:\n\nE 42 at 10:30 on 2026-11-02",
        "My new contact\n\nName: Bo\nMail: bo@x.test\nPhone: 123",
        "Write to me:\n\nbo@x.test",
        "See a@x.test",
        # forms: labels, dates and addresses, but of no mail
        "Form\n\nFrom: Bo\nE-Mail: bo@x.test\nSubject: Printer\nDate: 02.11.2026\nRoom: 5\nMessage:\nIt hums.",
        "New request\n\nName: Bo\nE-Mail: bo@x.test\nDatum: 02.11.2026\nBetreff: Drucker\n\nEr brummt.",
        "Imię: Bo\nE-mail: bo@x.test\nData: 2026-11-02\nTemat: Drukarka\n\nDrukarka nie działa.",
        "Order: 4711\nDate: 2026-11-02\nCustomer: bo@x.test\nTo: Main street 5\nSubject: Printer\n\nWhere is it?",
        "When: 2026-11-02 09:12\nWhere: Room 5\nWho: bo@x.test\n\nSee you.",
        # what people write about themselves and others
        "Am 02.11.2026 um 09:12 habe ich Ihnen geschrieben:\nkeine Antwort bisher.",
        "Dnia 2.11.2026 napisałem do Państwa w sprawie zwrotu:\nnadal brak odpowiedzi.",
        "My order of 2 Nov 2026, which I sent to desk@x.test:\n\n- 3 printers\n\nhas not arrived.",
        "This came on 2026-11-02 09:12 <noreply@x.test>:\nE 42 paper jam\nWhat does it mean?",
        # other marks than those of quotes
        "Please see:\n\nSQL> select 1;\nC:\\> dir\n\nand tell me.",
        # a telephone in a sentence, and programs that somebody asks about
        "Yes.\n\nEnvoyé le dossier par téléphone",
        "Yes.\n\nDas Handy habe ich gesendet",
        "Yes.\n\nOutlook does not start on Android",
        "Yes.\n\nPaket telefonla gönderildi",
        "Yes.\n\nSent from my iPhone. Call me tomorrow at nine",
    ],
)
def test_words_of_people_are_not_folded(text: str) -> None:
    assert split_reply(text).new == text


def test_what_stands_below_the_line_of_groupwise_is_quoted() -> None:
    quoted = f">>> {ANN} 02.11.26 9.12 Uhr >>>\nThe printer hums.\n\nDoes yours?"
    found = split_reply(f"Mine does too.\n\n{quoted}")
    assert (found.new, found.quoted) == ("Mine does too.", quoted)


def test_answers_between_quoted_lines_stay_with_them() -> None:
    text = f"On 2 Nov 2026 at 09:12 {ANN} wrote:\n> Is it on?\nYes.\n> And the cable?\nIn.\n\nBo"
    assert split_reply(text).new == text


LONG = "> a line of our mail that was so long that a program on its way to us broke"


@pytest.mark.parametrize(
    ("quoted", "new"),
    [
        # what stands below the introduction, the new words
        (f"{LONG}\nit in two\n> and went on", "Yes."),
        (f"{LONG}\nit in two", "Yes."),
        ("> thank you. [mw:7138-h2fuk=\n6n7fvcsk5ka]", "Yes."),  # our token, encoded twice
        ("> thank you. [mw:7138-\nh2fuk6n7fvcsk5ka]\n> Ann", "Yes."),
        ("> thank you. [mw:7138-h2fuk6n7fvcsk5ka]\nGladly.", "Yes.\n\nGladly."),
        ("> thank you.\nGladly.", "Yes.\n\nGladly."),
    ],
)
def test_a_quoted_line_that_was_broken_is_quoted_whole(quoted: str, new: str) -> None:
    assert split_reply(f"Yes.\n\nOn 2 Nov 2026 at 09:12 {ANN} wrote:\n\n{quoted}").new == new


def test_an_introduction_on_the_line_of_the_answer_is_cut_off() -> None:
    found = split_reply("Yes On Mon, Nov 2, 2026 at 9:12 AM, ann@x.test wrote:\n> It hums.")
    assert (found.new, found.quoted) == ("Yes", "On Mon, Nov 2, 2026 at 9:12 AM, ann@x.test wrote:\n> It hums.")


TWO = "please send us the number on the back of your printer.\n4711\nThen we look it up.\nGood."
OURS = "Dear Bo,\n\nplease send us the number on the back of your printer.\nThen we look it up.\n\nYour desk"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # without any mark or introduction our own words are known
        (f"It is 4711.\n\n{OURS}", "It is 4711."),
        (f"It is 4711.\n\n{OURS.replace(' on the', chr(10) + 'on the')}", "It is 4711."),  # broken anew
        (TWO, TWO),
        ("Your desk\nis far away", "Your desk\nis far away"),  # few words say nothing alone
    ],
)  # fmt: skip
def test_our_own_words_are_quoted(text: str, new: str) -> None:
    assert split_reply(text, (OURS,)).new == new


GMAIL = '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">Xyzzy:<br></div>'
CITE = '<blockquote class="gmail_quote" style="margin:0">'
INSIDE = f"{GMAIL}{CITE}One?</blockquote><div>Yes.</div>{CITE}Two?</blockquote><div>No.</div></div>"
OUTLOOK = (
    "<p>Yes.</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> Ann Lee<br><b>Sent:</b> 2 Nov "
    "2026 09:12<br><b>To:</b> Desk<br><b>Subject:</b> Printer</p></div><p>It hums.</p>"
)


@pytest.mark.parametrize(
    ("html", "new"),
    [
        # the elements decide, in no language
        (f'<div dir="ltr">Yes.</div><br>{GMAIL}{CITE}It hums.</blockquote></div>', "Yes."),
        ('Yes.<div class="moz-cite-prefix">Xyzzy plugh<br></div><blockquote type="cite">It hums.</blockquote>', "Yes."),
        ('<div>Yes.</div><blockquote type="cite"><div>Xyzzy</div><div>It hums.</div></blockquote>', "Yes."),
        ('<div>Yes.</div><div class="yahoo_quoted"><div>Xyzzy:</div><div>It hums.</div></div>', "Yes."),
        ('Yes.<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Xyzzy</b></div><p>It hums.</p>', "Yes."),
        ('<div>Yes.</div><div class="protonmail_quote">Xyzzy<blockquote>It hums.</blockquote></div>', "Yes."),
        ('<div>Yes.</div><span id="OLK_SRC_BODY_SECTION"><div>Xyzzy</div><div>It hums.</div></span>', "Yes."),
        # answers inside stay in order
        (INSIDE, "> Xyzzy:\n\n> One?\n\nYes.\n\n> Two?\n\nNo."),
        # below the quote
        ('<div class="moz-cite-prefix">X</div><blockquote type="cite">It hums.</blockquote><p>Yes.</p>', "Yes."),
        # a quotation by hand, and no quote at all
        (f"<div>He says</div>{CITE}It hums.</blockquote>", "He says\nIt hums."),
        ("<p>Yes.</p><p>Bo</p>", "Yes.\n\nBo"),
        # only in text: the header of Outlook
        (OUTLOOK, "Yes."),
        # a header without line breaks
        ("Yes.<hr><b>From: ann@x.test</b> <b>Date: 2 Nov 2026 09:12</b><p>It hums.</p>", "Yes."),
    ],
)  # fmt: skip
def test_the_elements_of_html_say_what_is_quoted(html: str, new: str) -> None:
    assert split_html(html).new == new


def test_marks_in_a_mail_are_not_ours() -> None:
    assert quoted_text("<p>a\ue0f0b</p><p>c</p>").text == "ab\n\nc"

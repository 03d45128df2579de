"""How mail programs introduce the mail that is answered, in the languages that they speak. Names and words are ours.

{a} stands for a name and an address as programs write both, {n} for a name, {m} for an address.
"""

ANN = "Ann Lee <ann@x.test>"

# language -> the line above a quote: Gmail, Apple Mail, Thunderbird, Yahoo (which marks nothing), K-9 and FairEmail
LINES = {
    "en": (
        "On Mon, Nov 2, 2026 at 9:12\u202fAM {a} wrote:",
        "On 2 Nov 2026, at 09:12, {a} wrote:",
        "On 02/11/2026 09:12, {n} wrote:",
        "On Monday, November 2, 2026 at 09:12:34 AM GMT+1, {a} wrote:",
        "On 2 November 2026 09:12:34 CET, {a} wrote:",
    ),
    "de": (
        "Am Mo., 2. Nov. 2026 um 09:12 Uhr schrieb {a}:",
        "Am 02.11.2026 um 09:12 schrieb {a}:",
        "Am 02.11.26 um 09:12 schrieb {n}:",
        "Am Montag, 2. November 2026 um 09:12:34 MEZ hat {a} Folgendes geschrieben:",
        "Am 2. November 2026 09:12:34 MEZ schrieb {a}:",
    ),
    "pl": (
        "pon., 2 lis 2026 o 09:12 {a} napisał(a):",
        "Wiadomość napisana przez {a} w dniu 2 lis 2026, o godz. 09:12:",
        "W dniu 2.11.2026 o 09:12, {n} pisze:",
        "W dniu poniedziałek, 2 listopada 2026 09:12:34 CET użytkownik {a} napisał:",
        "Dnia 2 listopada 2026 09:12:34 CET, {a} napisał/a:",
    ),
    "cs": (
        "po 2. 11. 2026 v 9:12 odesílatel {a} napsal:",
        "2. 11. 2026 v 9:12, {a}:",
        "Dne 02. 11. 26 v 9:12 {n} napsal(a):",
        "V pondělí 2. listopadu 2026 9:12:34 SEČ, uživatel {a} napsal:",
        "Dne 2. listopadu 2026 9:12:34 SEČ, {a} napsal:",
    ),
    "pt": (
        "Em seg., 2 de nov. de 2026 às 09:12, {a} escreveu:",
        "No dia 02/11/2026, às 09:12, {a} escreveu:",
        "Às 09:12 de 02/11/2026, {n} escreveu:",
        "Em segunda-feira, 2 de novembro de 2026 às 09:12:34 WET, {a} escreveu:",
        "{a} escreveu (segunda, 2/11/2026 à(s) 09:12):",
    ),
    "hr": (
        "pon, 2. stu 2026. u 09:12 {a} napisao je:",
        "2. stu 2026. u 09:12, {a} je napisao/la:",
        "Dana 2. 11. 2026. u 09:12, {n} je napisao/la:",
        "U ponedjeljak, 2. studenoga 2026. 09:12:34 CET, {a} napisao je:",
        "Dana 2. studenoga 2026. 09:12:34 CET, {a} je napisao:",
    ),
    "ru": (
        "пн, 2 нояб. 2026 г. в 09:12, {a}:",
        "2 нояб. 2026 г., в 09:12, {a} написал(а):",
        "02.11.2026 09:12, {n} пишет:",
        "понедельник, 2 ноября 2026 г. в 09:12:34 GMT+3, {a} написал(а):",
        "2 ноября 2026 г. 09:12:34 GMT+03:00, {a} пишет:",
    ),
    "fr": (
        "Le lun. 2 nov. 2026 à 09:12, {a} a écrit :",
        "Le 2 nov. 2026 à 09:12, {a} a écrit :",
        "Le 02/11/2026 à 09:12, {n} a écrit\xa0:",
        "Le lundi 2 novembre 2026 à 09:12:34 UTC+1, {a} a écrit :",
        "Le 2 novembre 2026 09:12:34 GMT+01:00, {a} a écrit :",
    ),
    "es": (
        "El lun, 2 nov 2026 a las 9:12, Ann Lee (<ann@x.test>) escribió:",
        "El 2 nov 2026, a las 9:12, {a} escribió:",
        "El 2/11/26 a las 9:12, {n} escribió:",
        "El lunes, 2 de noviembre de 2026, 09:12:34 CET, {a} escribió:",
        "El 2 de noviembre de 2026 9:12:34 CET, {a} escribió:",
    ),
    "it": (
        "Il giorno lun 2 nov 2026 alle ore 09:12 {a} ha scritto:",
        "Il giorno 2 nov 2026, alle ore 09:12, {a} ha scritto:",
        "Il 02/11/2026 09:12, {n} ha scritto:",
        "Il lunedì 2 novembre 2026 alle ore 09:12:34 CET, {a} ha scritto:",
        "Il 2 novembre 2026 09:12:34 CET, {a} ha scritto:",
    ),
    "nl": (
        "Op ma 2 nov 2026 om 09:12 schreef {a}:",
        "Op 2 nov. 2026 om 09:12 heeft {a} het volgende geschreven:",
        "Op 02-11-2026 om 09:12 schreef {n}:",
        "Op maandag 2 november 2026 om 09:12:34 CET schreef {a}:",
        "Op 2 november 2026 09:12:34 CET schreef {a}:",
    ),
    "sv": (
        "Den mån 2 nov. 2026 kl 09:12 skrev {a}:",
        "2 nov. 2026 kl. 09:12 skrev {a}:",
        "Den 2026-11-02 kl. 09:12, skrev {n}:",
        "Den måndag 2 november 2026 09:12:34 CET, {a} skrev:",
        "Den 2 november 2026 09:12:34 CET, skrev {a}:",
    ),
    "hu": (
        "{a} ezt írta (időpont: 2026. nov. 2., H, 9:12):",
        "2026. nov. 2. dátummal, 9:12 időpontban {a} írta:",
        "2026. 11. 02. 9:12 keltezéssel, {n} írta:",
        "2026. november 2., hétfő 09:12:34 CET időpontban {a} ezt írta:",
        "2026. november 2. 9:12:34 CET, {a} írta:",
    ),
    "sk": (
        "po 2. 11. 2026 o 9:12 {a} napísal(a):",
        "2. 11. 2026 o 9:12, {a} napísal(a):",
        "Dňa 2. 11. 2026 o 9:12 {n} napísal(a):",
        "V pondelok 2. novembra 2026 o 09:12:34 CET {a} napísal(a):",
        "Dňa 2. novembra 2026 9:12:34 CET používateľ {a} napísal:",
    ),
    "sl": (
        "V V pon., 2. nov. 2026 ob 09:12 je oseba {a} napisala:",
        "Dne 2. nov. 2026 ob 09:12 je {a} napisal/a:",
        "Dne 2. 11. 26 ob 09:12 je {n} napisal(a):",
        "V ponedeljek, 2. november 2026 ob 09:12:34 CET je {a} napisal/-a:",
        "Dne 2. november 2026 09:12:34 CET je {a} napisal:",
    ),
    "uk": (
        "пн, 2 лист. 2026 р. о 09:12 {a} пише:",
        "2 лист. 2026 р. о 09:12 {a} написав(ла):",
        "02.11.26 09:12, {n} пише:",
        "понеділок, 2 листопада 2026 р. о 09:12:34 GMT+2 {a} пише:",
        "2 листопада 2026 р. 09:12:34 GMT+02:00, {a} написав:",
    ),
    "tr": (
        "{a}, 2 Kas 2026 Pzt, 09:12 tarihinde şunu yazdı:",
        "2 Kas 2026 tarihinde 09:12 saatinde, {a} şunları yazdı:",
        "2.11.2026 09:12 tarihinde {n} yazdı:",
        "2 Kasım 2026 Pazartesi 09:12:34 GMT+3 tarihinde {a} şunu yazdı:",
        "2 Kasım 2026 09:12:34 GMT+03:00 tarihinde {a} yazdı:",
    ),
    # nobody's language: address, date and layout must do
    "xx": (
        "Xyz 2. Plu 2026 q 09:12 {a}:",
        "Xyz 2026-11-02 09:12, {a} plugh:",
        "{a} plugh 02.11.2026 xyzzy 09:12:",
        "2026/11/02 09:12:34 +0100, {a}:",
        "Xyzzy {a} (2/11/2026 09:12) plugh :",
    ),
}  # fmt: skip

# language -> the labels of a header: author, date, recipient, subject, and a date as Outlook writes it
LABELS = {
    "en": ("From", "Sent", "To", "Subject", "Monday, November 2, 2026 9:12 AM"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Montag, 2. November 2026 09:12"),
    "pl": ("Od", "Wysłano", "Do", "Temat", "poniedziałek, 2 listopada 2026 09:12"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "pondělí 2. listopadu 2026 9:12"),
    "pt": ("De", "Enviado", "Para", "Assunto", "segunda-feira, 2 de novembro de 2026 09:12"),
    "hr": ("Šalje", "Poslano", "Prima", "Predmet", "ponedjeljak, 2. studenoga 2026. 09:12"),
    "ru": ("От", "Отправлено", "Кому", "Тема", "понедельник, 2 ноября 2026 г. 9:12"),
    "fr": ("De", "Envoyé", "À", "Objet", "lundi 2 novembre 2026 09:12"),
    "es": ("De", "Enviado", "Para", "Asunto", "lunes, 2 de noviembre de 2026 9:12"),
    "it": ("Da", "Inviato", "A", "Oggetto", "lunedì 2 novembre 2026 09:12"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "maandag 2 november 2026 09:12"),
    "sv": ("Från", "Skickat", "Till", "Ämne", "den 2 november 2026 09:12"),
    "hu": ("Feladó", "Elküldve", "Címzett", "Tárgy", "2026. november 2., hétfő 9:12"),
    "sk": ("Od", "Odoslané", "Komu", "Predmet", "pondelok 2. novembra 2026 9:12"),
    "sl": ("Od", "Poslano", "Za", "Zadeva", "ponedeljek, 02. november 2026 09:12"),
    "uk": ("Від", "Надіслано", "Кому", "Тема", "понеділок, 2 листопада 2026 р. 9:12"),
    "tr": ("Kimden", "Gönderildi", "Kime", "Konu", "2 Kasım 2026 Pazartesi 09:12"),
    "xx": ("Plugh", "Xyzzy", "Quux", "Fnord", "2026-11-02 09:12"),
}  # fmt: skip

# language -> what stands above a forwarded mail: Apple Mail, Thunderbird; the prefix of a subject
FORWARDS = {
    "en": ("Begin forwarded message:", "-------- Forwarded Message --------", "FW"),
    "de": ("Anfang der weitergeleiteten Nachricht:", "-------- Weitergeleitete Nachricht --------", "WG"),
    "pl": ("Początek przekazywanej wiadomości:", "-------- Przekazana wiadomość --------", "PD"),
    "cs": ("Začátek přeposílané zprávy:", "-------- Přeposlaná zpráva --------", "FW"),
    "pt": ("Início da mensagem reencaminhada:", "-------- Mensagem reencaminhada --------", "ENC"),
    "hr": ("Započni proslijeđenu poruku:", "-------- Proslijeđena poruka --------", "Proslijeđeno"),
    "ru": ("Начало переадресованного сообщения:", "-------- Перенаправленное сообщение --------", "FW"),
    "fr": ("Début du message réexpédié :", "-------- Message transféré --------", "TR"),
    "es": ("Inicio del mensaje reenviado:", "-------- Mensaje reenviado --------", "RV"),
    "it": ("Inizio messaggio inoltrato:", "-------- Messaggio Inoltrato --------", "I"),
    "nl": ("Begin doorgestuurd bericht:", "-------- Doorgestuurd bericht --------", "FW"),
    "sv": ("Vidarebefordrat brev:", "-------- Vidarebefordrat meddelande --------", "VB"),
    "hu": ("Továbbított levél kezdete:", "-------- Továbbított üzenet --------", "FW"),
    "sk": ("Začiatok preposlanej správy:", "-------- Preposlaná správa --------", "FW"),
    "sl": ("Začetek posredovanega sporočila:", "-------- Posredovano sporočilo --------", "FW"),
    "uk": ("Початок листа, що пересилається:", "-------- Переслане повідомлення --------", "FW"),
    "tr": ("İletilen iletinin başlangıcı:", "-------- İletilen İleti --------", "İLT"),
}

# programs that write what only they write: the lines above a quote that they may or may not mark
OTHERS = """
[GMX]
Gesendet: Montag, 02. November 2026 um 09:12 Uhr
Von: "Ann Lee" <ann@x.test>
An: desk@y.test
Betreff: Re: Drucker

[GMX en]
Sent: Monday, November 02, 2026 at 9:12 AM
From: "Ann Lee" <ann@x.test>
To: desk@y.test
Subject: Re

[Seznam]
---------- Původní e-mail ----------
Od: Ann Lee <ann@x.test>
Komu: desk@y.test
Datum: 2. 11. 2026 9:12:34
Předmět: Re: Tiskárna

[wp.pl]
Dnia 2 listopada 2026 09:12 Ann Lee <ann@x.test> napisał(a):

[onet]
W dniu 2026-11-02 09:12:34 użytkownik Ann Lee <ann@x.test> napisał:

[interia]
Od: "Ann Lee" <ann@x.test>
Do: desk@y.test;
Wysłane: 9:12 Poniedziałek 2026-11-02
Temat: Re: Drukarka

[mail.ru]
Понедельник, 2 ноября 2026, 9:12 +03:00 от Ann Lee <ann@x.test>:

[Yandex]
02.11.2026, 09:12, "Ann Lee" <ann@x.test>:

[ProtonMail]
------- Original Message -------
On Monday, November 2nd, 2026 at 9:12 AM, Ann Lee <ann@x.test> wrote:

[ProtonMail de]
Am Montag, 2. November 2026 um 09:12, Ann Lee <ann@x.test> schrieb:

[Samsung]
-------- Original message --------
From: Ann Lee <ann@x.test>
Date: 02/11/2026 09:12 (GMT+01:00)
To: desk@y.test
Subject: Re: Printer

[Samsung de]
-------- Ursprüngliche Nachricht --------
Von: Ann Lee <ann@x.test>
Datum: 02.11.26 09:12 (GMT+01:00)
An: desk@y.test
Betreff: Re: Drucker

[Samsung pl]
-------- Oryginalna wiadomość --------
Od: Ann Lee <ann@x.test>
Data: 02.11.2026 09:12 (GMT+01:00)
Do: desk@y.test
Temat: Re: Drukarka

[Samsung hr]
-------- Izvorna poruka --------
Od: Ann Lee <ann@x.test>
Datum: 02. 11. 2026. 09:12 (GMT+01:00)
Za: desk@y.test
Predmet: Re: Pisač

[Samsung pt]
-------- Mensagem original --------
De: Ann Lee <ann@x.test>
Data: 02/11/26 09:12 (GMT+00:00)
Para: desk@y.test
Assunto: Re: Impressora

[Zimbra]
----- Original Message -----
From: "Ann Lee" <ann@x.test>
To: desk@y.test
Sent: Monday, November 2, 2026 9:12:34 AM
Subject: Re: Printer

[Zimbra 8]
----- On Nov 2, 2026, at 9:12 AM, Ann Lee ann@x.test wrote:

[Zimbra 8 de]
----- Am 2. Nov 2026 um 9:12 schrieb Ann Lee ann@x.test:

[Notes]
Von:\t"Ann Lee" <ann@x.test>
An:\tdesk@y.test
Datum:\t02.11.2026 09:12
Betreff:\tRe: Drucker

[Exchange]
-----Original Message-----
From: Ann Lee [mailto:ann@x.test]
Sent: Monday, November 2, 2026 9:12 AM
To: Desk
Subject: RE: Printer

[Exchange ru]
-----Исходное сообщение-----
От: Ann Lee [mailto:ann@x.test]
Дата отправки: 2 ноября 2026 г. 9:12
Кому: Desk
Тема: RE: Принтер

[Exchange cs]
-----Původní zpráva-----
Od: Ann Lee [mailto:ann@x.test]
Odesláno: pondělí 2. listopadu 2026 9:12
Komu: Desk
Předmět: RE: Tiskárna

[Zoho]
---- On Mon, 02 Nov 2026 09:12:34 +0100 Ann Lee <ann@x.test> wrote ----

[Spark]
On 2 Nov 2026, 09:12 +0100, Ann Lee <ann@x.test>, wrote:

[T-Online]
-----Original-Nachricht-----
Betreff: Re: Drucker
Datum: 2026-11-02T09:12:34+0100
Von: "Ann Lee" <ann@x.test>
An: "Desk" <desk@y.test>

[eM Client]
------ Original Message ------
From: "Ann Lee" <ann@x.test>
To: desk@y.test
Sent: 02/11/2026 09:12:34
Subject: Re: Printer

[Roundcube]
Am 2026-11-02 09:12, schrieb Ann Lee:

[The Bat!]
Monday, November 2, 2026, 9:12:34 AM, you wrote:
"""


def introductions() -> list[tuple[str, str]]:
    """Every program and language, and what it writes above a mail."""
    found = []
    for language, lines in LINES.items():
        for program, line in zip(("Gmail", "Apple", "Thunderbird", "Yahoo", "K-9"), lines, strict=True):
            found.append((f"{program} {language}", line.format(a=ANN, n="Ann Lee", m="ann@x.test")))
    for language, (author, date, to, subject, when) in LABELS.items():
        block = f"{author}: {ANN}\n{date}: {when}\n{to}: Desk <desk@y.test>\n{subject}: RE: Printer"
        found.append((f"Outlook {language}", block))
        found.append((f"Outlook web {language}", f"{'_' * 32}\n{block}"))
        found.append((f"Outlook phone {language}", f"{'_' * 32}\n" + block.replace(f"{author}: ", f"{author}:  ")))
        starred = "\n".join(f"*{line.replace(':', ':*', 1)}" for line in block.split("\n"))
        found.append((f"Outlook bold {language}", starred))
    others = (text.partition("]\n") for text in OTHERS.strip().split("\n\n"))
    return [*found, *((name.strip("["), text) for name, _, text in others)]

"""Automatic answers without fields, and the people who write about the same things."""

import pytest

from gateway.message.classify import OwnMail, classify
from tests.message.read import envelope, read

OWN = OwnMail(frozenset(), lambda *_: False)


def kind_of(subject: str, text: str, *fields: str, answers: bool = False, reverse_path: str | None = "") -> str:
    """The kind of a mail of Ann's."""
    refers = ["In-Reply-To: <t1@gw.test>"] if answers else []
    head = ["From: Ann Lee <ann@customer.test>", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8"]
    mail = read("\n".join([*head, *refers, *fields]) + "\n\n" + text + "\n")
    return classify(mail, envelope("ann@customer.test" if reverse_path == "" else reverse_path), OWN).kind


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # subject, first words
        ("Automatic reply: Ticket 12", "I am out of the office until 24 November."),
        (
            "Automatic reply: Ticket 12",
            "Hello,\n\nI will be on annual leave from 2 to 9 May with limited access to email.",
        ),
        ("Out of Office AutoReply: Ticket 12", "I'm currently away on vacation and will reply when I return."),
        ("Auto-Reply: Ticket 12", "Thank you for your message. For urgent matters please call Bob."),
        ("Re: Ticket 12", "This is an automated reply. I am out of the office this week."),
        (
            "Out of office",
            "Thank you for your email. I am out of the office until Monday. In urgent cases contact Bob.",
        ),
        ("We have received your request", "Thank you for contacting us. This is an automatic confirmation."),
        ("Automatic reply: Ticket 12", "Bob Lee no longer works here. Please write to sales@customer.test."),
        ("Automatische Antwort: Ticket 12", "Unser Büro ist bis zum 2. Januar geschlossen."),
        ("Automatische Antwort: Ticket 12", "Ich bin bis zum 24. November nicht im Büro."),
        ("Abwesenheitsnotiz: Ticket 12", "Guten Tag,\nvom 3. bis 9. Mai bin ich im Urlaub."),
        (
            "Abwesend",
            "Vielen Dank für Ihre Nachricht. Ich bin bis Montag außer Haus. Ihre Mail wird nicht weitergeleitet.",
        ),
        ("AW: Ticket 12", "Dies ist eine automatisch generierte Antwort. Vielen Dank für Ihre Nachricht."),
        ("Odpowiedź automatyczna: Zgłoszenie 12", "Jestem nieobecny do 24 listopada."),
        ("Automatyczna odpowiedź: Zgłoszenie 12", "Dzień dobry,\nobecnie przebywam na urlopie."),
        ("Re: Zgłoszenie 12", "To jest automatyczna odpowiedź. Dziękujemy za wiadomość."),
        ("Automatická odpověď: Váš požadavek", "Do 24. listopadu jsem mimo kancelář."),
        ("Automatická odpověď: Požadavek", "Dobrý den,\nčerpám dovolenou do pátku."),
        ("Re: Požadavek", "Toto je automatická odpověď. Děkujeme za vaši zprávu."),
        ("Resposta automática: Chamado 12", "Estou fora do escritório até 24 de novembro."),
        ("Resposta automática: Chamado 12", "Olá,\nestarei de férias de 2 a 9 de maio."),
        ("Re: Chamado 12", "Esta é uma mensagem automática. Obrigado pela sua mensagem."),
        ("Automatski odgovor: Vaš upit", "Nisam u uredu do 24. studenog."),
        ("Automatski odgovor: Vaš upit", "Poštovani,\nna godišnjem sam odmoru, bit ću odsutan do petka."),
        ("Re: Upit", "Ovo je automatski odgovor. Hvala na poruci."),
        ("Автоматический ответ: Заявка 12", "Я буду в отпуске до 24 ноября."),
        ("Автоответ: Заявка 12", "Добрый день!\nНахожусь в отпуске до пятницы."),
        ("Re: Заявка 12", "Это автоматический ответ. Спасибо за ваше письмо."),
        ("Réponse automatique : Ticket 12", "Je suis absent du bureau jusqu'au 24 novembre."),
        ("Respuesta automática: Ticket 12", "Estaré fuera de la oficina hasta el lunes."),
        ("Risposta automatica: Ticket 12", "Sono fuori ufficio fino al 24 novembre."),
        ("Automatisch antwoord: Ticket 12", "Ik ben tot maandag niet op kantoor."),
    ],
)
def test_an_automatic_answer_without_fields_is_known_by_subject_and_first_words(subject: str, text: str):
    assert kind_of(subject, text) == "auto-reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Autosvar: Ärende 12",
        "Automatikus válasz: 12",
        "自動応答: チケット 12",
        "自动答复: 工单 12",
        "Otomatik Yanıt: Talep 12",
    ],
)
def test_in_other_languages_the_subject_before_an_earlier_one_is_enough(subject: str):
    assert kind_of(subject, "Tillbaka 24/11.", answers=True) == "auto-reply"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # subject, first words: in answer to a mail, and nothing is asked of us
        ("Out of office: Ticket 12", "I am out of the office until 24 November."),
        ("Abwesend: Ticket 12", "Ich bin bis zum 24. November abwesend."),
        ("Nieobecność: Zgłoszenie 12", "Jestem na urlopie do piątku."),
        ("Odsutnost: Upit 12", "Odsutna sam do petka."),
        ("Automatic reply: Ticket 12", "Hi, I'm on leave until Monday. Need help? Write to bob@customer.test."),
    ],
)
def test_plain_words_are_enough_in_answer_to_a_mail(subject: str, text: str):
    assert kind_of(subject, text, answers=True) == "auto-reply"
    assert kind_of(subject, text) == "person"


@pytest.mark.parametrize(
    ("subject", "fields", "reverse_path"),
    [
        # subject, fields, envelope sender: a machine's hand makes the subject alone enough
        ("Automatic reply: Ticket 12", ["X-Auto-Response-Suppress: All"], ""),
        ("Automatic reply: Ticket 12", ["Auto-Submitted: auto-generated"], ""),
        ("Automatische Antwort: Ticket 12", [], None),
        ("Ticket 12", ["X-MS-Exchange-Inbox-Rules-Loop: ann@customer.test"], ""),
        ("Ticket 12", ["Precedence: auto-reply"], ""),
    ],
)
def test_a_machines_hand_needs_fewer_words(subject: str, fields: list[str], reverse_path: str | None):
    assert kind_of(subject, "Back soon.", *fields, reverse_path=reverse_path) == "auto-reply"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # subject, first words
        ("Out of office next week", "Hi,\n\nI am out of the office next week, please hold my ticket until I am back."),
        ("Automatic reply: how do I switch it off", "Hello, I am back, but Outlook still answers. What can I do?"),
        ("Automatic reply does not work", "I set it up yesterday and nobody gets it. Please help."),
        ("Re: Automatic reply: Ticket 12", "I am out of the office no longer, here is the file you asked for."),
        ("Fwd: Automatic reply: Ticket 12", "See below, your colleague is away. Who can help us instead"),
        ("Vacation", "I'll be on vacation from 3 to 10 May. Please route my tickets to Anna while I am away."),
        ("Re: Ticket 12", "I'm out of the office on Friday, can we talk on Monday?"),
        ("Ticket 12", "Thank you for your message. I was on leave, so I could not answer earlier."),
        ("Your automatic replies", "Your system wrote 'this is an automated reply' three times today. Please stop it."),
        ("Absence of sound on line 2", "There is no sound on our second line since Monday."),
        ("Out of office assistant", "We want to set an out of office message for all users. Please enable it."),
        (
            "Out of office: Ann Lee",
            "I am on leave until Friday. Bob will work on the printer case, please give him access.",
        ),
        (
            "Abwesenheitsnotiz einrichten",
            "Guten Tag, wie richte ich eine Abwesenheitsnotiz ein? Ich bin ab Montag im Urlaub.",
        ),
        ("Abwesenheit nächste Woche", "Hallo, ich bin nächste Woche nicht im Büro, bitte verschieben Sie den Termin."),
        (
            "Automatische Antwort: falscher Text",
            "Unsere automatische Antwort nennt noch die alte Nummer, bitte ändern.",
        ),
        ("AW: Automatische Antwort: Ticket 12", "Danke, dann melde ich mich nach dem 3. Mai wieder."),
        ("Urlaub", "Ich bin vom 3. bis 9. Mai im Urlaub. Bitte das Ticket bis dahin offen lassen."),
        ("Re: Ticket 12", "Vielen Dank für Ihre Nachricht. Ich bin morgen nicht im Büro, aber Freitag passt."),
        ("Nicht im Büro", "Frau Weber ist bis Montag nicht im Büro, ihre Mails kommen aber bei uns an."),
        (
            "Nieobecność w przyszłym tygodniu",
            "Dzień dobry, jestem na urlopie od poniedziałku, proszę wstrzymać zgłoszenie.",
        ),
        ("Odpowiedź automatyczna nie działa", "Ustawiłem ją wczoraj, a nikt jej nie dostaje. Proszę o pomoc."),
        ("Re: Odpowiedź automatyczna: Zgłoszenie 12", "Dziękuję, w takim razie odezwę się po urlopie."),
        ("Urlop", "Jak ustawić informację, że jestem nieobecny do piątku?"),
        ("Zgłoszenie 12", "Dziękuję za wiadomość. Jutro nie będzie mnie w biurze, proszę dzwonić w czwartek."),
        ("Nepřítomnost příští týden", "Dobrý den, příští týden jsem na dovolené, prosím počkejte s opravou."),
        ("Automatická odpověď nefunguje", "Od včerejška se neodesílá. Prosím o pomoc."),
        ("Re: Automatická odpověď: Požadavek", "Děkuji, ozvu se tedy příští týden."),
        ("Dovolená", "Jak nastavím, že jsem mimo kancelář do pátku?"),
        ("Požadavek 12", "Děkuji za zprávu. Zítra nejsem v kanceláři, volejte prosím ve čtvrtek."),
        ("Ausência na próxima semana", "Bom dia, estarei de férias na próxima semana, por favor aguardem."),
        ("Resposta automática não funciona", "Configurei ontem e ninguém a recebe. Podem ajudar"),
        ("Re: Resposta automática: Chamado 12", "Obrigado, então volto a escrever em maio."),
        ("Férias", "Como configuro uma mensagem a dizer que estou fora do escritório?"),
        ("Chamado 12", "Obrigado pela mensagem. Amanhã estou fora do escritório, liguem na quinta."),
        ("Odsutnost sljedeći tjedan", "Dobar dan, sljedeći tjedan sam na godišnjem, molim pričekajte."),
        ("Automatski odgovor ne radi", "Postavio sam ga jučer, a nitko ga ne dobiva. Molim pomoć."),
        ("Re: Automatski odgovor: Upit", "Hvala, javit ću se onda u petak."),
        ("Godišnji", "Kako postaviti poruku da nisam u uredu?"),
        ("Upit 12", "Hvala na poruci. Sutra nisam u uredu, nazovite u četvrtak."),
        ("Отсутствие на следующей неделе", "Добрый день, на следующей неделе я буду в отпуске, подождите с ремонтом."),
        ("Автоответ не работает", "Вчера настроил, но никто его не получает. Помогите, пожалуйста."),
        ("Re: Автоматический ответ: Заявка 12", "Спасибо, тогда напишу в мае."),
        ("Отпуск", "Как настроить сообщение, что я буду в отпуске?"),
        ("Заявка 12", "Спасибо за письмо. Завтра меня не будет в офисе, звоните в четверг."),
        ("Réponse automatique en panne", "Depuis hier elle ne part plus. Pouvez-vous regarder"),
        ("Respuesta automática", "La respuesta automática de Marta dice que sigue de viaje, pero ya volvió."),
        ("Risposta automatica", "Come si imposta? Sono in ferie da lunedì."),
        ("Automatisch antwoord instellen", "Ik ben volgende week op vakantie en wil dit graag aanzetten."),
    ],
)
def test_a_person_who_writes_about_an_absence_is_a_person(subject: str, text: str):
    assert kind_of(subject, text) == "person"
    assert kind_of(subject, text, answers=True) == "person"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # subject with the mail that is answered behind it, first words: no fields, and no reference to an earlier mail
        (
            "Automatic reply: Invoice 4711",
            "Thanks for your email. I'm on parental leave until March. Please reach out to Tom.",
        ),
        ("Automatic reply: Ticket 12", "I have left the company. Please direct your enquiries to info@customer.test."),
        ("Automatic reply: Ticket 12", "Dear sender, our offices are closed for the public holiday."),
        ("Automatic reply: Ticket 12", "I only work Monday to Wednesday. I will answer your email when I'm back."),
        ("Out of Office: Re: [#12] printer", "I'm travelling this week and will reply upon my return."),
        ("I am away from my desk Re: ticket", "I am away until 5 May. Your message will be answered after that."),
        ("Re: Ticket 12 [Auto-Reply]", "I am on holiday until 5 May. For urgent matters contact Bob."),
        (
            "Automatische Antwort: Drucker",
            "Liebe Kollegen,\nich bin krank und kann Ihre Mail derzeit nicht bearbeiten.",
        ),
        (
            "Automatische Antwort: Anfrage",
            "Ich bin nicht mehr für die Firma tätig. Bitte wenden Sie sich an info@customer.test.",
        ),
        ("Autoreply: AW: Drucker", "Ich arbeite in Teilzeit und bin erst am Donnerstag wieder erreichbar."),
        ("Odpowiedź automatyczna: Zgłoszenie", "Obecnie jestem na zwolnieniu lekarskim."),
        (
            "Automatyczna odpowiedź: Zgłoszenie",
            "Dzień dobry, nie pracuję już w tej firmie. Proszę pisać na info@customer.test.",
        ),
        ("Automatická odpověď: Požadavek", "Dobrý den, momentálně jsem nemocná a ozvu se po návratu."),
        ("Automatická odpověď: Požadavek", "Ve firmě již nepracuji. Prosím, kontaktujte info@customer.test."),
        ("Resposta automática: Chamado", "Agradecemos o seu contato. Responderemos em até 48 horas."),
        (
            "Resposta automática: Chamado",
            "Informo que não faço mais parte da empresa. Favor contatar info@customer.test.",
        ),
        ("Automatski odgovor: Upit", "Na bolovanju sam do daljnjega. Molim kontaktirajte info@customer.test."),
        ("Automatski odgovor: Upit", "Zahvaljujemo na javljanju. Odgovorit ćemo u najkraćem roku."),
        ("Автоматический ответ: Заявка", "Я больше не работаю в компании. Обращайтесь на info@customer.test."),
        ("Автоответ: Заявка", "Спасибо за обращение! Заявка принята, мы ответим в течение 24 часов."),
    ],
)
def test_a_programs_subject_needs_one_sign_more(subject: str, text: str):
    assert kind_of(subject, text) == "auto-reply"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # subject, first words: in answer to a mail the subject is enough, when nothing is asked of us
        ("Automatic reply: Ticket 12", "At a conference until Thursday, slow to respond."),
        ("Automatische Antwort: Ticket 12", "Bis dahin hilft Ihnen die Zentrale."),
        ("Resposta automática: Chamado 12", "Volto na segunda-feira."),
    ],
)
def test_in_answer_to_a_mail_a_programs_subject_is_enough(subject: str, text: str):
    assert kind_of(subject, text, answers=True) == "auto-reply"
    assert kind_of(subject, f"{text} Why did I get this?", answers=True) == "person"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("subject", "text"),
    [
        # subject, first words: absences of others, and one's own in passing
        (
            "Handover while I am on leave",
            "I will be on leave from 1 to 20 December. Please send all approvals to Jane.",
        ),
        ("Maternity cover", "I'm starting maternity leave on 1 June. Lucy needs access to the shared mailbox."),
        (
            "Auto-reply loop",
            "Your system and ours are in a loop, we got 400 mails with 'This is an automated response'.",
        ),
        # what is announced is cited, what is forwarded is another's
        (
            "Out of office",
            "Please set up this:\n\nThank you for your message. I am on leave until 5 May. Urgent cases: contact Bob.",
        ),
        ("Autoresponder", "We need an autoresponder: Thank you for your message. I am out of the office until 5 May."),
        (
            "FW: Automatic reply: Invoice",
            "This customer left.\n\nFrom: Cy <cy@x.test>\nSent: 2 Nov 2026 09:12\nSubject: Automatic reply: Invoice\n\n\
This is an automatic reply. I no longer work here.",
        ),
        ("Thank you for your email", "Thank you for your email. I tried and it is still broken."),
        ("Abwesenheit Herr Meier", "Herr Meier ist bis auf Weiteres krank. Bitte leiten Sie seine Mails an mich um."),
        ("Weihnachten", "Unser Büro ist vom 24.12. bis 1.1. geschlossen. Bitte liefern Sie erst danach."),
        ("Automatische Antwort ändern", "Bitte ändern Sie die automatische Antwort von Frau Huber."),
        ("Urlop pani Nowak", "Pani Nowak jest na urlopie do 9 maja. Proszę o przekierowanie jej poczty do mnie."),
        ("Nemocenská", "Dobrý den, jsem nemocná a v pondělí nepřijdu. Přesuňte prosím schůzku."),
        ("Férias do João", "O João está de férias até dia 10. Podem encaminhar os e-mails dele para mim?"),
        ("Godišnji odmor kolege", "Kolega je na godišnjem do petka. Molim preusmjerite njegovu poštu na mene."),
        ("Отпуск сотрудника", "Иванов в отпуске до 10 мая. Прошу перенаправить его почту мне."),
        ("Не работает автоответчик", "Я уезжаю в командировку и хочу включить автоответчик, но не получается."),
    ],
)
def test_a_person_who_writes_about_somebodys_absence_is_a_person(subject: str, text: str):
    assert kind_of(subject, text) == "person"
    assert kind_of(subject, text, answers=True) == "person"

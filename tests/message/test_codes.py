"""What a program's mail shows of the codes in it: nothing; all other numbers stay."""

import pytest

from gateway.message.codes import HIDDEN, masked

# {what stands between braces is hidden}; all else stays as it is
CODES = [
    # en: the code behind its name, in front of it, alone on a line, in groups, with letters
    "Your verification code is {482913}.",
    "Your Acme verification code is: {482 913}",
    "Your security code: {123-456}",
    "{482913} is your Acme code",
    "{G-482913} is your Google verification code.",
    "{FB-48291} is your Facebook confirmation code",
    "Verification code:\n\n{482913}\n\nIt expires in 10 minutes.",
    "Hi,\n\nhere is the one-time password you asked for\n\n    {7 3 9 1 0 4}\n\nDo not share it with anybody.",
    "Your code is {A1B2-C3D4}. If you did not try to log in, ignore this mail.",
    "Your Steam Guard code for the login:\n\n{F7X4Q}\n\nThis mail was sent because of a login from Berlin.",
    "Use {834921} to verify your email address. This code is valid for 15 minutes.",
    "Enter this code to sign in: {x7k9p2}",
    "Your OTP is {4821}. It is valid for 5 minutes.",
    "PIN: {4821}\nUse it to confirm your identity. Never share it.",
    "Acme: {482913} is your sign-in code for order 1002345 of 12.11.2026. Don't share it.",
    "Your verification code for order 1002345 is {482913}",
    "[Acme] Confirmation code: {SC9-UKU}",
    (
        "We received a request to access your account by your email address. Your verification code is:\n{482913}\n"
        "If you did not request this code, somebody may try to use your account. Do not forward it."
    ),
    "Your recovery codes\n\n{1234-5678}\n{2345-6789}\n{3456-7890}\n\nKeep them in a safe place.",
    "To sign in to the shop, enter the code {482913} on the device. Order no. 1002345 of 2026-11-21, 129.90 EUR.",
    "Your verification code is\n{482913}\n\nAcme GmbH, Hauptstr. 5, 10115 Berlin, +49 30 1234567",
    "482913 is not it; your code: {112233}, and once more {112233}",
    # what stands in front of its name is hidden with it, and does not save it
    "Hello1,\nyour verification code is:\n{482913}",
    "jan1978, your verification code for Acme is {482913}",
    "{Jan1978} - your verification code for Acme is {482913}",
    "Customer no. 4829131\nVerification code: {739104}\nOrder: 1002345",
    "**{482913}**\n\nis your verification code for Acme",
    "{ABCD-EFGH} is your Acme passcode",
    "Paste this temporary login code:\n\n{sparo-ozark-duck-turbo}\n\nIf you didn't try to log in, ignore this.",
    "Your activation code for order number 1002345 is {K7P2-9QX4-LL2M}",
    "Your code for resetting the password of jan.w@bigbank.test (customer 4829131): {QP47-88TX}",
    "Hasło jednorazowe nr 12 z dnia 21-11-2026 to: {48219301}",
    "Überweisung 1500,00 EUR auf Konto ...4821; mTAN {739104}",
    # de
    "Ihr Bestätigungscode lautet {482913}.",
    "Ihr Einmalcode: {482 913}",
    "Ihre TAN für den Auftrag vom 21.11.2026 lautet: {482913}",
    "Verifizierungscode:\n{123-456}\nDer Code ist 10 Minuten gültig.",
    "{482913} ist Ihr Acme-Code",
    "Ihr einmaliges Passwort für die Anmeldung ist {K7P2-9QX4}",
    # pl
    "Twój kod weryfikacyjny to {482913}",
    "Kod weryfikacyjny: {482 913}. Kod jest ważny 10 minut.",
    "Jednorazowe hasło: {483920}",
    "{482913} to Twój kod logowania do Acme",
    # cs
    "Váš ověřovací kód je {482913}",
    "Jednorázový kód:\n\n{482 913}\n\nPlatí 10 minut.",
    "Potvrzovací kód pro objednávku č. 1002345: {482913}",
    # pt
    "O seu código de verificação é {482913}",
    "Código de confirmação: {123456}",
    "{482913} é o seu código de segurança da Acme.",
    # hr
    "Vaš kontrolni kod je {482913}",
    "Jednokratna lozinka: {7391-0482}",
    "Kod za potvrdu: {482913}. Vrijedi 10 minuta.",
    # ru
    "Код подтверждения: {482913}",
    "Ваш код для входа: {482-913}. Никому его не сообщайте.",
    "{482913} — ваш проверочный код",
    "Одноразовый пароль для подтверждения операции: {4821}",
    # links that do what a code does
    "Confirm your email address: https://acme.test/{verify?token=9f86d081884c7d659a2feaa0c55ad015}",
    "Click the link below to sign in to your account:\n<https://acme.test/{m/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjQ4}>\n",
    "Bestätigen Sie Ihre E-Mail-Adresse: https://acme.test/{b/550e8400-e29b-41d4-a716-446655440000}",
    "Reset your password (valid for an hour): https://acme.test/{reset/a8Xk29LmPq47ZtRs} or reply to this mail.",
    "Potwierdź swój adres e-mail:\nhttps://acme.test/{potwierdz/9f86d081884c7d659a2f}",
    "Чтобы подтвердить адрес почты, перейдите по ссылке: https://acme.test/{c?key=9f86d081884c7d659a2f}",
]
STAYS = [
    # en: everything else that programs count with
    "Your order 482913 has been shipped. Tracking number: 123456789012",
    "Order #482913 confirmed. Total: 1299 EUR, delivery on 21 November 2026.",
    "Invoice 2026-004821 of 129.00 EUR is due on 2026-12-01.",
    "Your ticket number is 482913. Please keep it.",
    "Call us at 0800 123 4567 or +48 600 123 456.",
    "Your booking reference is K7P2Q9. Flight LH1234 on 21 Nov at 14:30.",
    "Use code SAVE20 for 20 % off your next order.",
    "Your discount code: WINTER2026. Valid until 31.12.2026.",
    "Error code 50421 in build 482913. The job failed after 1200 s.",
    "Postal code: 10115 Berlin. Customer no. 4829131.",
    "Your parcel can be picked up in locker 4821, Hauptstr. 12.",
    "We noticed a new login to your account from 192.168.10.14 on 21 November 2026 at 14:30.",
    "Your card ending in 4821 was charged 129.00 USD. Transaction 90048213.",
    "Please verify your delivery address: Hauptstr. 5, 10115 Berlin. Order 482913.",
    "Your statement for account 12345678 is ready. Log in to read it.",
    "Out of office until 21.11.2026. In urgent cases call 48213.",
    "Case 00482913: we received your request.",
    "Meeting ID: 812 3456 7890, starts 14:30.",
    "Never share a verification code with anybody. Your order 482913 is on its way.",
    "We have sent you a verification code. Please check your phone. Your order 482913 is being processed.",
    "Your reservation is confirmed. Confirmation code: HMK7P2Q9. Check-in 23 November.",
    "Meeting ID: 812 3456 7890\nPasscode: 482913",
    "The security code is 3 digits on the back of your card 4821",
    "[acme/web] Fix login code (#48213): commit 4f9d2c1a, 1204 lines changed in verify.py",
    "Verify your e-mail in the app.\nOrder: https://acme.test/o/9f86d081884c7d659a2f",
    "Read how to verify your account: https://acme.test/help/how-to-verify-your-account-2026",
    "Your invoice: https://acme.test/invoices/9f86d081884c7d659a2feaa0c55ad015",
    "Track your parcel: https://dhl.test/t?id=9f86d081884c7d659a2feaa0c55ad015 (order 482913)",
    # de
    "Ihre Bestellung 482913 vom 21.11.2026 ist unterwegs. Sendungsnummer 00340434161094",
    "Rechnung Nr. 482913 über 129,00 EUR, fällig am 01.12.2026",
    "Ihr Gutscheincode: WINTER26 für 10 % Rabatt",
    "Kundennummer 482913, Vertragsnummer 7712-4482",
    "Abwesenheitsnotiz: Ich bin ab 21.11.2026 wieder da. Tel. 030 123456",
    # pl
    "Zamówienie nr 482913 zostało wysłane. Numer przesyłki: 600012345678",
    "Faktura 4821/2026 na kwotę 1299,00 zł, termin płatności 01.12.2026",
    "Twój kod rabatowy: ZIMA2026, -10 % na zakupy",
    "Kod pocztowy 00-950 Warszawa",
    # cs
    "Objednávka č. 482913 byla odeslána. Faktura 20260048.",
    "Váš slevový kód: ZIMA26. Sleva 10 %.",
    "PSČ 11000 Praha, variabilní symbol 4829130012",
    # pt
    "A sua encomenda 482913 foi enviada. Código postal 1000-205 Lisboa",
    "Fatura 482913 no valor de 129,00 EUR",
    "O seu código promocional: VERAO2026 com 10 % de desconto",
    # hr
    "Vaša narudžba 482913 je poslana. Broj pošiljke: HR123456789",
    "Račun 2231 od 21.11.2026, iznos 129,00 EUR. Poziv na broj 4829-130",
    "Vaš promo kod: ZIMA26, popust 10 %",
    # ru
    "Ваш заказ 482913 отправлен. Номер отправления 80081234567890",
    "Счёт № 482913 на сумму 1299 руб.",
    "Ваш промокод: ZIMA2026. Скидка 10 %.",
    "Почтовый индекс 101000, Москва",
]
# written before the code was, and not looked at while it was
UNSEEN_CODES = [
    "Hello Jan,\n\nPlease use the following one time passcode to complete your login:\n\n   594 201\n".replace(
        "594 201", "{594 201}"
    ),
    "Slack confirmation code: {QWX-7RP}",
    "Your Apple ID Verification Code is: {603718}",
    "{771204} is your Instagram code. Don't share it.",
    "Here is your GitHub authentication code:\n\n{30817745}\n\nThis code is valid for 15 minutes and only used once.",
    (
        "Microsoft account\nSecurity code\n\nPlease use the following security code for the account j**n@bank.test.\n\n"
        "Security code: {2417093}\n\nThanks,\nThe Microsoft account team"
    ),
    "Ihr Sicherheitscode für die Anmeldung bei der Bank: {918 274}",
    "Geben Sie diesen Code ein, um Ihr Konto zu bestätigen:\n\n{55 81 20}\n",
    "Aby się zalogować, wpisz kod {904417}. Nikomu go nie podawaj.",
    "Kod autoryzacyjny przelewu na kwotę 1500,00 PLN: {38104921}",
    "Pro přihlášení zadejte kód {620114}. Kód nikomu nesdělujte.",
    "Use o código {739205} para iniciar sessão. Expira em 10 minutos.",
    "Código de uso único: {4407-1182}",
    "Unesite kod {518203} kako biste potvrdili svoju e-adresu.",
    "Никому не говорите код! {6614} — код для входа на сайт.",
    "Ваш одноразовый код:\n\n{90 21 77}\n\nКод действует 5 минут.",
    "You can also sign in with this magic link: https://app.test/{l/7GhT5rWq92LmXz41Kp}",
]
UNSEEN_STAYS = [
    "Build #20417 passed. Commit 4f9d2c1 by jan, 312 tests in 48 s.",
    "Backup of db07 finished: 48213 files, 1290442 kB, log in /var/log/backup-20261121.log",
    "Your appointment is on 23 November 2026 at 09:15, room 2041. Reference: TERM-48213.",
    "Payment received: 4500.00 PLN, title: FV/2026/11/0482, account 61109010140000071219812874",
    "Ihre Paketabholung: Fach 4821, Abholung bis 30.11.2026",
    "Vaše reklamace RMA 100482 byla přijata. Kontakt: 800 123 456",
    "Vaš paket broj 00123456789 stiže 21.11. između 9 i 12 sati.",
    "Ваша заявка №48213 зарегистрирована 21.11.2026 в 14:30.",
    "Recebemos o seu pedido n.º 48213. Prazo: 2026-11-30.",
    "Alert: disk of host 10.20.30.40 is 91 % full (182034 of 200000 MB). Incident INC0048213.",
    "Password of jan was changed on 2026-11-21. If it was not you, call 0048 22 482 91 30.",
    "Verify the amounts of order 48213 before Friday: 1290, 4500 and 7731 pieces.",
]


def _pair(row: str) -> tuple[str, str]:
    """The text, and how it is shown."""
    shown, rest = "", row
    while "{" in rest:
        before, _, rest = rest.partition("{")
        _, _, rest = rest.partition("}")
        shown += before + HIDDEN
    return row.replace("{", "").replace("}", ""), shown + rest


@pytest.mark.parametrize("row", [*CODES, *UNSEEN_CODES])
def test_a_code_is_hidden_and_nothing_else(row: str) -> None:
    text, shown = _pair(row)
    assert masked(text) == shown


@pytest.mark.parametrize("row", [*STAYS, *UNSEEN_STAYS])
def test_other_numbers_stay(row: str) -> None:
    assert masked(row) == row


def test_what_is_not_looked_at_is_not_shown() -> None:
    text = "x" * 9000 + " your code is 482913"
    assert masked(text) == "x" * 8000


def test_where_a_code_surely_is_nothing_that_looks_like_one_is_shown() -> None:
    assert masked("Acme: 482913, order 1002345", holds_code=True) == f"Acme: {HIDDEN}, order 1002345"
    assert masked("Acme=48x29=13", holds_code=True) == f"Acme={HIDDEN}={HIDDEN}"

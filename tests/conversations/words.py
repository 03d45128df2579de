"""What customers write about, in the languages that we speak: subjects that many share, and a line of text."""

SUBJECTS = {
    "pl": ("Zwrot", "Reklamacja", "Faktura", "Pytanie o zamówienie", "Przesyłka nie dotarła"),
    "de": ("Rechnung", "Rücksendung", "Lieferung fehlt", "Frage zur Bestellung", "Login geht nicht"),
    "en": ("Invoice", "Refund", "Question about my order", "Cannot log in", "Delivery is late"),
    "cs": ("Faktura", "Reklamace", "Dotaz k objednávce", "Zásilka nedorazila", "Přihlášení nefunguje"),
    "hr": ("Račun", "Povrat", "Pitanje o narudžbi", "Pošiljka nije stigla", "Prijava ne radi"),
    "pt": ("Fatura", "Devolução", "Dúvida sobre o pedido", "Entrega atrasada", "Não consigo entrar"),
    "ru": ("Счёт", "Возврат", "Вопрос по заказу", "Посылка не пришла", "Не могу войти"),
}
REPLY_WORDS = {
    "pl": ("Odp: ", "RE: ", "Re: "),
    "de": ("AW: ", "Re: ", "Antw: "),
    "en": ("Re: ", "RE: ", "Re[2]: "),
    "cs": ("Re: ", "Odpověď: ", "RE: "),
    "hr": ("Odg: ", "Re: ", "RE : "),
    "pt": ("RES: ", "Re: ", "RE: "),
    "ru": ("Re: ", "Ответ: ", "RE: "),
}
FORWARD_WORDS = {
    "pl": "PD: ", "de": "WG: ", "en": "Fwd: ", "cs": "FW: ", "hr": "Proslj: ", "pt": "ENC: ", "ru": "Пересл: ",
}  # fmt: skip
TEXTS = {
    "pl": "Dzień dobry, proszę o informację w mojej sprawie, numer wewnętrzny {}.",
    "de": "Guten Tag, ich bitte um Auskunft zu meinem Anliegen, interne Nummer {}.",
    "en": "Hello, please let me know how my matter stands, my own number is {}.",
    "cs": "Dobrý den, prosím o informaci k mé záležitosti, interní číslo {}.",
    "hr": "Dobar dan, molim informaciju o mom predmetu, interni broj {}.",
    "pt": "Bom dia, peço informações sobre o meu assunto, número interno {}.",
    "ru": "Здравствуйте, прошу сообщить о моём деле, внутренний номер {}.",
}
WROTE = {
    "pl": "W dniu 21.11.2026 o 10:00, Acme Support pisze:",
    "de": "Am 21.11.2026 um 10:00 schrieb Acme Support:",
    "en": "On 21 Nov 2026, at 10:00, Acme Support wrote:",
    "cs": "Dne 21. 11. 2026 v 10:00 Acme Support napsal:",
    "hr": "Dana 21. 11. 2026. u 10:00 Acme Support je napisao:",
    "pt": "Em 21/11/2026 10:00, Acme Support escreveu:",
    "ru": "21.11.2026 10:00, Acme Support пишет:",
}

"""Answers and forwards of programs that speak other languages than we do: told by their form."""

import pytest

from gateway.message.reply import split_reply
from tests.message.read import read

THEIRS = "The printer hums.\nDoes yours?"
MARKED = "> The printer hums.\n> Does yours?"


@pytest.mark.parametrize(
    ("new", "theirs", "introduction"),
    [
        # the answer, the words below, what the program writes between (| is a line end; people as {a}, {b})
        ("Min gör det också.", THEIRS,
         "Från: {a} | Skickat: den 2 november 2026 09:12 | Till: {b} | Ämne: Skrivaren"),
        ("Det gør min også.", THEIRS,
         "Fra: {a} | Sendt: 2. november 2026 09:12 | Til: {b} | Emne: Printeren"),
        ("Det gjør min også.", MARKED,
         "man. 2. nov. 2026 kl. 09:12 skrev {a}:"),
        ("Niin minunkin.", THEIRS,
         "Lähettäjä: {a} | Lähetetty: maanantai 2. marraskuuta 2026 9.12 | Vastaanottaja: {b} | Aihe: Tulostin"),
        ("Niin minunkin.", MARKED,
         "ma 2. marrask. 2026 klo 9.12 Ann Lee (ann@x.test) kirjoitti:"),
        ("Az enyém is.", MARKED,
         "{a} ezt írta (időpont: 2026. nov. 2., H, 9:12):"),
        ("Și a mea.", THEIRS,
         "De la: {a} | Trimis: luni, 2 noiembrie 2026 09:12 | Către: {b} | Subiect: Imprimanta"),
        ("Benimki de.", MARKED,
         "{a}, 2 Kas 2026 Pzt, 09:12 tarihinde şunu yazdı:"),
        ("Мій теж.", MARKED,
         "пн, 2 лист. 2026 р. о 09:12 {a} пише:"),
        ("Και ο δικός μου.", THEIRS,
         "Από: {a} | Στάλθηκε: Δευτέρα, 2 Νοεμβρίου 2026 09:12 | Προς: {b} | Θέμα: Εκτυπωτής"),
        ("私のもです。", MARKED,
         "2026年11月2日(月) 9:12 {a}:"),
        ("私のもです。", THEIRS,
         "差出人: {a} | 送信日時: 2026年11月2日 9:12 | 宛先: {b} | 件名: プリンター"),
        ("我的也是。", THEIRS,
         "发件人: {a} | 发送时间: 2026年11月2日 9:12 | 收件人: {b} | 主题: 打印机"),
        ("제 것도요.", MARKED,
         "2026년 11월 2일 (월) 오전 9:12, {a}님이 작성:"),
        ("Aj moja.", THEIRS,
         "Od: {a} | Odoslané: pondelok 2. novembra 2026 9:12 | Komu: {b} | Predmet: Tlačiareň"),
        ("И моят.", MARKED,
         "На пн, 2.11.2026 г. в 9:12 ч. {a} написа:"),
        ("Tudi moj.", MARKED,
         "Dne 2. 11. 2026 ob 09:12 je Ann Lee napisal(a):"),
        ("Manasis irgi.", MARKED,
         "2026-11-02, pr, 09:12 {a} rašė:"),
        ("Minu oma ka.", THEIRS,
         "Saatja: {a} | Saadetud: esmaspäev, 2. november 2026 09:12 | Adressaat: {b} | Teema: Printer"),
        ("גם שלי.", MARKED,
         "בתאריך יום ב׳, 2 בנוב׳ 2026 ב-9:12 מאת ‪Ann Lee‬‏ <‪ann@x.test‬‏>:‬"),
        ("وكذلك طابعتي.", THEIRS,
         "من: {a} | تم الإرسال: الاثنين، 2 نوفمبر 2026 09:12 | إلى: {b} | الموضوع: الطابعة"),
        ("Của tôi cũng vậy.", MARKED,
         "Vào Th 2, 2 thg 11, 2026 vào lúc 09:12 {a} đã viết:"),
    ],
)  # fmt: skip
def test_an_answer_above(new: str, theirs: str, introduction: str) -> None:
    between = introduction.format(a="Ann Lee <ann@x.test>", b="Bo Ek <bo@y.test>").replace(" | ", "\n")
    assert split_reply(f"{new}\n\n{between}\n\n{theirs}").new == new


@pytest.mark.parametrize("rule", ["---------- {} ---------\n", "________________________________\n"])
@pytest.mark.parametrize(
    ("title", "author", "sent", "to", "subject"),
    [
        pytest.param("Vidarebefordrat meddelande", "Från", "Skickat", "Till", "Ämne", id="sv"),
        pytest.param("Videresendt meddelelse", "Fra", "Sendt", "Til", "Emne", id="da"),
        pytest.param("Välitetty viesti", "Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", id="fi"),
        pytest.param("Továbbított üzenet", "Feladó", "Küldve", "Címzett", "Tárgy", id="hu"),
        pytest.param("Mesaj redirecționat", "De la", "Trimis", "Către", "Subiect", id="ro"),
        pytest.param("Yönlendirilmiş ileti", "Kimden", "Gönderilme", "Kime", "Konu", id="tr"),
        pytest.param("Пересланий лист", "Від", "Надіслано", "Кому", "Тема", id="uk"),
        pytest.param("Προωθημένο μήνυμα", "Από", "Στάλθηκε", "Προς", "Θέμα", id="el"),
        pytest.param("転送メッセージ", "差出人", "送信日時", "宛先", "件名", id="ja"),
        pytest.param("转发的邮件", "发件人", "发送时间", "收件人", "主题", id="zh"),
        pytest.param("전달된 메일", "보낸 사람", "보낸 날짜", "받는 사람", "제목", id="ko"),
        pytest.param("Preposlaná správa", "Od", "Odoslané", "Komu", "Predmet", id="sk"),
        pytest.param("Videresendt melding", "Fra", "Sendt", "Til", "Emne", id="nb"),
        pytest.param("Препратено съобщение", "От", "Изпратено", "До", "Относно", id="bg"),
        pytest.param("Posredovano sporočilo", "Od", "Poslano", "Za", "Zadeva", id="sl"),
        pytest.param("Thư đã chuyển tiếp", "Từ", "Đã gửi", "Đến", "Chủ đề", id="vi"),
    ],
)
def test_a_forward(rule: str, title: str, author: str, sent: str, to: str, subject: str) -> None:
    head = f"{author}: Ann Lee <ann@x.test>\n{sent}: 2 11 2026 09:12\n{to}: <bo@y.test>\n{subject}: Printer hums"
    fields = "From: Bo <bo@y.test>", "Subject: Fwd: Printer hums", "Content-Type: text/plain; charset=utf-8"
    found = read("\n".join((*fields, "", "fyi", "", f"{rule.format(title)}{head}", "", THEIRS, ""))).forward
    assert found is not None
    assert found.author is not None
    assert (found.author.address, found.subject, found.comment) == ("ann@x.test", "Printer hums", "fyi")
    assert THEIRS in found.text

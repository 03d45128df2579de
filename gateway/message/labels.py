"""The words that mail programs, not people, put around another mail, in the languages that they speak.

Sources  the interfaces of Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Notes and phones. A word in a language that
         is not here costs nothing where dates, addresses and layout say the same (written_header.py, introduction.py).
Not here  words of people: no greeting, no thanks, no regards (signature.py).
"""

import re
from typing import Literal

from gateway.message.lines import folded

Label = Literal["from", "to", "cc", "date", "subject", "other"]

_LABELS: dict[Label, str] = {
    "from": (
        "from|von|van|da|de|de la|od|ot|od koho|fra|från|frá|lähettäjä|feladó|küldő|küldte|expéditeur"
        "|expeditor|expeditorul|remetente|remitente|mittente|afzender|nadawca|wysłane przez|odesílatel"
        "|odosielateľ|šalje|pošiljatelj|pošiljalec|pošiljatel|prima od|от|от кого|отправитель|від"
        "|від кого|відправник|подател|изпращач|шаље|пошиљалац|saatja|kellelt|no|no kā|sūtītājs|nuo|siuntėjas|kimden"
        "|gönderen|από|αποστολέας|差出人|送信者|寄件者|寄件人|发件人|發件人|보낸 사람|보낸사람|발신|từ"
        "|người gửi|dari|pengirim|จาก|מאת|من|absender|de parte de|desde|מ|بواسطة"
    ),
    "to": (
        "to|an|aan|a|à|para|pour|til|till|komu|kam|k|ke|za|do|vastaanottaja|címzett|címzettek"
        "|destinataire|destinatario|destinatário|destinatar|destinatarul|către|catre|adresat|odbiorca"
        "|príjemca|pre|příjemce|prima|primatelj|prejemnik|кому|к|до|получатель|одержувач|получател|прима|прималац|saaja"
        "|kellele|saņēmējs|gavėjas|kime|alıcı|προς|παραλήπτης|宛先|收件人|收件者|받는 사람|받는사람|수신"
        "|tới|đến|kepada|ถึง|אל|إلى|empfänger|ontvanger|modtager|mottaker|mottagare|envoyé à"
    ),
    "cc": (
        "cc|kopie|kopie (cc)|kopi|kopia|cópia|copie|copie à|copia|kopio|másolat|másolatot kap|kopija"
        "|kópia|копия|копія|копие|koopia|karbon kopya|bilgi|κοιν|κοινοποίηση|抄送|副本|참조|ccn|dw|i kopi"
        "|в копии|đồng gửi|tembusan|สำเนา|עותק|نسخة|bcc"
    ),
    "date": (
        "date|datum|dato|data|dată|dátum|datums|fecha|päivämäärä|päiväys|dagsetning|tarih|дата|датум|ημερομηνία"
        "|kuupäev|sent|sent at|gesendet|gesendet am|verzonden|verstuurd|envoyé|envoyé le|date d'envoi"
        "|message du|enviado|enviados|enviado el|enviado em|enviada|enviada em|enviada a|inviato|inviato il|sendt"
        "|skickat|skickades|lähetetty|wysłano|wysłane|data wysłania|odesláno|odoslané|poslano|poslané"
        "|послато|odeslané|отправлено|дата отправки|надіслано|изпратено|изпратено на|trimis|data trimiterii|elküldve"
        "|küldve|saadetud|saatmisaeg|nosūtīts|išsiųsta|gönderildi|gönderme tarihi|gönderim tarihi"
        "|στάλθηκε|αποστολή|日付|日時|送信日時|发送时间|發送時間|日期|寄件日期|传送时间|보낸 날짜|날짜"
        "|보낸날짜|đã gửi|ngày|tanggal|dikirim|วันที่|ส่ง|נשלח|תאריך|التاريخ|تاريخ|أرسل|تاريخ الإرسال"
        "|когда|laiks|zeit|heure|time|time sent"
    ),
    "subject": (
        "subject|betreff|thema|onderwerp|objet|sujet|asunto|assunto|oggetto|soggetto|emne|ämne|aihe|otsikko"
        "|temat|předmět|predmet|věc|naslov|zadeva|tárgy|subiect|subiectul|тема|наслов|относно|предмет|teema|tēma"
        "|tema|konu|θέμα|件名|主题|主旨|主題|제목|chủ đề|tiêu đề|subjek|perihal|เรื่อง|หัวเรื่อง|נושא"
        "|الموضوع|efni"
    ),
    "other": (
        "reply-to|reply to|antwort an|antwoord aan|répondre à|responder a|responder para|rispondi a"
        "|svar til|svara till|odpověď na|odpowiedz do|odgovori na|odpovedať na|válaszcím|ответить|vastaus"
        "|yanıt|priority|importance|wichtigkeit|priorität|importancia|importância|důležitost|ważność"
        "|attachments|anlagen|anhänge|pièces jointes|adjuntos|anexos|allegati|bijlagen|organization"
        "|organisation|message-id|list-id|sender|resent-from|x-mailer"
    ),
}  # fmt: skip
LABELS: dict[str, Label] = {folded(word): label for label, words in _LABELS.items() for word in words.split("|")}

FORWARDED = re.compile(
    r"forward|fwd\.?\s?msg|weitergeleitet|weiterleit|doorgestuurd|transf[ée]r|réexpédi|transmis|reenvia"
    r"|encaminhad|reencaminhad|inoltrat|videresend|vidarebefordr|vidaresän|framsend|v[äa]litett"
    r"|edelleenl|edastat|pārsūt|persiųs|przekaz|przesłan[aey]j? dalej|přepos[ií]l|přeposlan|preposl"
    r"|preposi|proslij|proslijeđ|prosled|prosleđ|posredovan|továbbít|redirec[țtţ]|пересыл|пересил|пересл"
    r"|перенаправ|переадрес|препрат|препращ|прослеђ|προωθ|iletilen|ilettiğ|yönlendir|転送|轉寄|转发"
    r"|轉發|전달|chuyển tiếp|diteruskan|ส่งต่อ|הועבר|מועבר|معاد توجيه|إعادة توجيه|تمت إعادة"
)  # fmt: skip
ENDS = re.compile(
    r"\b(?:end|ends|ende|einde|fin|fine|fim|final|konec|koniec|kraj|slut|slutt|loppu|vége|sfârșit|son|конец|кінець|край"
    r"|крај|τέλος)\b"
)
MESSAGE = re.compile(
    r"original|urspr[uü]n|origin|opprinn|oprind|pôvodn|původn|izvorn|nachricht|bericht|message"
    r"|messag[ge]|mensa[jg]|wiadomo|zpráv|správ|poruk|sporo[cč]il|сообщ|повідом|съобщ|поруке|üzenet"
    r"|оригинал|оригінал|viest|kiri|meddel|besked|melding|skilabo|ileti|mesaj|pesan|μήνυμα|メッセージ|原始|原文|邮件"
    r"|郵件|메시지|메일|thư|ข้อความ|הודעה|رسالة|ziņ|laišk|žinut"
)
WROTE = re.compile(
    r"\bwrote\b|\bsent:|\bwrites\b|\bschrieb|\bschreef\b|\bgeschreven\b|a écrit|\bescrib|\bescreve"
    r"|\bha scritto\b|\bscrive|\bnapisał|\bpisze|\bnapsal|\bnapísal|\bnapisa[ol]|\bje napisa|\bpiše"
    r"|написа|\bписал|пишет|пише|напісаў|\bskrev\b|\bskrifaði|\bkirjoitti|\bírta\b|\bkirjutas|\brakstīja"
    r"|\bparašė|\byazdı|\ba scris\b|έγραψε|γράφει|đã viết|\bmenulis|เขียน|כתב|كتب|书写|写道|寫道|書き"
    r"|님이 작성|작성:|wrote:"
)
ON = r"On|Am|Le|El|Em|Il|Op|Den|Dne|Dnia|W dniu|Dana|La|Vào"  # what stands before the date in an introduction
FORWARD_SUBJECT = re.compile(
    r"\s*(?:\[[^\[\]]{1,30}\]\s*)?(?:(?:re|aw|sv|antw)\s?:\s?){0,2}"
    r"[\[(]?(?:fwd?|fw|wg|tr|i|rv|enc|vb|vs|vl|pd|pdl|fs|továbbítás|ilt|προώθ|πρθ|továb|doorst|rtr|转发|轉寄|転送|전달"
    r"|пересл|пер|inoltro|reenv|přep|preposl|proslijeđeno|proslj|pret|fyi)\s?(?:\[\d{1,2}\])?\s?[:：\])]",
    re.IGNORECASE,
)
ABOVE_THIS_LINE = (  # helpdesks end a line with it where they take an answer off; folded
    "above this line", "oberhalb dieser linie", "oberhalb dieser zeile", "über dieser linie", "über dieser zeile",
    "nad tuto čáru", "nad tento řádek", "nad tento riadok", "nad túto čiaru", "powyżej tej linii", "acima desta linha",
    "iznad ove crte", "iznad ove linije", "nad to črto", "выше этой строки", "выше этой линии", "выше этой черты",
    "над этой строкой", "над этой линией", "над этой чертой", "вище цієї лінії", "вище цього рядка",
    "au-dessus de cette ligne", "encima de esta línea", "sopra questa riga", "sopra questa linea", "boven deze lijn",
    "boven deze regel", "ovanför denna rad", "ovanför den här raden", "over denne linje", "over denne linjen",
    "ovenfor denne linjen", "tämän rivin yläpuolelle", "deasupra acestei linii",
)  # fmt: skip
ANSWER = (  # stems of what is to be done there
    "repl", "répon", "respo", "respue", "rispo", "answer", "antwort", "antwoord", "odpow", "odpov", "odgovor", "ответ",
    "відпов", "type", "write", "svar", "vasta", "răspun",
)  # fmt: skip
_SENT = (
    "sent (?:from|via|with|using)|gesendet (?:von|vom|mit|über|aus|via|per)|von meinem|verzonden|verstuurd"
    "|envoyé (?:de|du|depuis|à partir|avec|via|par)"
    "|enviado|enviada|inviat[oa]|sendt|skickat|lähetetty|wysłan[eyo]|odesláno|odoslané|poslan[oé]|отправлено|надіслано"
    "|provenance ?:"
    "|изпратено|послато|trimis|küldve|elküldve|saadetud|nosūtīts|išsiųsta|gönderildi|στάλθηκε|εστάλη|送信|发自|發自|から送信"
    "|從我的|来自|에서 보냄|나의|gửi từ|dikirim"
)
_WITH = (
    r"fairemail|\bemail\.cz|telekom mail|k-9"
    r"|iphon|ipad|ipod|icloud|android|samsung|galaxy|huawei|xiaomi|redmi|oneplus|oppo|vivo|nokia|blackberry|xperia|sony"
    r"|motorola|honor|lenovo|\bhtc|\blg|windows|outlook|gmail|yahoo|proton ?mail|tutanota|\baol|mail\.ru|яндекс|yandex"
    r"|superhuman|shortwave|missive|mailbird|em client|canary"
    r"|typeapp|blue ?mail|\bspark|edison|acompli|aqua mail|mymail|nine|gmx|web\.de|t-online|freenet|zimbra"
    r"|smartphon|mobil|telefon|téléphone|teléfono|\bphone|handy|puhelime|cellulare|celular|móvil|tablet|スマートフォン|手机|手機"
    r"|휴대폰|телефон|смартфон|почты mail"
)
_OPENING = "diese (?:nachricht|e-mail|mail) wurde |this (?:message|e-?mail) was "
_EXCUSE = (  # the sentence that follows, of a program or of its owner
    r"\. (?:please )?(?:excuse|pardon|forgive|sorry|apolog|bitte entschuldigen|entschuldig|przepraszam"
    r"|omluvte|prosím omluvte"
    r"|desculp|ispri|oprostite|простите|извините|excusez|veuillez excuser|disculp|perdon|scusat|scus[ai]|excuseer"
    r"|ursäkta|elnézést|ospravedln|oprostite|вибачте|kısa)[^.]{0,50}"
)
MOBILE = re.compile(
    rf"[ \t*_(\[>-]{{0,4}}(?:(?:{_OPENING})?(?:{_SENT})(?=.{{0,80}}(?:{_WITH})[\w'’-]{{0,9}}(?![\w-]))[^,;!?.]{{0,90}}"
    rf"(?:\.\w[^,;!?.]{{0,40}})?(?:{_EXCUSE})?"
    rf"|(?:az )?(?:{_WITH})[\w'’ -]{{0,24}}(?:r[óő]l|[dt][ae]n) (?:küldve|elküldve|gönderildi)"
    r"|(?:iphone|ipad|android)から送信"
    r"|(?:[\w’']+ ){0,3}(?:outlook|blue ?mail)[\w’']*(?: [\w’']{1,7}){0,2} (?:ios|android)\w{0,3}(?: [\w’']+)?"
    r"|(?:ios|android) için outlook[\w’']*(?: [\w’']+){1,2})",
    re.IGNORECASE,
)  # the whole line of a phone's signature

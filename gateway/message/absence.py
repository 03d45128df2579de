"""Whether the words of a mail are those of an automatic answer: out of office, received with thanks.

Sources  the subjects that Exchange, Notes, GroupWise, Gmail and web mailers put before the subject they answer, in the
         languages of their users; the sentences that people leave with them.
         A person who writes about an absence, the own or another's, is a person: subject and first words must agree,
         a question is a person's, and what people also write by hand counts only with a sentence that answers any mail.
Not here  fields (classify.py).
"""

import re

from gateway.message.phrases import any_of

_MAX_BEGINNING = 700  # characters in which an automatic answer says what it is
_MAX_SUBJECT = 200

# what programs write before the subject that they answer
_SUBJECTS = r"""
automatic reply|auto(?:matic|mated)?[- ]?(?:reply|response|answer)
    |out of (?:the )?office:? (?:auto(?:matic)?[- ]?)?(?:reply|response)
vacation (?:auto)?(?:reply|response|message)|autoresponder|auto: ?out of (?:the )?office
automatische (?:antwort|rückantwort|antwortmail)|abwesenheits(?:notiz|nachricht|meldung|benachrichtigung
    |mitteilung|assistent)
automatische e-?mail-?antwort|odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź
    |automatická odpověď|automaticka odpoved
resposta automática|resposta automatica|automatski odgovor|automatska poruka|автоматический ответ
    |автоответ(?:чик)?
réponse automatique|message d[’']absence(?: automatique)?|respuesta automática|respuesta automatica
    |risposta automatica|messaggio automatico
automatisch antwoord|automatische (?:reactie|beantwoording)|afwezigheids?(?:bericht|melding|assistent)
"""
_OTHER_SUBJECTS = r"""
autosvar|automatiskt svar|automatisk svar|frånvaromeddelande|fraværsmelding|fraværsbesked
    |automaattinen vastaus|poissaoloviesti
automatikus válasz|automatická odpoveď|samodejni odgovor|аутоматски одговор|автоматична відповідь
    |автоматичен отговор
otomatik (?:yanıt|cevap)|răspuns automat|raspuns automat|αυτόματη απάντηση|automātiskā atbilde
    |automatinis atsakymas|automaatvastus
自動応答|自動返信|自动答复|自动回复|自動回覆|자동 ?(?:회신|응답)|رد تلقائي|תשובה אוטומטית|מענה אוטומטי
    |trả lời tự động|balasan otomatis
"""
# what people write as well
_PLAIN_SUBJECTS = r"""
out[- ]of[- ](?:the[- ])?office|ooo\b|(?:i am |i'm )?away from|vacation|on (?:annual )?leave|absence|abwesen|urlaub
    |nicht im büro|außer haus
nieobecn|poza biurem|urlop|nepřítom|mimo kancelář|dovolená|fora do escritório|ausência|ausente|férias
    |odsut|izvan ureda|godišnji
вне офиса|отсутств|отпуск|absen[ct]e?|congés?|fuera de la oficina|ausencia|vacaciones|fuori (?:ufficio
    |sede)|assen(?:za|te)|ferie
afwezig|niet op kantoor|vakantie|thank you for (?:your|contacting)|danke für ihre|vielen dank für ihre
    |we (?:have )?received
"""
_AUTOMATIC = r"""
this (?:message |e-?mail )?is an? auto(?:matic|mated
    |-)?(?:ally)?[- ]?(?:generated )?(?:e-?mail )?(?:reply|response|message|answer|e-?mail|notification
    |confirmation|acknowledge?ment)
(?:this|your) (?:message|e-?mail|reply|response) (?:was|is|has been) (?:sent|generated
    |created) automatically|automatic(?:ally generated)? reply\b
(?:dies|das|hierbei handelt es sich um) (?:ist )?eine? automati(?:sche|sch \w+) (?:e-?mail-?)?(?:antwort
    |nachricht|e-?mail|mail|mitteilung|bestätigung)
(?:diese|die) (?:nachricht|e-?mail|mail|antwort) (?:wurde|wird|ist) automatisch
    |to (?:jest )?(?:automatyczna (?:odpowiedź|wiadomość)|wiadomość (?:generowana|wysłana) automatycznie)
(?:ta |niniejsza )?(?:wiadomość|odpowiedź) (?:została )?(?:wygenerowana|wysłana|generowana) automatycznie
    |toto? je automatick(?:á|y \w+) (?:odpověď|zpráva)
tato (?:zpráva|odpověď) (?:byla|je) (?:\w+ )?automaticky|(?:esta|este) é uma? (?:resposta|mensagem
    |e-?mail) automátic[ao]|(?:esta|a) mensagem (?:é|foi) (?:\w+ )?automaticamente
ovo je (?:automatski (?:odgovor|generiran\w*)|automatska poruka)|(?:ova )?poruka je (?:poslana[ ]
    |generirana )?automatski|это автоматическ(?:ий ответ|ое (?:сообщение|уведомление|письмо))
(?:данное |это )?(?:письмо|сообщение) (?:сформировано|отправлено|создано) автоматически
    |ceci est une? (?:réponse|message|courriel) automatique
(?:esta|este) es una? (?:respuesta|mensaje|correo) automátic[ao]|quest[ao] (?:è|e[’']) una? (?:risposta
    |messaggio|e-?mail) automatic[ao]
dit is een automatisch (?:gegenereerde? )?(?:antwoord|bericht|e-?mail|reactie)
    |detta är ett auto(?:matiskt )?svar
"""
_ABSENT = r"""
(?:i am|i[’']m|i will be|i[’']ll be|we are|our office is|the office is)\b.{0,80}?\b(?:out of (?:the[ ]
    |my )?office|away\b|on (?:\w+ ){0,2}(?:leave|vacation|holidays?|pto|trip|travel)|travel+ing
    |not in (?:the )?office|unavailable|absent|closed|unable to (?:read|answer|respond)|on sick|(?:at|attending)
    an? (?:\w+ )?(?:conference|event|training|workshop)|not (?:be )?(?:reading|checking|working))
(?:i|we) only work|i work part|.{0,60}\b(?:public|company|bank|national) holiday|.{0,40}\bwill re-?open
(?:currently |presently )?(?:out of (?:the )?office|on (?:annual |maternity |parental )?(?:leave
    |vacation)|away) (?:until|till|from|and|with|this|on|for|through|returning)
(?:(?:derzeit|zur ?zeit|momentan|aktuell|bis|vom|ab|in der zeit|leider|heute)\b.{0,60}?)?
    \b(?:bin ich|ich bin|wir sind|ich befinde mich|befinde ich mich)\b.{0,80}?
    \b(?:nicht (?:im|in der|am|an meinem) (?:büro|hause?|firma|arbeitsplatz)
    |abwesend|im urlaub|in urlaub|außer haus|auf (?:dienst|geschäfts)reise
    |nicht (?:persönlich )?(?:erreichbar|verfügbar|zu erreichen)|in elternzeit|(?:erst|wieder) .{0,30}?(?:im büro
    |erreichbar|für sie|da\b)|krank|wieder (?:im|am)|in mutterschutz|in teilzeit)
ich arbeite (?:nur |in teilzeit)|.{0,60}\bkeinen zugriff auf (?:meine )?(?:e-?)?mail
(?:obecnie |aktualnie |w dniach .{0,30} )?(?:jestem|przebywam|będę|nie ma mnie
    |nie będzie mnie)\b.{0,80}?(?:nieobecn|poza biurem|urlop|w biurze|niedostępn|delegacj
    |zwolnieni|chor|szkoleni)|(?:do
    |od)\b.{0,40}(?:jestem (?:nieobecn|na urlop|poza)|przebywam)
.{0,50}\b(?:jsem|nejsem|budu|nebudu|mám|čerpám)\b.{0,60}?(?:mimo (?:kancelář|firmu)|v kanceláři|nepřítom
    |dovolen|zastižen|nedostupn|služební cest|nemoc|školení)
(?:estou|estarei|encontro-me|não estou|não estarei|neste momento|de momento
    |até)\b.{0,80}?(?:fora do escritório|ausente|férias|no escritório|fora da empresa|indisponível|licença
    |viagem|doente|baixa médica)
.{0,40}\b(?:nisam|neću biti|odsut\w+ sam|sam odsut\w+|bit ću|ja sam|nalazim se|sam)\b.{0,60}?(?:u uredu
    |odsut|izvan ureda|godišnj|nedostup|dostup|službenom)|.{0,30}\bna (?:godišnjem|bolovanju|porodiljnom|službenom) sam
.{0,60}(?:я |меня |буду |нахожусь |не буду |в настоящее время ).{0,60}?(?:в офисе|вне офиса|отпуск
    |отсутств|командировк|недоступ|на рабочем месте|больничн|болею)
    |(?:отсутствую|нахожусь в отпуске|в отпуске (?:до|с|по))
(?:je suis|je serai|actuellement|absente? du|en congés?)\b.{0,80}?(?:absent|du bureau|congés?|vacances
    |déplacement|indisponible|jusqu|au bureau)
(?:estoy|estaré|me encuentro|actualmente|no estaré|no estoy)\b.{0,80}?(?:fuera de (?:la |mi )?oficina
    |vacaciones|ausente|de viaje|en la oficina|disponible|de baja)
(?:sono|sarò|non sono|non sarò|attualmente)\b.{0,80}?(?:fuori (?:ufficio|sede)|assente|in ferie
    |in ufficio|in vacanza|non disponibile|in maternità)
(?:ik ben|momenteel|op dit moment|t/m|tot(?: en met)?)\b.{0,80}?(?:afwezig|niet op kantoor|niet aanwezig
    |met vakantie|op vakantie|vrij|niet bereikbaar|met verlof)
.{0,60}\bno longer (?:works?|employed|with|working|part)|(?:i|\w+ \w+) (?:have|has) left\b
.{0,60}\bnicht mehr (?:im unternehmen|bei uns|für|in unserem|bei der|tätig)
.{0,60}(?:(?:już )?nie pracuj[eę](?: już)?|(?:již|už) nepracuj[eiu]|não (?:trabalh[ao] mais|faço mais parte)
    |já não (?:trabalh[ao]|faço parte)|više (?:ne radi|nisam zaposlen)|больше не работа[ею])
.{0,60}(?:ne travaille plus|ne fait plus partie|ya no trabaja|non lavora più|niet meer werkzaam)
(?:unser|das) büro (?:ist|bleibt)\b.{0,60}?geschlossen|(?:nasze )?biuro (?:jest|będzie)\b.{0,40}?(?:nieczynne|zamknięte)
(?:naše )?kancelář (?:je|bude)\b.{0,40}?zavřen|(?:o nosso )?escritório (?:está|estará)\b.{0,40}?(?:fechado|encerrado)
(?:naš )?ured (?:je|će)\b.{0,40}?zatvoren|(?:наш )?офис\b.{0,40}?(?:закрыт|не работает)|odsut\w+ sam|меня нет в офисе
jag är\b.{0,60}?(?:på kontoret|ledig|semester|bortrest|frånvarande)|jeg er\b.{0,60}?(?:kontoret|ferie
    |fraværende|bortrejst|bortreist)|olen\b.{0,60}?(?:poissa|lomalla|toimistolla)
.{0,40}(?:nem vagyok|szabadságon|irodában|távol)|.{0,60}(?:不在|休暇|外出|休假|出差|不在办公室
    |부재|휴가)|.{0,60}(?:izinde
    |ofis dışında)|(?:sunt|voi fi)\b.{0,60}(?:concediu|birou|plecat)
"""
_BACK = r"""
(?:reply|respond|answer|get back|contact you|read|attend|deal)\b.{0,60}?\b(?:return|back|as soon as)
    |(?:up)?on my return|when i (?:return|get back|am back)|after my return|i will be back
nach meiner rückkehr|sobald ich (?:wieder|zurück)|po (?:moim )?powrocie|gdy wrócę|po (?:svém[ ]
    |mém )?návratu|až se vrátím|jakmile se vrátím|após o (?:meu )?(?:regresso|retorno)|quando (?:regressar
    |voltar|retornar)|assim que
po povratku|kada? se vratim|(?:после|по) (?:моего )?возвращени|когда вернусь|(?:à|dès) mon retour|(?:a
    |cuando) (?:mi (?:regreso|vuelta)|vuelva|regrese)|al mio (?:ritorno|rientro)|(?:na|bij) mijn terugk
    |zodra ik (?:weer|terug)
"""
_INSTEAD = r"""
(?:urgent|emergenc|immediate|pressing|assistance)\w*.{0,80}?(?:contact|call|please|e-?mail|write|reach)
    |(?:contact|call|reach|e-?mail)\b.{0,60}?(?:in my absence|instead|urgent)|while i am away|limited access
    |no access to (?:my )?(?:e-?)?mail
in dringenden|dringende|wenden sie sich|in meiner abwesenheit|nicht weitergeleitet|(?:w )?(?:sprawach[ ]
    |przypadku )?pilny|pod nieobecność|proszę o kontakt|naléhav|urgentní|neodkladn|v nepřítomnosti
    |(?:assuntos?|casos?) urgente|urgência|por favor,? contact
hitn|za vrijeme (?:moje )?odsutnosti|molim.{0,20}obrat|срочн|неотложн|обращайтесь|en cas d[’']urgence
    |urgen|en mon absence|en mi ausencia|in mia assenza|voor dringende|bij spoed|dringend|neem.{0,20}contact
"""
_THANKS = r"""
thank(?:s| you)(?: very much| so much)? for (?:your (?:e-?mail|message|mail|inquiry|enquiry|request)
    |contacting|getting in touch|writing)|(?:we|i) (?:have )?received your (?:e-?mail|message|request
    |inquiry)|your (?:e-?mail|message|request) (?:has been|was) received
(?:vielen |herzlichen )?dank für (?:ihre|deine|die) (?:nachricht|e-?mail|mail|anfrage)
    |(?:wir haben )?ihre (?:nachricht|e-?mail|anfrage) (?:ist (?:bei uns )?eingegangen|erhalten)
    |dziękuj\w+ za (?:\w+ )?(?:wiadomość|e-?mail|maila|kontakt|zgłoszenie)
děkuj\w+ za (?:vaši |váš )?(?:zprávu|e-?mail|dotaz)|(?:(?:muito )?obrigad[oa]|agrade\w+) (?:pel[oa]
    |por|o) (?:\w+ )?(?:mensagem|e-?mail|conta[ct]\w+)|(?:hvala|zahvalj\w+)(?: vam)?(?: se)? na (?:\w+ )?(?:poruci
    |e-?mailu|mailu|upitu|javljanju)
(?:спасибо|благодар\w+)(?: вас)? за (?:\w+ )?(?:письмо|сообщение|обращение)|merci (?:pour|de) (?:votre
    |ton) (?:message|e-?mail|courriel|mail)|gracias por (?:su|tu|contactar|escribir)
    |grazie per (?:\w+ )?(?:\w+ )?(?:messaggio|e-?mail|mail|contatt)|bedankt voor (?:uw|je|jouw)
"""


_PREFIX = re.compile(rf"\W{{0,3}}(?:{any_of(_SUBJECTS)})\W{{0,3}}(?:[:：\-–(]|$)", re.IGNORECASE)
_OTHER_PREFIX = re.compile(rf"\W{{0,3}}(?:{any_of(_OTHER_SUBJECTS)})\W{{0,3}}(?:[:：\-–(]|$)", re.IGNORECASE)
_PLAIN = re.compile(rf"\W{{0,3}}(?:{any_of(_PLAIN_SUBJECTS)})", re.IGNORECASE)
_PLAIN_PREFIX = re.compile(
    rf"\W{{0,3}}(?:{any_of(_PLAIN_SUBJECTS)})\w*(?: \w{{1,20}}){{0,3}}\W{{0,3}}(?::| - |\bre\b)", re.IGNORECASE
)
_ANSWERED = re.compile(
    r"(?<=\W)(?:re|aw|odp|res|rif|ha|sv|vs|ynt|отв)\s?:", re.IGNORECASE
)  # not where the subject begins
# as programs write it: before the subject that they answer, or as a tag at either end
_HEADS = re.compile(
    rf"\W{{0,3}}(?:{any_of(_SUBJECTS)})\s?[:：]\s*\S|.{{0,150}}?[\[(](?:{any_of(_SUBJECTS)})[\])]", re.IGNORECASE
)
# a sentence begins where the text does, or after a stop, a comma of the greeting, a line end
_SENTENCE = r"(?:^|[.!,:;。*\n] ?)\W{0,4}(?=\w)"
_SAYS_AUTOMATIC = re.compile(rf"{_SENTENCE}(?:{any_of(_AUTOMATIC)})", re.IGNORECASE)
_AUTOMAT = re.compile(r"auto(?:m|-|gen)|автомат", re.IGNORECASE)  # spares most mails the long lists
# what is asked of us, and not of everybody who writes
_REQUEST = re.compile(
    r"\bplease (?!contact|call|write|reach|e-?mail|send|direct|note|get in touch|do not|don't|be |see|visit|use|allow"
    r"|refer|address|forward|turn|consult|accept)"
    r"|\bbitte (?!wenden|kontaktieren|schreiben|rufen|beachten|senden|richten|an |haben|antworten|kontakt)"
    r"|\bpros(?:z[ęe]|imy) (?!o (?:kontakt|cierpl)|(?:się )?kontakt|pisać|dzwonić|kierować|na |nie )"
    r"|\bprosím,? (?!kontakt|piš|vol|obra|na |neodpov)|\b(?:por )?favor,? (?!conta[ct]|entr[ea]|escrev|lig|envi)"
    r"|\bmolim(?:o)? (?:vas )?(?!kontakt|obrat|piš|nazov|javi|ne )"
    r"|пожалуйста,? (?!обращ|пиш|звон|на |не )|\bs'il vous pla[iî]t\b|\bgraag\b",
    re.IGNORECASE,
)
_CITED = re.compile(  # a sentence that announces words, its own or another's
    r"(?<![^\s.!,:;])(?:[^\s.!,:;]{1,40} ){3,12}[^\s.!,:;]{1,40}:\s"
)
_SAYS_ABSENT = re.compile(rf"{_SENTENCE}(?:{any_of(_ABSENT)})", re.IGNORECASE)
_SAYS_BACK = re.compile(any_of(_BACK), re.IGNORECASE)
_SAYS_INSTEAD = re.compile(any_of(_INSTEAD), re.IGNORECASE)
_SAYS_THANKS = re.compile(rf"{_SENTENCE}(?:{any_of(_THANKS)})", re.IGNORECASE)


def automatic_answer(subject: str, text: str, *, answers: bool, by_machine: bool) -> str | None:
    """The evidence that the words are an automatic answer's; None when a person may have written them.

    text        the new words, without quotes
    answers     it refers to an earlier mail
    by_machine  a field or the envelope says that no person sent it now
    """
    subject, start = subject[:_MAX_SUBJECT].strip(), _dense(text[:_MAX_BEGINNING])
    prefixed = _PREFIX.match(subject) is not None
    if by_machine and (prefixed or _OTHER_PREFIX.match(subject)):
        return "subject of an automatic answer"
    heads = _HEADS.match(subject) is not None
    answers = answers or _ANSWERED.search(subject, 1) is not None
    hint = (
        prefixed
        or heads
        or by_machine
        or _OTHER_PREFIX.match(subject)
        or _PLAIN.match(subject)
        or _AUTOMAT.search(start)
    )
    if not hint:
        return None
    before, question, _ = start.replace("？", "?").partition("?")
    if question and not (prefixed and answers):
        return None
    start = before  # what an answer says of itself, it says before it asks whether help is wanted
    if not by_machine:
        start = _CITED.split(start, maxsplit=1)[0]
    absent = _SAYS_ABSENT.search(start) is not None
    automatic = _SAYS_AUTOMATIC.search(start) is not None
    if prefixed and (absent or automatic):
        return "subject and words of an automatic answer"
    if _OTHER_PREFIX.match(subject) and (absent or answers):
        return "subject of an automatic answer"
    instead = _SAYS_BACK.search(start) is not None or _SAYS_INSTEAD.search(start) is not None
    thanks = _SAYS_THANKS.search(start) is not None
    if prefixed and thanks and (answers or instead):
        return "subject and thanks of an automatic answer"
    asks = question or _REQUEST.search(start) or (_AUTOMAT.search(start) and not automatic)
    if heads and not asks and (answers or absent or instead or thanks):
        return "subject of an automatic answer, and nothing is asked"
    if automatic and (absent or thanks):
        return "it says that it is an automatic answer"
    if by_machine and absent and (instead or thanks):
        return "words of an automatic answer"
    if absent and answers and _PLAIN_PREFIX.match(subject) and not _REQUEST.search(start):
        return "subject and words of an absence, in answer to a mail"
    if _PLAIN.match(subject) and absent and thanks and instead:
        return "subject and words of an automatic answer"
    return None


def _dense(text: str) -> str:
    """The text without empty lines, its words one blank apart."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))

"""The words by which mail systems say that a mail did not arrive, and what state they mean.

Sources  the notices of Sendmail, Postfix, Exim, qmail, Courier, OpenSMTPD, Exchange, Notes, GroupWise, Gmail, Yahoo and
         carriers, in the languages of their administrators; RFC 3463 for the states.
         Words alone make no report: a person writes about failures too. report.py asks for a machine's hand as well.
Not here  addresses (delivery_text.py).
"""

from gateway.message.phrases import LatePattern, any_of

# how a subject begins; what follows is the subject of the mail that did not arrive
_SUBJECTS = any_of(r"""
(?:(?:mail|message|e-?mail) )?(?:system )?(?:delivery )?(?:status )?(?:failure )?notif(?:ication
    |y)\b(?: ?\((?:failure|delay|failed|delayed)\))?
delivery (?:status )?(?:notification|report|failure|failed|error|problem|delayed|delay|warning)
(?:mail|message|e-?mail) (?:delivery )?(?:fail(?:ed|ure)|error|problem|delayed|status|system error|warning
    |could not be|undeliverable|not delivered|delivery)
(?:automatic(?:ally)? generated )?undeliver(?:able|ed)|un(?:able to|zustellbar|deliverable)|failure notice
failed (?:mail|message|delivery)|returned (?:mail|message|e-?mail|to sender)|return(?:ed)? to sender
non[- ]?(?:delivery|remis)|nondeliverable
\W{0,3}(?:mail|message) (?:you sent )?(?:not delivered|is undeliverable)
(?:warning|attention|notice)\W{1,3}(?:message|mail|could not|e-?mail)|could not (?:send|deliver)
(?:your )?(?:mail|message|e-?mail) (?:could not|was not|has not|cannot|can't)|problem delivering
cannot send message|user unknown|(?:unknown|invalid) (?:user|recipient|address)|mail system error
permanent delivery failure|error (?:sending|delivering)|delay(?:ed)? (?:mail|delivery)
mailbox (?:full|unavailable)|rejected(?: mail| message)?\s*:|dsn\b|ndn\b|ndr\b|notification d'échec
postmaster notify|virus found in|unzustellbar|nicht zustellbar|zustellung (?:fehlgeschlagen|nicht)
fehler bei der zustellung|(?:e-?mail|nachricht) (?:konnte )?nicht zugestellt|nie można dostarczyć|niedostarcz
nie dostarczono|błąd dostarcz|zwrot(?: wiadomości| poczty)?|nelze doručit|nedoruč|chyba doručení
zpráva nebyla doručena|não (?:é possível entregar|foi possível entregar|entregue)|não pode ser entregue
falha (?:na|de|ao) entreg|mensagem (?:devolvida|não entregue)|devolvid|nije moguće isporučiti|neisporuč
poruka nije isporučena|isporuka (?:nije|neuspješna)|недоставлен|не удалось доставить|невозможно доставить
ошибка доставки|сообщение не доставлено|уведомление о (?:не)?доставке|non remis|échec (?:de|d')
message non (?:remis|distribué)|retour(?:né)?|no se puede entregar|no se pudo entregar
mensaje (?:no entregado|devuelto)|error (?:de|en la) entrega|fallo en la entrega|impossibile recapitare
non recapitabile|mancata consegna|mancato recapito|messaggio non (?:recapitato|consegnato)|onbestelbaar
niet bezorgd|kan niet worden bezorgd|bezorging (?:mislukt|vertraagd)
メールエラー|配信不能|配送(?:エラー|失敗)|送信(?:エラー|失敗)|退信|系统退信|邮件(?:无法投递|投递失败)|无法(?:投递|传递)
배달 (?:실패|불가)|kézbesítés|nu se poate livra|oförmedl|kan inte levereras
leveringsfejl
""")
FAILURE_SUBJECT = LatePattern(rf"[\s*\[<({{\"'!-]{{0,5}}(?:{_SUBJECTS})")

# what the notice itself says near its beginning
_OPENINGS = any_of(r"""
this is (?:the|an?) (?:\S+ ){0,6}(?:qmail-send|mail delivery|mail system|mailer|e-?mail system
    |delivery status notification|mta|smtp (?:server|gateway|program)|automatically[- ]generated|program
    |permanent error)
message was (?:created|generated) automatically by (?:the )?(?:\S+ )?mail
(?:could|can|was|were|were|has|have|did|is|are|cannot|couldn't|wasn't) ?(?:not|n't)? (?:be|been
    |being)? ?(?:successfully )?(?:delivered|deliver|reach|reached|deliverable|sent to)
(?:un|not )able to (?:be )?(?:deliver|send|relay)
(?:delivery|transmission|sending|relaying)\b.{0,80}?\b(?:fail(?:ed|ure)|delayed|impossible|unsuccessful)
fail(?:ed|ure) (?:to|during|in) (?:be )?(?:deliver|send|relay)|undeliver(?:able|ed)
transcript of (?:the )?session|returned (?:mail|message|e-?mail|to (?:you|sender))
addresse?s?(?:\(es\))? (?:had|with) (?:permanent|transient|delivery)|permanent (?:fatal )?error|fatal errors?
(?:following|these|this|intended) (?:e-?mail )?(?:recipient|address|destination)
(?:user|recipient|mailbox|account|address|host|domain)\b.{0,60}?\b(?:unknown|not (?:found|exist|known
    |listed|valid|a valid|available)|doesn't exist|does not exist|is (?:full|disabled|invalid|unavailable
    |inactive|over)|rejected|disabled|closed)
(?:unknown|invalid|no such|unroutable|bad) (?:local )?(?:user|recipient|address|mailbox|account|host|domain
    |destination)
quota exceeded|over (?:its |his |disk )?quota|mailbox (?:is )?full|exceeded.{0,40}(?:quota|limit|size)
(?:was|were|been|is) (?:rejected|refused|returned|blocked|bounced|delayed|deferred)
(?:mail|message|e-?mail|recipient|delivery|smtp)\b.{0,40}?\b(?:error|problem|fail|reject|refus|bounce|abort)
not (?:be )?(?:be )?(?:deliver|distribut)|still (?:be )?(?:undelivered|retry|try)
will (?:continue|keep|be) (?:to )?(?:try|retri)|(?:said|response|reply|returned|error)\W{1,4}[45]\d\d
\b[45]\d\d[ -][245]\.\d\.\d|\(#[45]\.\d\.\d\)|reason: [45]\d\d|zustell
nicht (?:erreicht|übermittelt|gefunden|ausgeliefert)|dostarcz|doręcz|doruč|entreg(?:ue|ar|ada|ado)|isporuč
достав|remis|distribu|destinatair|destinatari|recapit|consegn|bezorg|afgelever|送信|配信|届|宛先|投递|退信|收件|배달|전송|levere
kézbesít
""")
NOTICE = LatePattern(_OPENINGS)

# sentences of programs that no person writes: enough beside a subject, whoever the author is
_PROGRAMS = any_of(r"""
this message was (?:created|generated) automatically by (?:the )?(?:\S+ )?(?:mail|delivery)
this is (?:the|an?) (?:qmail-send|mail delivery|automatically generated delivery|mail system|smtp program
    |\S+ smtp program|mimedefang|postfix)
--- ?(?:transcript of|the following address|unsent message|original message follows|this is a copy of)
your message\s+to:?\s.{0,200}\s(?:did not reach|was not delivered|could not be)
did not reach (?:some or all of )?(?:the )?(?:following|intended) recipient
delivery to the following recipients?(?:\(s\))? (?:failed|has been delayed)
the following (?:recipient|address|user|message)\S*.{0,40}?(?:failed|rejected|undeliver|could not
    |cannot be reached|had )
(?:your|the) message (?:to|for) <?\S{1,100}@\S{1,200} (?:couldn't|could not|wasn't|was not|cannot)
the original message was received at|failed to deliver to '?\S{1,100}@|undelivered mail returned
diagnostic information for administrators|generating server:
unable to deliver (?:your |the )?(?:message|mail) to|\bhas been rejected by\b|user(?:'s)? mailbox
(?:could|can) ?not (?:be delivered|deliver (?:the |your )?(?:message|mail)) to
--- ?(?:failed recipient|non-?delivery)|\*{3} ?message from
(?:undeliverable|unable to deliver|failed recipient|invalid recipient|unknown (?:user|local part)|unrouteable)\W
diese nachricht wurde automatisch|automatisch generiert|エラーメッセージ|配信不能|送信先|送信でき|退信
""")
PROGRAM_NOTICE = LatePattern(_PROGRAMS)

# where the returned mail, or what is said of it, begins
_COPIES = any_of(r"""
-{2,} ?(?:below this line|original (?:message|mail)|this is a copy|unsent message)
-{2,} ?(?:message (?:header|follows|text)|returned (?:mail|message)|undelivered message|the original)
-{2,} ?(?:forwarded|start of|header|-*\s*message header|a copy of|enclosed|the (?:header|body))
-{2,} ?(?:your (?:message|mail)|here is|copy of|the following is)|received: (?:from|by|\()|return-path: ?<
(?:the )?original (?:message )?headers?\b|original message(?: follows)?\W{0,5}$
.{0,40}?(?:first|following|here) (?:is|are) (?:a copy|the (?:first|message|header|original))
.{0,40}copy of (?:the|your) (?:message|mail|original)\b.{0,60}:$
(?:the )?(?:text|header|headers|body|contents?|beginning) of (?:the|your) (?:message|mail|original)
(?:message )?headers? follows?|your (?:original )?(?:message|mail) (?:follows|reads|is|was)\b.{0,40}:$
(?:sent|original) message:?$|[=*]{3,} ?(?:\S+ ){0,8}?original|\[?-+ ?(?:original|returned)|_{5,}$|received:[ ]
ursprüngliche nachricht|message d'origine|mensaje original
""")
COPY_BELOW = LatePattern(rf"^[\s>*]{{0,8}}(?:{_COPIES})")

# what is wrong, by what is said; the first that fits
_STATES = (
    (
        "5.2.2",
        r"""
(?:mailbox|mail box|inbox|account|user|quota|folder|storage|recipient|maildir|disk)\b.{0,60}?\b(?:full
    |exceeded|exceed|over ?quota|over quota|is over|limit)
over (?:\S+ ){0,2}quota|quota (?:exceeded|violation)|full mailbox
(?:exceeded|exceeds|exceed).{0,30}(?:quota|mailbox|storage)|receiving mail (?:too|at a rate)|voll\b|pełna|przepełn|plná
llen[oa]|cheia|переполнен|переповнен|препълнен|\bpolna\b|prepuna|megtelt|täynnä|\bär full\b
\ber (?:fuld|full)\b|\bpiena\b|pleine\b|\bvol\b|\bdolu\b|\bplină\b|γεμάτ|πλήρες|メールボックスが一杯|一杯のため
""",
    ),
    (
        "4.4.7",
        r"""
(?:retry|delivery|queue|retention) (?:time ?out|time|period|lifetime)\b.{0,30}?(?:exceeded|expired)
(?:too long|expired)\b.{0,40}queue|in (?:the )?queue (?:for )?(?:too|more)
(?:could not|cannot|can't|can not|unable|not) (?:be |to )?(?:send|sent|deliver
    |delivered)(?: message)? (?:for|within|in|after) (?:the last )?\d+
message (?:has )?expired|delivery (?:attempts? )?(?:expired|time ?d? ?out)|timed out|time-?out
will (?:keep|continue|be) (?:to )?(?:be )?(?:try|retri)|still (?:being|trying|undelivered)|delayed
temporar(?:y|ily)(?! (?:un)?authori)|try again later|(?:warning|attention).{0,40}still|deferred
failing for a long time|retry time not reached|not yet (?:been )?delivered|no (?:further )?action is required
""",
    ),
    (
        "5.1.1",
        r"""
(?:user|recipient|mailbox|account|address|alias|person|addressee|mail ?box|username|name|local[- ]part
    |destination|subscriber|customer|client)\b.{0,60}?\b(?:unknown|not (?:found|exist|known|listed|valid
    |a valid|available|recognized|registered|local|match|unique)|n't (?:exist|found|have|listed)
    |does ?n[o']t exist|(?:is )?(?:invalid|nonexistent|unavailable|undeliverable|unrout|rejected|ambiguous
    |closed|deleted|removed)(?! (?:by|due|because|for|as)\b))
(?:unknown|invalid|no such|non-?existent|unroutable|unrouteable|bad|wrong|illegal|undefined|no
    |not (?:a )?(?:valid|known)|isn't a|doesn't have an?|is not an? (?:known|valid|active)
    |not listed in) (?:\S+ ){0,2}?(?:user|recipient|address|mailbox|account|name|alias|local[- ]part|person
    |subscriber|customer)
user_?unknown|no mailbox here|address rejected|not (?:our|a) (?:user|customer|member)|couldn't be found
address (?:you typed|couldn|not found)|unbekannt|nie istnieje|neexistuje|não existe|ne postoji|не существует
не найден|не існує|не съществува|не постоји|ne obstaja|δεν υπάρχει|nem létezik|ei ole olemassa|finns inte|findes ikke
finnes ikke|nu există|bulunamadı|n'existe pas|non esiste|bestaat niet
inconnu|no existe|inesistente|onbekend|宛先.{0,10}(?:見つ|不明)|不存在
""",
    ),
    (
        "5.1.2",
        r"""
(?:host|domain|hostname|dns|mx|site|name ?server|relay|server)\b.{0,60}?\b(?:unknown|not (?:found|exist
    |known|resolv|listed)|n't (?:exist|find|found|resolve)|no (?:mx|such)|lookup (?:fail|error)|nxdomain|error)
(?:unknown|no such|invalid|illegal|bad|unresolvable|couldn't find any|could not find|nonexistent
    |unable to (?:find|resolve)|no route to) (?:\S+ ){0,2}?(?:host|domain|hostname|mx|site|server)
no (?:mx|mail exchanger|valid hosts)|name (?:server|service|resolution) (?:error|fail)
unrout(?:e)?able (?:mail )?(?:domain|host)|all relevant mx
""",
    ),
    (
        "5.3.4",
        r"""
(?:message|mail|size|e-?mail|file|attachment)\b.{0,40}?\b(?:too (?:large|big|long)|exceeds|exceeded
    |larger than|size limit)
too (?:large|big)|maximum (?:message |allowed )?size
""",
    ),
    (
        "5.2.1",
        r"""
(?:account|mailbox|user|recipient|address)\b.{0,40}?\b(?:disabled|inactive|suspended|locked|blocked
    |not active|deactivated|expired|no longer)
""",
    ),
    (
        "5.4.6",
        r"""
(?:mail|routing|forwarding|message)? ?loop|too many hops|hop count|hops exceeded|loops? back
""",
    ),
    (
        "5.6.0",
        r"""
(?:virus|worm|malware|infected|attachment|content|mime|header)\b.{0,40}?\b(?:found|detected|blocked
    |not (?:allowed|accepted|permitted)|rejected|invalid|prohibited|removed|error)
contains a virus
""",
    ),
    (
        "5.7.1",
        r"""
(?:spam|junk|unsolicited|blacklist|black list|blocklist|blocked|black-?listed|rbl|dnsbl|spamhaus|policy
    |relay(?:ing)?|access|sender|permission|not (?:allowed|permitted|authori[sz]ed)|administrat|reject|refus
    |denied|prohibit|restrict|authentication|dmarc|spf)\b
""",
    ),
    (
        "5.4.1",
        r"""
(?:connection|connect|network|socket|i/o|protocol|route|no answer|tls|unreachable
    |ssl)\b.{0,40}?\b(?:refused|reset|closed|error|fail|lost|dropped|from host|unreachable|terminated)
could not connect|connection|unreachable
""",
    ),
    (
        "5.3.0",
        r"""
(?:system|local|internal|configuration|mailer|disk|file|i/o|lock|program|command|child
    |service)\b.{0,40}?\b(?:error|fail|problem|full|unavailable|broken|denied)
""",
    ),
)
_STATE = tuple((status, LatePattern(any_of(words))) for status, words in _STATES)


def state_in(text: str) -> str | None:
    """The status that the words mean; None when they say nothing that we know."""
    flat = " ".join(text.split())[:2000]
    return next((status for status, words in _STATE if words.search(flat)), None)

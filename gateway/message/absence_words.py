r"""The words of automatic answers, by what a sentence is for, in the languages of those who write to us.

Sources  the subjects that Exchange, Notes, GroupWise, Gmail and web mailers put before the subject they answer; the
         sentences that people leave with them: in the first person, for somebody else's absence is news of a person.
         Each is a pattern; a line that is indented goes on with the one above (phrases.py).
Not here  which of them must come together (absence.py).
"""

# what programs write before the subject that they answer, in the languages whose sentences are below
SUBJECTS = r"""
automatic reply|auto(?:matic|mated)?[- ]?(?:reply|response|answer)
    |out of (?:the )?office:? (?:auto(?:matic)?[- ]?)?(?:reply|response)
vacation (?:auto)?(?:reply|response|message)|autoresponder|auto: ?out of (?:the )?office
automatische (?:antwort|rückantwort|antwortmail)|abwesenheits(?:notiz|nachricht|meldung|benachrichtigung
    |mitteilung|assistent)|automatische e-?mail-?antwort
odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|automatická odpov(?:ěď|eď)|automaticka odpoved
resposta automática|resposta automatica|automatski odgovor|automatska poruka
автоматический ответ|автоответ(?:чик)?|автоматична відповідь|автовідповідь
    |автоматичен отговор|аутоматски одговор
réponse automatique|message d[’']absence(?: automatique)?|respuesta automática|respuesta automatica
    |risposta automatica|messaggio automatico|răspuns automat|raspuns automat
automatisch antwoord|automatische (?:reactie|beantwoording)|afwezigheids?(?:bericht|melding|assistent)
autosvar|automatiskt? svar|frånvaromeddelande|fraværs(?:melding|besked|meddelelse)
automaattinen vastaus|poissaoloviesti|automatikus válasz|samodejni odgovor|otomatik (?:yanıt|cevap)
αυτόματη απάντηση|μήνυμα απουσίας
"""
OTHER_SUBJECTS = r"""
automātiskā atbilde|automatinis atsakymas|automaatvastus|自動応答|自動返信|自动答复|自动回复|自動回覆
    |자동 ?(?:회신|응답)|رد تلقائي|תשובה אוטומטית|מענה אוטומטי|trả lời tự động|balasan otomatis
"""
# what people write as well
PLAIN_SUBJECTS = r"""
out[- ]of[- ](?:the[- ])?office|ooo\b|(?:i am |i'm )?away from|vacation|on (?:annual )?leave|absence
thank you for (?:your|contacting)|we (?:have )?received
abwesen|urlaub|nicht im büro|außer haus|danke für ihre|vielen dank für ihre
nieobecn|poza biurem|urlop|nepřítom|neprítom|mimo kancel|dovolen[áék]|fora do escritório|ausência|ausente|férias
odsu[st]|odsot|izvan ureda|nisam u uredu|nisem v pisarni|nie som v kancelárii|nejsem v kanceláři
godišnji|dopust|одсу|годишњи|вне офиса|отсутств|отпуск|извън офиса|отсъств
відсутн|відпустк|поза офісом|не в офісі
absen[ct]e?|congés?|fuera de la oficina|ausencia|vacaciones
fuori (?:ufficio|sede)|assen(?:za|te)|ferie|absență|concediu|afwezig|niet op kantoor|vakantie
semester|frånvar|inte på kontoret|fravær|ikke på kontoret|loma|poissa|szabadság|házon kívül|távollét
izin|ofis dışında|άδεια|απουσ|εκτός γραφείου
"""
AUTOMATIC = r"""
this (?:message |e-?mail )?is an? auto(?:matic|mated
    |-)?(?:ally)?[- ]?(?:generated )?(?:e-?mail )?(?:reply|response|message|answer|e-?mail|notification
    |confirmation|acknowledge?ment)
(?:this|your) (?:message|e-?mail|reply|response) (?:was|is|has been) (?:sent|generated
    |created) automatically|automatic(?:ally generated)? reply\b
(?:dies|das|hierbei handelt es sich um) (?:ist )?eine? automati(?:sche|sch \w+) (?:e-?mail-?)?\w{0,20}?(?:antwort
    |nachricht|e-?mail|mail|mitteilung|bestätigung)
(?:diese|die) (?:nachricht|e-?mail|mail|antwort) (?:wurde|wird|ist) automatisch
to (?:jest )?(?:automatyczna (?:odpowiedź|wiadomość)|wiadomość (?:generowana|wysłana) automatycznie)
(?:ta |niniejsza )?(?:wiadomość|odpowiedź) (?:została )?(?:wygenerowana|wysłana|generowana) automatycznie
toto? je automatick(?:á|y \w+) (?:odpov[ěe]ď|zpráva|správa)
(?:tato|táto) (?:zpráva|odpov[ěe]ď|správa) (?:byla|bola|je) (?:\w+ )?automaticky
(?:esta|este) é uma? (?:resposta|mensagem|e-?mail) automátic[ao]
(?:esta|a) mensagem (?:é|foi) (?:\w+ )?automaticamente
ovo je (?:automatski (?:odgovor|generiran\w*)|automatska poruka)
(?:ova )?poruka je (?:poslana |generi[rs]ana )?automatski
to (?:je|sporočilo je bilo) (?:samodejn[io]|avtomatsko|avtomatski)
(?:ово|ова порука) је (?:аутоматск\w+|(?:послата |генерисана )аутоматски)
это автоматическ(?:ий ответ|ое (?:сообщение|уведомление|письмо))
(?:данное |это )?(?:письмо|сообщение) (?:сформировано|отправлено|создано) автоматически
це автоматичн(?:а відповідь|е (?:повідомлення|сповіщення)|ий лист)
(?:цей |це )?(?:лист|повідомлення) (?:сформовано|надіслано|створено) автоматично
това е автоматич(?:ен (?:отговор|имейл)|но (?:съобщение|писмо))|съобщението е (?:изпратено|генерирано) автоматично
ceci est une? (?:réponse|message|courriel) automatique|ce (?:message|courriel) (?:est|a été) \w+ automatiquement
(?:esta|este) es una? (?:respuesta|mensaje|correo) automátic[ao]
quest[ao] (?:è|e[’']) una? (?:risposta|messaggio|e-?mail) automatic[ao]
acesta este un (?:mesaj|răspuns|e-?mail) (?:generat )?automat|acest (?:mesaj|e-?mail) (?:este|a fost) \w+ automat
dit is een automatisch (?:gegenereerde? )?(?:antwoord|bericht|e-?mail|reactie)
de(?:tta|t här) (?:är|mejlet är) ett? auto(?:matiskt? |genererat |matiskt genererat )?(?:svar|meddelande|mejl|e-post)
denne (?:mail|e-?mail|besked|meldingen|e-?posten) er (?:sendt|generert|genereret) automatisk
dette er (?:en|et|ei) automatisk (?:generer[et]\w* )?(?:svar|besked|meddelelse|melding|e-?post|e-?mail|mail)
tämä on automaatti(?:nen|sesti \w+) (?:viesti|vastaus|ilmoitus)
ez (?:az? )?(?:egy )?automatikus(?:an \w+)? (?:üzenet|válasz|levél|e-mail)
bu(?: e-?posta| mesaj)?,? (?:bir )?otomatik (?:olarak|bir|yanıt|mesaj|cevap|ileti)
(?:αυτό|το παρόν|το μήνυμα αυτό) (?:είναι|αποτελεί) (?:ένα )?αυτ(?:όματο|οματοποιημένο) (?:μήνυμα|e-?mail)
αυτή είναι (?:μια )?αυτόματη απάντηση
(?:αυτό )?το (?:παρόν )?(?:μήνυμα|e-?mail) (?:στάλθηκε|εστάλη|δημιουργήθηκε) αυτόματα
"""
# how a sentence begins in which somebody says that he is not there
ABSENT = r"""
(?:i am|i[’']m|i will be|i[’']ll be|we are|(?:our|the) (?:office|shop|store|practice|clinic|company)s? (?:is
    |are))\b.{0,80}?\b(?:out of (?:the[ ]
    |my )?office|away\b|on (?:\w+ ){0,2}(?:leave|vacation|holidays?|pto|trip|travel)|travel+ing
    |not in (?:the )?office|out (?:until|till)|unavailable|absent|closed|unable to (?:read|answer|respond)|on sick
    |(?:at|attending) an? (?:\w+ )?(?:conference|event|training|workshop)|not (?:be )?(?:reading|checking|working))
(?:i|we) only work|i work part|.{0,60}\b(?:public|company|bank|national) holiday|.{0,40}\bwill re-?open
(?:currently |presently )?(?:out of (?:the )?office|on (?:annual |maternity |parental )?(?:leave
    |vacation)|away) (?:until|till|from|and|with|this|on|for|through|returning)
(?:(?:derzeit|zur ?zeit|momentan|aktuell|bis|vom|ab|in der zeit|leider|heute|aufgrund|wegen|\w+tags)\b.{0,60}?)?
    \b(?:bin ich|ich bin|wir sind|ich befinde mich|befinde ich mich)\b.{0,80}?
    \b(?:nicht (?:im|in der|am|an meinem) (?:büro|hause?|firma|arbeitsplatz)
    |abwesend|im urlaub|in urlaub|außer haus|auf (?:dienst|geschäfts)reise
    |nicht (?:persönlich )?(?:erreichbar|verfügbar|zu erreichen)|in elternzeit|(?:erst|wieder) .{0,30}?(?:im büro
    |erreichbar|für sie|da\b)|krank|wieder (?:im|am)|in mutterschutz|in teilzeit)
ich arbeite (?:nur |in teilzeit)
(?:unsere?|das|die) (?:büro|praxis|kanzlei|geschäft|firma|werkstatt|betrieb) (?:ist|bleibt)\b.{0,60}?geschlossen
(?:obecnie |aktualnie |w dniach .{0,30} )?(?:jestem|przebywam|będę|nie ma mnie
    |nie będzie mnie)\b.{0,80}?(?:nieobecn|poza biurem|urlop|w biurze|niedostępn|delegacj
    |zwolnieni|chor|szkoleni)|(?:do|od)\b.{0,40}(?:jestem (?:nieobecn|na urlop|poza|w delegacji)|przebywam)
(?:nasze )?biuro (?:jest|będzie)\b.{0,40}?(?:nieczynne|zamknięte)
(?:estou|estarei|encontro-me|não estou|não estarei|neste momento|de momento
    |até)\b.{0,80}?(?:fora do escritório|ausente|férias|no escritório|fora da empresa|indisponível|licença
    |viagem|doente|baixa médica)|(?:o nosso )?escritório (?:está|estará)\b.{0,40}?(?:fechado|encerrado)
(?:je suis|je serai|actuellement|absente? du|en congés?)\b.{0,80}?(?:absent|du bureau|congés?|vacances
    |déplacement|indisponible|jusqu|au bureau)
(?:estoy|estaré|me encuentro|actualmente|no estaré|no estoy|del? .{1,40}\bestaré)\b.{0,80}?(?:fuera (?:de (?:la[ ]
    |mi )?oficina|hasta|desde|del)|vacaciones|ausente|de viaje|en la oficina|disponible|de baja)
(?:sono|sarò|non sono|non sarò|attualmente|dal? .{1,40}\bsarò)\b.{0,80}?(?:fuori (?:ufficio|sede)|assente|in ferie
    |in ufficio|in vacanza|in trasferta|in congedo|non disponibile|in maternità)
(?:ik ben|momenteel|op dit moment|t/m|tot(?: en met)?|van)\b.{0,80}?(?:afwezig|niet op kantoor|niet aanwezig
    |met vakantie|op vakantie|op reis|vrij|niet bereikbaar|met (?:\w+)?verlof)
.{0,60}(?:不在|休暇|外出|休假|出差|不在办公室|부재|휴가)
"""
# the same where a sentence may begin with a time
ABSENT_THEN = r"""
no longer (?:works?|employed|with|working|part)|(?:i|\w+ \w+) (?:have|has) (?:left|retired)\b
    |my e-?mail address has changed
nicht mehr (?:im unternehmen|bei uns|für|in unserem|bei der|tätig)|keinen zugriff auf (?:meine )?(?:e-?)?mail
(?:już )?nie pracuj[eę](?: już)?|(?:již|už)\b.{0,40}?\bnepracuj[eiu]m?|više (?:ne radi|nisam zaposlen)
não (?:trabalh[ao] mais|faço mais parte)|já não (?:trabalh[ao]|faço parte)
больше не работа[ею]|більше не працю[єю]|ne travaille plus|ne fait plus partie|ya no trabaja|non lavora più
niet meer werkzaam|nu mai lucrez|(?:jobbar|arbetar) inte längre|arbejder ikke længere|(?:jobber|arbeider) ikke lenger
ei ole enää töissä|δεν εργάζ(?:εται|ομαι) πλέον
(?:jsem|nejsem|budu|nebudu|mám|čerpám)\b.{0,60}?(?:mimo (?:kancelář|firmu)|v kanceláři|nepřítom
    |dovolen|zastižen|nedostupn|služební cest|nemoc|školení)|(?:naše )?kancelář (?:je|bude)\b.{0,40}?zavřen
(?:naša )?kancelária (?:je|bude)\b.{0,40}?(?:zatvoren|zavret)|(?:наш )?офіс\b.{0,40}?(?:зачинен|закрит|не працює)
(?:som|nie som|budem|nebudem|mám|čerpám)\b.{0,60}?(?:mimo (?:kancelárie|firmy)|v kancelárii|neprítom
    |dovolen|zastihnuteľ|nedostupn|služobnej cest|práceneschop|chor[áý]|školení)
(?:nisam|neću biti|bit ću|biću|nalazim se|sam)\b.{0,60}?(?:u uredu|u kancelariji|odsut|izvan ureda|van kancelarije
    |godišnj|nedostup|dostup|službenom|bolovanj|porodiljn)|na (?:godišnjem|bolovanju|porodiljnom
    |službenom)(?: odmoru)? sam
odsut\w+ sam|(?:naš )?ured (?:je|će)\b.{0,40}?zatvoren
(?:нисам|нећу бити|бићу|налазим се|сам)\b.{0,60}?(?:у канцеларији|одсут|ван канцеларије|годишњ|недоступ
    |боловањ|службеном)|на (?:годишњем|боловању)(?: одмору)? сам|одсут\w+ сам
(?:sem|nisem|bom|ne bom)\b.{0,60}?(?:v pisarni|izven pisarne|odsot|dopust|nedosegljiv|dosegljiv
    |bolniš|službeni poti)|odsot\w+ (?:sem|bom)
(?:я|меня|буду|нахожусь|в настоящее время)\b.{0,60}?(?:в офисе|вне офиса|отпуск
    |отсутств|командировк|недоступ|на рабочем месте|больничн|болею)
отсутствую|в отпуске (?:до|с|по)\b|(?:наш )?офис\b.{0,40}?(?:закрыт|не работает)
(?:я|мене|буду|перебуваю|наразі)\b.{0,60}?(?:в офісі|поза офісом|відпустці|відсутн|відрядженні
    |недоступн|на робочому місці|лікарнян|хворію)|(?:відсутн(?:ій|я)|у відпустці) (?:до|з|по)\b
(?:съм|няма да съм|ще бъда|се намирам|няма да бъда)\b.{0,60}?(?:в офиса|извън офиса|отпуск|отсъств
    |командировка|болничн|на разположение)|(?:в отпуск|извън офиса|в командировка) съм|отсъствам\b
(?:sunt|voi fi|mă aflu)\b.{0,60}?(?:concediu|birou|plecat|absent|delegație|indisponibil)
(?:jag (?:är|har|kommer)|(?:är|har) jag)\b.{0,60}?(?:på kontoret|semester|ledig|bortrest|frånvarande
    |tjänsteresa|sjuk|tillbaka|begränsad|i tjänst)
(?:vårt |vort )?kontoret? (?:är|er|holder|holdes)\b.{0,40}?(?:stängt|lukket|stengt)|toimistomme on\b.{0,40}?suljettu
(?:jeg (?:er|har|holder|kommer)|(?:er|har|holder) jeg)\b.{0,60}?(?:kontoret|ferie|fravær|bortrejst|bortreist
    |orlov|barsel|permisjon|sygemeld|sykmeld|tjenesterei?j?se|tilbage|tilbake|begrænset|begrenset)
(?:olen|en ole|palaan|olemme)\b.{0,60}?(?:poissa|lomalla|toimistolla|työmatkalla|sairaana|töihin|vapaalla
    |tavoitettavissa|\d)
(?:nem vagyok|nem leszek)\b.{0,40}?(?:irodá|elérhető|munkahely)|(?:szabadságon|házon kívül|távol|úton
    |szabadságomat|gyes-en|gyeden) (?:vagyok|leszek|töltöm)|térek vissza\b
izindeyim|izinliyim|izinli? olaca[ğg]ım|izinde olaca[ğg]ım|ofis dışında(?:yım| olacağım)
    |ofiste (?:değilim|olmayacağım|bulunmayacağım)|raporluyum|seyahat(?:te|inde)yim|iznindeyim
το γραφείο μας\b.{0,40}?κλειστό|(?:είμαι|βρίσκομαι)\b.{0,60}?(?:σε άδεια|με άδεια|γραφείο|απουσ|ταξίδι|διαθέσιμ)
    |(?:απουσιάζω|λείπω)\b|επιστρέφω στ
"""
BACK = r"""
(?:reply|respond|answer|get back|contact you|read|attend|deal)\b.{0,60}?\b(?:return|back|as soon as)
    |(?:up)?on my return|when i (?:return|get back|am back)|after my return|i(?: wi|[’'])ll be back
nach meiner rückkehr|sobald ich (?:wieder|zurück)|po (?:moim )?powrocie|gdy wrócę|po (?:svém[ ]
    |mém )?návratu|až se vrátím|jakmile se vrátím|po (?:svojom )?návrate|keď sa vrátim
após o (?:meu )?(?:regresso|retorno)|quando (?:regressar|voltar|retornar)|assim que
po povratku|по повратку|kada? se vratim|po vrnitvi|ko se vrnem|(?:после|по) (?:моего )?возвращени|когда вернусь
після (?:мого )?повернення|(?:коли|щойно) повернуся|след (?:като се върна|завръщането)|когато се върна
(?:à|dès) mon retour|(?:a|cuando) (?:mi (?:regreso|vuelta)|vuelva|regrese)|al mio (?:ritorno|rientro)
la întoarcere|când (?:revin|mă întorc)|(?:na|bij) mijn terugk|zodra ik (?:weer|terug)
(?:när|så snart) jag (?:är|kommer) (?:tillbaka|åter)|når jeg (?:er|kommer) (?:tilbage|tilbake)|vender tilbage
palattuani|kun palaan|visszatérés|visszaérkez|amint visszatér|döndüğümde|dönüşümde
όταν επιστρέψω|με την επιστροφή μου|μόλις επιστρέψω|κατά την επιστροφή
"""
# where to turn with what cannot wait: that something is urgent, people say as well
URGENT = r"""
(?:if|for|in|when|any)\b.{0,20}(?:urgent|emergenc|immediate|pressing|assistance)\w*.{0,80}?(?:contact|call|please
    |e-?mail|write|reach)|(?:contact|call|reach|e-?mail)\b.{0,60}?(?:in my absence|instead
    |(?:if|for|in|when)\b.{0,20}urgent)|while i am away|limited access|no access to (?:my )?(?:e-?)?mail|cannot wait
\bdringenden? (?:fällen|angelegenheiten|anliegen)|in meiner abwesenheit|nicht weitergeleitet|eingeschränkten? zugriff
\b(?:sprawach|przypadk\w+|jeśli|w) (?:jest )?piln|pod nieobecność|ograniczonym dostępem
\b(?:v|pro|pre|ve|vo) (?:případě |prípade )?(?:naléhav|naliehav|urgentn|neodkladn|súrn)|v nepřítomnosti
    |v neprítomnosti|(?:omezeným přístupem|obmedzeným prístupom)
(?:assuntos?|casos?) urgente|urgência|\b(?:za|u) hitn|za vrijeme (?:moje )?odsutnosti|\b(?:за|у) хитн|\b(?:v|za) nujn
\b(?:по|в|при) (?:срочн|неотложн|спеш)|\b(?:з|у|в|якщо) (?:справа )?(?:термінов|невідкладн)
en cas d[’']urgence|toute urgence|en mon absence|en mi ausencia|in mia assenza|\b(?:de|si es|casos|asuntos|pentru
    |probleme|caz de|per|di|questioni|casi) urgen
\b(?:voor|bij) (?:dringende|spoed)|\b(?:ved|vid|är det|er det) (?:hast|akut|brådska)
\bhaster\b|begränsad tillgång|begr[æe]nset (?:adgang|tilgang)|\bkiireellis|sürgős (?:eset|ügy)|halaszthatatlan
\bacil (?:durum|konu|hal)|\b(?:για|σε) (?:κάτι |οτιδήποτε )?επείγο|επείγουσες|περιορισμένη πρόσβαση
"""
# whom to write to instead: people say so of what they write about
INSTEAD = r"""
wenden sie sich|meine vertretung|(?:vertreten|vertretung) (?:werde|hat|haben|ist|übern|durch)|vertritt mich
proszę o kontakt|por favor,? contact|molim.{0,20}obrat|обратите се|обращайтесь|звертайтеся|neem.{0,20}contact
"""
# what is said to whoever writes, about whatever: of many matters and mails, not of this one
FOR_ANY_MAIL = r"""
urgent (?:matters?|cases?|requests?|issues?|(?:en|in)quir(?:y|ies)|questions?|assistance)
    |case of (?:an )?emergency|(?:for|in) emergencies
    |(?:direct|send|address|forward) (?:all |any |your ){1,2}(?:(?:en|in)quir|quer|requests?\b|questions
    |e-?mails?\b|messages?\b)
    |(?:reply|respond|answer) (?:to )?(?:your|all) (?:e-?mails?|messages?) (?:up)?on (?:my|our) return
    |(?:limited|no|intermittent|sporadic) access to (?:my )?(?:e-?)?mails?|(?:not|n[’']t) (?:being |be )?forwarded
    |(?:this|my|his|her) (?:mailbox|inbox|address|account|e-?mail(?: address)?) is (?:not|no longer) \w+ ?(?:ed
    |read)\b
\bdringenden (?:fällen|angelegenheiten|anliegen|fragen)|\bnicht (?:automatisch )?weiter ?geleitet
    |(?:keinen|eingeschränkten|nur begrenzt) zugriff auf (?:meine )?(?:e-?)?mail
\b(?:sprawach|przypadkach) (?:\w+ )?piln|pilnych (?:sprawach|przypadkach)|dostępu do (?:poczty|e-?mail)
\b(?:naléhavých|naliehavých|urgentních|neodkladných|súrnych) (?:případech|prípadoch|záležitost)
    |přístupu? k (?:e-?mailu|poště)|prístupu? k (?:e-?mailu|pošte)
(?:assuntos|casos|questões) urgentes|caso de urgência|acesso (?:limitado )?ao (?:meu )?(?:e-?mail|correio)
\bhitn(?:e|im|ih) (?:slučaj|stvar|upit)|\bхитн\w+ (?:случај|ствар)|\bnujn\w+ (?:primer|zadev)
\b(?:срочным|неотложным|спешн\w+) (?:вопрос|дел|въпрос|случа)|срочных случаях|доступа? к (?:электронной )?почт
\b(?:термінових|невідкладних) (?:питан|випадк|справ)|cas d[’']urgence|(?:questions?|demandes?) urgentes?
(?:asuntos|casos|temas) urgentes|(?:questioni|casi|motivi) urgent|dringende (?:zaken|gevallen|vragen)
(?:brådskande|hastende|akutta) (?:ärenden|frågor|sager|saker|henvendelser)|kiireellisi\w+ asio|sürgős (?:ügy|eset)
probleme urgente|acil (?:durum|konu)lar|επείγο\w+ (?:θέμα|περιπτ|υποθ)
(?:ihre|alle|sämtliche) (?:\w+ )?(?:anfragen?|nachrichten|e-?mails|anliegen) (?:bitte )?(?:(?:richten
    |senden) )?(?:sie )?an\b
    |richten sie ihre? \w+|(?:postfach|adresse|e-?mails?) (?:wird|werden) nicht (?:mehr )?(?:gelesen|überwacht
    |bearbeitet|abgerufen)
(?:wiadomości|zapytania|korespondencję) proszę (?:kierować|wysyłać)|proszę kierować|skrzynka (?:\w+ )?nie jest
(?:dotazy|zprávy|požadavky|otázky|správy) (?:prosím,? )?(?:směřujte|zasílejte|posílejte|smerujte|zasielajte)
    |(?:schránka|adresa) (?:\w+ )?(?:není|nie je) (?:již |už )?\w+(?:ván|van|tán)
(?:envie|dirija|encaminhe|direcione) (?:\w+ ){0,3}(?:mensage|pedido|solicita|e-?mail)|(?:caixa
    |endereço)\b.{0,30}\bnão é
(?:upite|poruke) (?:\w+ ){0,2}(?:šaljite|uputite|pošaljite)|(?:sandučić|adresa) se (?:više )?ne (?:čita
    |provjerava|koristi)
(?:направляйте|присылайте) (?:\w+ ){0,2}(?:письма|вопросы|запросы|сообщения)|(?:вопросы|письма) направляйте
    |(?:ящик|адрес) (?:\w+ )?не (?:провер|отслеж|использ)
"""
# that nobody reads an answer
NO_ANSWER = r"""
(?:do not|don[’']t) (?:reply|respond|answer)|cannot be (?:answered|replied)|replies to this\b|is not monitored
antworten sie (?:bitte )?nicht|bitte nicht (?:\w+ ){0,3}antworten|nicht auf diese (?:e-?mail|nachricht|mail)
    |antworten auf diese (?:e-?mail|nachricht|mail)
nie odpowiada|neodpovídejte|neodpovedajte|não (?:responda|responder)|(?:ne|nemojte) odgovara|ne odgovarjajte
не отвеча|отвечать (?:на \w+ )?не (?:нужно|надо)|не відповіда|не отговаря|не одговара|немојте одговара
ne pas (?:y )?répondre|ne répondez pas|no (?:responda|conteste|responder)|non rispond|nu răspunde
niet (?:op )?(?:\w+ )?(?:te )?(?:reageren|antwoorden|beantwoord)|svara inte|inte (?:att )?svara|svar ikke|ikke svare
älä vastaa|älkää vastatko|ei voi vastata|ne válaszol|yanıtlamayın|cevaplamayın|μην απαντ
"""
THANKS = r"""
thank(?:s| you)(?: very much| so much)? for (?:your (?:e-?mail|message|mail|inquiry|enquiry|request)
    |contacting|getting in touch|writing)|(?:we|i) (?:have )?received your (?:e-?mail|message|request
    |inquiry)|your (?:e-?mail|message|request) (?:has been|was) received
(?:vielen |herzlichen )?danke? für (?:ihre|deine|die) (?:nachricht|e-?mail|mail|anfrage)
    |(?:wir haben )?ihre (?:nachricht|e-?mail|anfrage) (?:ist (?:bei uns )?eingegangen|erhalten)
dziękuj\w+ za (?:\w+ )?(?:wiadomość|e-?mail|maila|kontakt|zgłoszenie)
(?:děkuj|ďakuj)\w+ za (?:vaši |vašu |v[áa]š )?(?:zprávu|správu|e-?mail|mail|dotaz|dopyt)
(?:(?:muito )?obrigad[oa]|agrade\w+) (?:pel[oa]|por|o|a) (?:\w+ )?(?:mensagem|e-?mail|conta[ct]\w+)
(?:hvala|zahvalj\w+)(?: vam)?(?: se)? (?:na|za) (?:\w+ )?(?:(?:e-)?poruci|e-?mailu|mailu|mejlu|upitu|javljanju
    |sporočilo|e-pošto)
хвала(?: вам)? на (?:\w+ )?(?:поруци|имејлу|мејлу|упиту|јављању)|hvala,? ker ste
(?:спасибо|благодар\w+)(?: вас)? за (?:\w+ )?(?:письмо|сообщение|обращение|съобщението|писмото|имейла)
благодарим,? че|(?:дякую|дякуємо)(?: вам)? за (?:\w+ )?(?:листа?|повідомлення|звернення)
(?:je vous remercie|nous vous remercions|merci) (?:pour|de) (?:votre|ton) (?:message|e-?mail|courriel|mail|demande)
    |nous avons bien reçu votre|gracias por (?:su|tu|contactar|escribir)
(?:la ringrazio|grazie) per (?:\w+ )?(?:\w+ )?(?:messaggio|e-?mail|mail|contatt)
(?:vă )?mulțumesc (?:pentru|că)|vă mulțumim (?:pentru|că)
(?:hartelijk )?(?:be)?dankt? voor (?:uw|je|jouw)|tack för (?:ditt|din|att du)|takk for (?:din|meldingen|e-?posten
    |at du)
tak for (?:din|at du)|kiitos (?:viesti|yhteydeno|sähköposti)
köszön(?:öm|jük) (?:a )?(?:levelét|üzenetét|megkeresését|e-mailjét)
(?:mesajınız|e-?postanız) için teşekkür|bizimle iletişime geçtiğiniz için
(?:σας )?ευχαριστ(?:ώ|ούμε) (?:για το|που)
"""
# what is asked of us, and not of everybody who writes
REQUEST = r"""
\bplease (?!contact|call|write|reach|e-?mail|send|direct|note|get in touch|do not|don't|be |see|visit|use|allow|refer
    |address|forward|turn|consult|accept)
\bbitte (?!wenden|kontaktieren|schreiben|rufen|beachten|senden|richten|an |haben|antworten|kontakt)
\bpros(?:z[ęe]|imy) (?!o (?:kontakt|cierpl)|(?:się )?kontakt|pisać|dzwonić|kierować|na |nie )
(?<!kontaktujte, )\bprosím,? (?!kontakt|piš|píš|vol|obra|obrá|na |neodpov|směř|zasíl|posíl|smer|zasiel)
\b(?:por )?favor,? (?!conta[ct]|entr[ea]|escrev|lig|envi)|\bs'il vous pla[iî]t\b|\bmerci de (?!contact|vous adress)
\bmolim(?:o)? (?:vas )?(?!kontakt|obrat|piš|nazov|javi|ne )|\bмолим(?:о)? (?:вас )?(?!контакт|обрат|пиш|позов
    |јави|не )
\bprosi(?:m|mo),? (?!pokli|obrn|piš|kontakt|ne )|\bмоля,? (?!обад|пиш|свър|обър|се |не )
пожалуйста,? (?!обращ|пиш|звон|на |не |направ|присыл)|\bбудь ласка,? (?!зверт|пиш|телефон|дзвон|не )
\bgraag\b|\bgärna\b|\bsnälla\b|\bvänligen (?!kontakt|ring|mejl|maila|svara inte|vänd)|\bgjerne\b|\bgerne\b
\b(?:venligst|vennligst) (?!kontakt|ring|skriv|svar ikke|send|henvend)|\b(?:kan|kunne|vil|må) (?:du|i|ni|dere) \w
\bvoi(?:tte|sitte)ko\b|\bpyyd(?:än|ämme) (?!otta)|\bkér(?:em|jük),? (?!ford|hívj|keres|írj|ne |vegy|kontakt)
\bvă rog(?: să)? (?!îl |o |conta|suna|scri|nu )|\blütfen (?!.{0,60}(?:iletişim|aray|yaz|yanıtlama))
\bπαρακαλ(?:ώ|ούμε|είσθε|είστε),? (?!(?:να )?(?:επικοιν|καλέσ|απευθ|στείλ|μην|σημει))
"""

"""The words mail programs put around quoted mail, in the languages they speak."""

import re

# "On Monday, Ann wrote:" - the verb. Languages in the order of quotes.py's docstring.
WROTE = (
    "wrote|writes|said|schrieb|geschrieben|a écrit|écrit|a ecrit|escribió|escribio|escribe|ha scritto|"
    "scrive|scritto|"
    "escreveu|escreve|schreef|heeft geschreven|geschreven|skrev|skreiv|kirjoitti|kirjoittaa|"
    "napisał\\(a\\)|napisał|"
    "napisała|pisze|napsal\\(a\\)|napsal|napsala|píše|написал\\(а\\)|написал|написала|пишет|писал|писала|"
    "şunu yazdı|şunları yazdı|yazdı|書きました|のメール|写道|寫道|写到|כתב/ה|כתבה|כתב|מאת|đã viết|wrote on|"
    "пише|писал\\(а\\)|написа|님이 작성|작성|napisao je|napisala je|كتب|เขียนว่า|menulis|kirjutas|rašė|rakstīja|"
    "napisana przez|ha escrit|"
    "a scris|írta|έγραψε|napísal|sent"
)
# The first word of such a line.
OPENS = (
    "On|At|In|Am|Le|Il|El|Em|No dia|Op|Den|På|Ma|Pe|W dniu|Dnia|Dne|Dňa|В|Вы|Tarihinde|在|於|于|בתאריך|ב-|Vào|"
    "Lúc|Kun|Pada|În|На|V|U|Kuupäev|Missatge de|Wiadomość napisana przez|في|ในวันที่|Il giorno|Από|Στις|La data de"
)
ORIGINAL = (
    "Original Message|Ursprüngliche Mail|Mail original|E-mail original|원본 메시지|Původní email|"
    "Original Email|Original mail|Reply message|Reply Separator|Original Appointment|"
    "Ursprüngliche Nachricht|Urspr\\. Nachricht|Originalnachricht|Original-Nachricht|Ursprüngliche E-Mail|"
    "Message d['’]origine|Message original|Message initial|Courriel original|E-mail d'origine|"
    "Mensaje original|Messaggio originale|Messaggio Originale|Mensagem original|Mensagem Original|"
    "Oorspronkelijk bericht|Oprindelig meddelelse|Original meddelelse|Originalmeddelande|"
    "Ursprungligt meddelande|"
    "Opprinnelig melding|Original melding|Alkuperäinen viesti|Oryginalna wiadomość|Wiadomość oryginalna|"
    "Původní zpráva|Původní e-mail|Исходное сообщение|Оригинальное сообщение|Пересылаемое сообщение|"
    "Özgün İleti|Orijinal Mesaj|Orjinal Mesaj|元のメッセージ|原始邮件|原始郵件|邮件原件|原郵件|"
    "הודעה מקורית|Tin nhắn gốc"
)
FORWARDED = (
    "Forwarded message|Forwarded Message|Begin forwarded message|Weitergeleitete Nachricht|"
    "Anfang der weitergeleiteten (?:Nachricht|E-Mail|Mail)|Message transféré|"
    "Début du message (?:réexpédié|transféré)|"
    "Mensaje reenviado|Inicio del mensaje reenviado|Messaggio inoltrato|Inizio messaggio inoltrato|"
    "Mensagem encaminhada|Início da mensagem (?:reencaminhada|encaminhada)|Doorgestuurd bericht|"
    "Begin doorgestuurd bericht|Videresendt (?:meddelelse|melding)|Start på videresendt (?:besked|melding)|"
    "Vidarebefordrat (?:meddelande|mejl|brev)|Vidarebefordrat brev|Välitetty viesti|Wiadomość przekazana|"
    "Treść przekazanej wiadomości|Přeposlaná zpráva|Пересланное сообщение|Начало переадресованного сообщения|"
    "İletilmiş ileti|Yönlendirilmiş ileti|転送されたメッセージ|转发的邮件|轉寄的郵件|הודעה שהועברה"
)
_FROM = (
    "From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|Nadawca|Odesílatel|От|От кого|Отправитель|Kimden|Gönderen|"
    "差出人|发件人|보낸 사람|보낸사람|Від|Feladó|De la|Από|Подател|من|Pošiljatelj|Saatja|"
    "寄件者|寄件人|מאת|Từ|Expéditeur|Remitente|Mittente|Absender|Afsender|Avsender|Avsändare"
)
_DATE = (
    "Sent|Date|Gesendet|Datum|Envoyé|Enviad[oa](?: el| em)?|Fecha|Data|Inviato|Verzonden|Skickat|"
    "Skickat den|Sendt|Dato|"
    "Lähetetty|Päivämäärä|Wysłano|Wysłane|Odesláno|Отправлено|Дата|Gönderildi|Gönderme Tarihi|Tarih|"
    "送信日時|日時|日付|보낸 날짜|보낸날짜|Надіслано|Elküldve|Dátum|Trimis|Στάλθηκε|Ημερομηνία|Изпратено|Odoslané|"
    "Enviat|Poslano|Saadetud|Išsiųsta|Gönderilme|Gönderim|تم الإرسال|التاريخ|"
    "发送时间|发送日期|日期|寄件日期|傳送時間|נשלח|תאריך|Sent on|Gesendet am|Date d'envoi"
)
_TO = (
    "받는 사람|받는사람|Címzett|Către|Προς|Per a|إلى|"
    "To|An|À|A|Para|Aan|Till|Til|Vastaanottaja|Do|Komu|Кому|Получатель|Kime|Alıcı|宛先|收件人|收件者|אל|"
    "Destinataire|"
    "Destinatario|Destinatário|Empfänger|Cc|CC|Kopie|Kopia|Kopi|Kopio|DW|Копия|Bilgi|抄送|副本|העתק"
)
_SUBJECT = (
    "Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Ämne|Emne|Aihe|Temat|Předmět|Тема|Konu|件名|"
    "主题|主題|제목|Tárgy|Subiect|Θέμα|Assumpte|Predmet|Zadeva|Teema|Tema|الموضوع|"
    "主旨|נושא|Sujet|Chủ đề"
)
_OTHER = (
    "Reply-To|Reply to|Antwort an|Répondre à|Importance|Priority|Wichtigkeit|Sensitivity|Attachments|Anlagen|Attach"
)

_DEVICES = (
    "iphone|ipad|ipod|android|blackberry|samsung|galaxy|huawei|xiaomi|nokia|htc|sony|xperia|pixel|"
    "windows phone|"
    "mobile|mobil|mobiltelefon|smartphone|smart phone|handy|handheld|phone|tablet|móvil|movil|celular|"
    "téléphone|"
    "telefon|telefoon|mobiel|matkapuhelin|puhelin|телефон|outlook|yahoo|mail|gmail|thunderbird|windows|"
    "proton|spark|"
    "airmail|mailbird|treo|palm|kindle|verizon|at&t|t-mobile|ios|apple watch|t[ée]l[ée]fono|携带|手机|手機"
)


_VERBS_BEGIN = "".join(sorted({verb[0] for verb in WROTE.split("|")}))  # for a quick look at each letter of a line
REPLY_VERB = re.compile(rf"(?=[{_VERBS_BEGIN}])(?:{WROTE})", re.IGNORECASE)
REPLY_OPENS = re.compile(rf"[\s*_>-]*(?:{OPENS})[\s,]", re.IGNORECASE)
ORIGINAL_LINE = re.compile(rf"[\s>]*[-_=*#]{{0,40}}\s*(?:{ORIGINAL})\s*[-_=*#]{{0,40}}[\s:]*\Z", re.IGNORECASE)
FORWARD_LINE = re.compile(
    rf"[\s>]*[-_=*#]{{0,40}}\s*(?:{FORWARDED})(?:\s+(?:from|von|de)\b[^\n]{{0,100}})?\s*[-_=*#:]{{0,40}}\s*\Z",
    re.IGNORECASE,
)
# Novell GroupWise: ">>> Ann Example <ann@example.com> 01/03/2022 10:00 AM >>>"
GROUPWISE_LINE = re.compile(
    r">>> [^\n]{3,200}?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[., ]{1,3}\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?: ?[AP]M)? >>>\s*\Z"
)
HEADER_LINE = re.compile(
    rf"[\s*>]*(?:(?P<from>{_FROM})|(?P<date>{_DATE})|(?P<to>{_TO})|(?P<subject>{_SUBJECT})|(?P<other>{_OTHER}))"
    r"\s{0,3}\*?[:：]\*?(?:\s|\S*@|\Z|[^\x00-\x7f])",
    re.IGNORECASE,
)
MOBILE_SIGNATURE = re.compile(
    r"[\s_*(\[<-]*(?:"
    rf"(?:sent|send|posted|composed|typed|written) (?:from|via|by|with|using|on)\b(?: an?| the|"
    rf" my)?(?: [\w.'&-]+){{0,5}}? ?(?:{_DEVICES})\b[^,.]{{0,40}}"
    rf"|(?:von|vom|mit) (?:meinem|meiner|der|dem|"
    rf"mein)\b(?: [\w.'&-]+){{0,5}}? ?(?:{_DEVICES})\b[^,.]{{0,30}}(?:gesendet|versendet|verschickt|"
    rf"geschickt|versandt)[^,]{{0,20}}"
    rf"|(?:gesendet|versendet|verschickt) (?:von|mit|über|aus)\b[^,.]{{0,40}}(?:{_DEVICES})\b[^,.]{{0,30}}"
    rf"|(?:envoyé|envoye|expédié) (?:de|depuis|à partir de|avec|"
    rf"via)\b[^,.]{{0,30}}(?:{_DEVICES})\b[^,.]{{0,30}}"
    rf"|(?:enviado|enviada|inviato|trimis) (?:desde|de|do|da|dal|dallo|con|pelo|através|via|"
    rf"pela)\b[^,.]{{0,30}}(?:{_DEVICES})\b[^,.]{{0,30}}"
    rf"|(?:verzonden|verstuurd|gestuurd) (?:vanaf|vanuit|met|via|"
    rf"van)\b[^,.]{{0,30}}(?:{_DEVICES})\b[^,.]{{0,30}}"
    rf"|(?:skickat|sendt|sänt|sendte) (?:från|fra|frå|med|via)\b[^,.]{{0,30}}(?:{_DEVICES})\b[^,.]{{0,30}}"
    r"|lähetetty\b[^,.]{0,40}|wysłan[eoy] (?:z|za)\b[^,.]{0,40}|odeslán[oa] (?:z|ze)\b[^,.]{0,40}|"
    r"отправлено (?:с|из)\b[^,.]{0,40}"
    rf"|(?:{_DEVICES})[^,.]{{0,20}} gönderildi|[^,.\n]{{0,20}}から送信|发自我的[^,.]{{0,30}}|"
    rf"發自我的[^,.]{{0,30}}|從我的[^,.]{{0,20}}傳送|发自[^,.]{{0,20}}"
    r"|נשלח (?:מה|מ)[^,.]{0,30}|(?:get|download) outlook for [^,.]{0,30}|outlook (?:für|voor|pour|para|"
    r"per|för|til) [^,.]{0,30}"
    r"|(?:télécharge[rz]|obtene?r|scarica|holen sie sich|laden sie|download) outlook [^,.]{0,30}"
    r"|sent from (?:outlook|yahoo|mail|mailbox|nine|front|spark)[^,]{0,60}"
    r")[\s.)\]>*_-]*(?:<https?://[^>\s]{1,200}>)?\s*\Z",
    re.IGNORECASE,
)
# "my words--- On Monday, Ann wrote:": a program that puts the header right behind the text.
SHARED_LINE = re.compile(rf"(?<=[^\s-])-{{2,}} ?(?=(?:{OPENS})\s[^\n]{{5,250}}(?:{WROTE})\s?:)")
# "See my answers below": what follows is not only quoted. Languages in the order of quotes.py's docstring.
_WHERE = "below|in-?line|in (?:red|blue|green|bold|caps|capitals|the text)|between the lines|further down"
_POINTS = (
    r"see (?:my |our |the )?(?:answers?|comments?|replies|notes|responses?|below|inline)\b",
    rf"(?:answers?|comments?|replies|responses?|replied|answered|commented)\b[^\n.]{{0,40}}\b(?:{_WHERE})\b",
    r"in-?line (?:answers?|comments?)",
    r"siehe unten|s\.\s?u\.|weiter unten",
    r"(?:antwort(?:en)?|kommentare?|anmerkungen)\b[^\n.]{0,40}\b(?:unten|im text|inline|in rot|rot|dazwischen)\b",
    r"(?:voir|réponses?) ci-dessous|en rouge|dans le texte",
    r"(?:ver|véase|respuestas?)\b[^\n.]{0,20}\babajo|en rojo",
    r"vedi sotto|risposte? (?:qui )?sotto|in rosso",
    r"veja abaixo|respostas? abaixo|em vermelho",
    r"zie onder|(?:zie )?hieronder|in (?:het )?rood",
    r"se nedenfor|se nedan|svar(?:ene)? (?:nedenfor|nedan)|med rød|med rött",
    r"katso alta|ks\. alla",
    r"patrz poniżej|odpowiedzi poniżej|na czerwono",
    r"viz níže|odpovědi níže|červeně",
    r"смотри(?:те)? ниже|см\. ниже|ответы ниже|красным",
    r"aşağıda",
)
POINTS_BELOW = re.compile(rf"\b(?:{'|'.join(_POINTS)})", re.IGNORECASE)

_TITLES_BEGIN = frozenset(title[:4].lower() for title in f"{ORIGINAL}|{FORWARDED}".split("|"))


def may_part(line: str) -> bool:
    """The quick look before ORIGINAL_LINE and FORWARD_LINE, at a line that begins with a letter or a digit."""
    return not line.isascii() or line[:4].lower() in _TITLES_BEGIN

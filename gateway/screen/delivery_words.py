"""The words of delivery reports: how mail servers have put it since the eighties, and in which languages."""

import re

# Local parts of senders that are no persons.
SURE_DAEMONS = re.compile(
    r"(?:mailer[-_. ]?daemon|mail[-_. ]?daemon|(?:microsoft)?exchange[0-9a-f]{20,}|mail[-_. ]?delivery|mmdf|"
    r"mail[-. ]delivery[-. ](?:system|subsystem|service)|maildelivery(?:sub)?system|double-bounce|bounce-handler)\Z"
)
# Local parts that mail servers use, and people now and then.
DAEMONS = re.compile(
    r"(?:post[-_.]?master.{0,20}|mdaemon|ndr|non-?delivery.{0,20}|bounces?(?:[-+=._].*)?|e?mailadmin|mail[-_.]?admin|"
    r"root|daemon|mta|mail-?system|mailserver|mail-?gateway|amavis.*|uucp|smtpmail|"
    r"mail[-_.]?(?:errors?|failure|router|scanner)|returned?[-_.]?mail|interscan.{0,20})\Z"
)
# Names that mail servers give themselves.
NAMES = re.compile(
    r"(?:mail(?:er)?[- ]?daemon|e?-?mail delivery (?:sub)?(?:system|service|agent)|mail (?:admin|administrator|system)|"
    r"system administrator|postmaster|microsoft (?:exchange|outlook)|internet mail delivery|"
    r"pmdf e-?mail interconnect|interscan.{0,40}|.{0,20}\bmail server\b.{0,60}|"
    r"systemadministrator|mail router|undeliverable.{0,20}|delivery (?:sub)?system|mailsystem|mail delivery.{0,20})\Z"
)

# A subject that people write as well, when they tell of mail.
SUBJECT = re.compile(
    r"(?:undeliver(?:able|ed)|(?:mail|message|e-?mail|delivery|letter|nachricht) (?:delivery )?"
    r"(?:has )?(?:fail(?:ed|ure|s)?|failure notice|error|problem|returned|rejected|refused|bounced|warning|"
    r"not (?:be )?delivered|undeliverable)|"
    r"deliver(?:y|ing|ed)?[ _](?:status )?(?:notification|failure|failed|report|reports|error|problem|"
    r"status|delayed|issue|subsystem|impossible|unsuccessful|incomplete)|"
    r"failure (?:notice|delivery|notification)|failed (?:mail|delivery|message)|"
    r"return(?:ed|ing) (?:mail|to sender|message|e-?mail)|return(?:ed)? receipt.{0,40}fail|"
    r"non[- ]?deliver(?:y|able|ed)|could not (?:be delivered|deliver|send (?:your |the )?(?:message|e-?mail))|"
    r"not (?:be )?delivered|cannot (?:be delivered|deliver|send (?:message|e-?mail))|"
    r"unable to (?:deliver|send (?:message|e-?mail))|unable to be delivered|"
    r"mail system error|mail could not|mail failed|mailbox (?:full|unavailable|is full|quota)|"
    r"(?:user|recipient|address|host|mailbox) (?:unknown|not found|rejected|does not exist)|"
    r"(?:unknown|invalid|no such) (?:user|recipient|address)|"
    r"dsn:|\bndr\b|\bbounced?\b|rejected (?:posting|mail|message)|message status|warning: (?:could not|message)|"
    r"error sending|your message (?:could|has not|was not|cannot|to )|considered unsolicited|"
    r"delayed (?:mail|message|delivery)|(?:mail|message|delivery) (?:is |has been )?delayed|(?:over|quota) ?exceeded|"
    r"see transcript for details|permanent(?: fatal)? (?:error|failure)|temporary (?:error|failure)|"
    r"unzustellbar|unzustellbarkeit|nicht zugestellt|nicht zustellbar|zustellung (?:fehlgeschlagen|verzögert|nicht)|"
    r"übermittlungsfehler|verzögert|konnte nicht|"
    r"undelivrable|non remis|non délivré|non distribu|remise (?:impossible|retardée|différée)|échec|echec|"
    r"avis de non|retour à l'expéditeur|"
    r"mensaje no|no se (?:puede|pudo|ha podido) entregar|no entregad|devuelto|imposible entregar|sin entregar|"
    r"error de entrega|mancata (?:consegna|recapito)|non (?:recapitat|consegnat|recapitabile)|impossibile recapitare|"
    r"não (?:foi )?(?:entregue|é possível entregar|pôde ser entregue)|falha na entrega|não entregue|"
    r"onbestelbaar|niet (?:bezorgd|afgeleverd|besteld)|bezorging mislukt|"
    r"ikke (?:leveret|levert|leveres)|kan ikke leveres|kunne ikke leveres|olevererbar|kunde inte levereras|"
    r"går inte att leverera|ei voitu toimittaa|toimittaminen|nedoruč|nie(?:dostarcz| można dostarczyć)|"
    r"kézbesít|не ?доставлен|недоставлен|ошибка доставки|не удалось доставить|teslim edile?me|iletilemedi|"
    r"配信|配送(?:不能|でき|エラー|失敗)|送信(?:でき|エラー|失敗)|不達|エラーメール|"
    r"不能|退信|退回|无法(?:投递|传递|送达|发送)|無法(?:投遞|傳遞|傳送|送達)|未(?:送达|送達|传递|傳遞)|投递失败|投遞失敗|"
    r"系统退信|배달|전송 실패|반송)",
    re.IGNORECASE,
)
# A subject that mail servers write, and people only when they pass it on.
STRONG_SUBJECT = re.compile(
    r"\s*(?:undeliverable|undelivered mail|mail delivery fail|mail delivery (?:system|subsystem)|"
    r"delivery (?:status notification|notification: )|"
    r"(?:message|mail) delivery notification|delivery failure|message delivery has failed|"
    r"delivery (?:has )?failed|failure notice|returned (?:e-?)?mail|mail (?:system )?error|"
    r"warning: (?:could not|message)|postmaster notify|non[- ]delivery|could not send message|"
    r"message delivery failure|mail could not be delivered|mail failed, returning|delayed mail|"
    r"unzustellbar|non remis|undelivrable|no se puede entregar|non recapitabile|onbestelbaar|"
    r"não é possível entregar|kan ikke leveres|olevererbart|недоставлено|配信不能|无法传递|無法傳遞|"
    r"系统退信|.{0,120}: non remis)",
    re.IGNORECASE,
)

# Sentences in which mail servers report; several words long, so that chance does not make them.
SENTENCE = re.compile(
    r"(?:(?:could|can|was|were|has|have|may) ?n[o']t (?:yet )?(?:be(?:en)? )?(?:delivered|sent|transmitted) to|"
    r"(?:your|the|a|this|following|original) (?:original )?(?:e-?mail|message|mail)\b.{0,200}?"
    r"(?:could ?n[o']t|cannot|can ?not|was ?n[o']t|has ?n[o']t|not) (?:yet )?(?:be(?:en)? )?"
    r"(?:deliver|sent|transmitted|reach)|"
    r"(?:message|mail|it) (?:was |is )?(?:undeliverable|undelivered)|undeliverable (?:mail|message|to)|"
    r"delivery (?:to the following|has failed|failed|attempt|of (?:your|the) (?:message|mail))|"
    r"following (?:destination )?(?:address(?:es)?|recipients?)(?:\(s\))? (?:had|failed|was|were|did|cannot|could|"
    r"has|have|is|are)|failed (?:permanently|recipients?|address)|unable to (?:deliver|send)|"
    r"permanent (?:fatal )?errors?|had (?:permanent|transient|delivery)|"
    r"(?:message|mail) (?:has been|was|is being) (?:returned|rejected|refused|bounced)|"
    r"returned (?:to sender|message|mail)|returning (?:message|mail) to sender|did not (?:reach|receive)|"
    r"transcript of (?:the )?(?:session|attempts)|did not arrive|sorry to (?:have to )?inform you|"
    r"i'm afraid i wasn't able|is the (?:mail system|qmail|james|postfix)|delivery error|delivery problems?|"
    r"trouble delivering|attempting to deliver|error delivering|envelope expired|hop count exceeded|too many hops|"
    r"wasn't delivered|address not found|message (?:not|blocked)|message was not accepted|"
    r"still being retried|warning message only|no valid recipients|message has not been|mail was not|"
    r"nicht (?:zugestellt|ausgeliefert|übermittelt) werden|konnte nicht zugestellt|unzustellbar|übermittlungsfehler|"
    r"fehler bei der (?:nachrichten)?zustellung|nachricht wurde nicht|"
    r"n'a pas pu (?:être|etre)|n'a pas été (?:remis|distribué|délivré)|échec de (?:la )?remise|"
    r"n'ont pas pu|impossible de (?:remettre|distribuer)|"
    r"no se (?:ha podido|pudo|ha entregado|puede) |no (?:pudo|ha podido) (?:ser )?entrega|error (?:en|de) la entrega|"
    r"non è stato possibile|impossibile recapitare|non è stato (?:recapitato|consegnato)|mancato recapito|"
    r"não (?:foi|pôde) (?:possível|ser|entregue)|falha na entrega|"
    r"kon(?:den)? niet worden (?:bezorgd|afgeleverd)|(?:afleveren|bezorgen|bezorging).{0,60}mislukt|"
    r"kunne ikke (?:leveres|levere)|kunde inte leverera|leverans.{0,60}misslyckades|"
    r"ei voitu toimittaa|toimitus.{0,60}epäonnistui|nie (?:został|mogła|można|udało).{0,20}dostarcz|"
    r"(?:nebyl|nelze|nepodařilo).{0,20}doruč|не ?(?:был|может|удалось|могло).{0,30}достав|не ?доставлен|"
    r"teslim edile?me|iletile?me|"
    r"配信(?:でき|され|に失敗|不能)|配送(?:でき|され|に失敗)|送信でき|届けることができ|届きません|宛先不明|"
    r"无法(?:投递|传递|送达|发送)|無法(?:投遞|傳遞|送達|傳送)|未能(?:送达|投递|发送)|(?:传递|投递|傳遞|投遞)失败|"
    r"被退回|退信|전달(?:하지|되지) 못|배달(?:하지|되지) 못|배달할 수 없)",
    re.IGNORECASE,
)
# Weaker: words about mailboxes that are full or unknown.
WORD = re.compile(
    r"(?:(?:user|recipient|host|mailbox|domain|address)(?: is)? (?:unknown|not (?:found|known|exist)|unavailable|"
    r"disabled|full|rejected|inactive)|(?:unknown|invalid|no such|bad|inactive) (?:final |destination |delivery ){0,2}"
    r"(?:user(?:id)?|recipient|address|mailbox|host|domain)|does(?: not|n't) exist|quota (?:exceeded|violation)|"
    r"over ?quota|exceeds? (?:the )?(?:allowed|maximum)|full mailbox|mailbox (?:is )?full|not reached|"
    r"\brejected|status: ?[45]\.\d|permanent failure|fatal error|not listed in|no mailbox|network error|timed? ?out|"
    r"recipient(?:'s)? (?:address )?(?:rejected|unknown|not)|not accepted|unrouteable|retry time(?:out)?|"
    r"undelivered|undeliverable)",
    re.IGNORECASE,
)
# What only a server says: its reply with a code, a field of a report, a command of SMTP.
CODE = re.compile(
    r"(?<![\d.])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}|\(#?[45]\.\d\.\d\)|(?<![\d.,€$£])[45]\d\d[ -](?=[a-z<\"*])|"
    r"(?<![\d.])[45]\.\d\.\d{1,3}(?![\d.])|^(?:final|original)-recipient ?:|^action ?: ?(?:failed|delayed)|"
    r"rcpt to ?: ?<|^reporting-mta ?:",
    re.IGNORECASE | re.MULTILINE,
)
ADDRESS = re.compile(r"[\w!#$%&'*+/=?^{|}~.-]{1,64}@[\w-]{1,63}\.")
# Where the returned mail begins.
RETURNED = re.compile(
    r"^[ \t>|]*(?:-{2,}+[^\n]{0,60}(?:original|returned|message follows|unsent|copy of|header|below this line|"
    r"message text|non-deliverable|forwarded|received message|undelivered)[^\n]{0,80}|received:\s|return-path:\s|"
    r"(?:(?:your |the )?(?:original |undelivered |returned )?(?:message|mail|letter)(?: headers?)?|received message|"
    r"(?:the )?first \d{1,4} lines[^\n]{0,40}|(?:the )?header of the original message)"
    r"(?: is| was)?(?: attached| reads| included| below| following)?[^\n:]{0,12}(?: follows?| reads|:)?[:.]?[ \t]*$|"
    r"the original message|-{3,} (?:below|the (?:header|message))|-{5,} ?begin of|\[?(?:元の|原始|以下)[^\n]{0,30}|"
    r"(?:original|ursprüngliche|en-têtes|encabezados|intestazioni|oorspronkelijke|cabeçalhos)[^\n]{0,40}"
    r"(?:headers?|kopfzeilen|nachricht|d'origine|original(?:es)?|originali|berichtkoppen|originais) ?:?[ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)
# A desk is asked about mail that did not arrive, under just such a subject.
PERSON = re.compile(
    r"\?(?:\s|\Z)|^(?:hi|hello|hallo|hey|dear|good (?:morning|afternoon)|guten|bonjour|hola|buen[oa]s|ciao|buongiorno|"
    r"hej|olá|moi|cześć|dzień|ahoj|dobrý|здравствуйте|добрый|merhaba)\b"
    r"(?! (?:sender|user|customer|postmaster))[^.\n]{0,40}$"
    r"|^(?:hi|hello|dear) \w{1,20},"
    r"|\b(?:i|we) (?:get|got|tried|try|sent|send|wrote|write|cannot|can't|received?|"
    r"have|had|want|need|keep|am)\b"
    r"|\b(?:please (?:help|look|advise|fix)|(?:kind |best )regards|thanks|cheers|"
    r"ich|wir|grüße|gruß|bitte (?:helfen|prüfen)|merci|cordialement|gracias|saludos|grazie|saluti|obrigad[oa]|"
    r"bedankt|groeten|hilsen|hälsningar|terveisin|pozdrawiam|спасибо)\b",
    re.IGNORECASE | re.MULTILINE,
)
# What else is delivered, or is not.
PARCEL = re.compile(
    r"\b(?:parcels?|packages?|shipments?|courier (?:service|driver)|your (?:order|delivery)|tracking (?:number|code)|"
    r"paket|päckchen|sendung|colis|livraison|paquetes?|envío|pacco|spedizione|pakket|pakje|encomenda|pakke|paketet|"
    r"przesyłk\w{1,3}|zásilk\w{1,3}|посылк\w{1,3}|kargo)\b|荷物|宅配|お届け|包裹|快递|快遞|택배",
    re.IGNORECASE,
)
# A list's software refuses a mail: it did not reach the list either (fml, ezmlm, Majordomo, Mailman).
LIST_REFUSES = re.compile(
    r"(?:you are not (?:a |the )?member|not allowed to post|posting (?:to|by) .{0,60}(?:denied|restricted|not allowed)|"
    r"(?:non-members?|nonmembers?) (?:are|is) not|only members? (?:can|may) post|must be a (?:member|subscriber)|"
    r"your (?:message|post(?:ing)?) (?:to .{0,80} )?(?:was|has been) (?:rejected|discarded))",
    re.IGNORECASE,
)

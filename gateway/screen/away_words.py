"""The words of automatic answers: the subjects that programs give them, and what people say of being away."""

import re

_PREFIX = r"\s*(?:(?:re|aw|sv|vs|tr|rif|antw?|odp)\s?:\s*){0,3}[\[(*]{0,3}"

# A program's name for its answer.
FORMULA = re.compile(
    _PREFIX + r"(?:"
    r"(?:i am |i'm )?(?:currently )?out[ -]?of[ -](?:the )?office|ooo(?=\s?[:)\]-])|automatic(?:ally generated)? reply|"
    r"auto[- ]?reply|automated (?:reply|response)|auto(?:matic)?[ -]?respon[sd]e[r]?|"
    r"vacation (?:auto[- ]?)?(?:reply|message|notice|response)|away from (?:the|my) (?:office|mail|desk)|"
    r"away message|absence (?:notice|notification)|challenge[/-]response|"
    r"please confirm your (?:message|e-?mail) to|\[?(?:sender )?verification (?:needed|required)|"
    r"abwesenheits(?:notiz|nachricht|meldung|assistent|benachrichtigung)|automatische (?:antwort|rückantwort)|"
    r"abwesend(?=\s?[:(]|\Z)|(?:bin )?nicht im (?:haus|büro)|abwesenheit(?=\s?:)|urlaubsvertretung(?=\s?:)|"
    r"r[ée]ponse automatique|absen(?:ce|te?) du bureau|message d'absence|notification d'absence|avis d'absence|"
    r"respuesta autom[áa]tica|fuera de (?:la )?oficina|ausente de la oficina|mensaje autom[áa]tico|"
    r"risposta automatica|fuori (?:ufficio|sede)|assente dall'ufficio|resposta autom[áa]tica|aus[êe]ncia tempor[áa]ria|"
    r"fora do escrit[óo]rio|automatisch (?:antwoord|bericht)|afwezigheids(?:bericht|melding)|afwezig(?=\s?:)|"
    r"niet op kantoor|buiten kantoor|"
    r"automatisk[t]? (?:svar|svarmeddelelse)|autosvar|auto-svar|fr[åa]nvaro(?:meddelande)?(?=\s?:|meddelande)|"
    r"ikke (?:til stede|på kontoret)|fraværs(?:melding|besked)|fravær(?=\s?:)|"
    r"automaattinen vastaus|poissaoloilmoitus|poissa toimistosta|poissa(?=\s?:)|"
    r"autom\. odpowied[źz]|automatyczna odpowied[źz]|odpowied[źz] automatyczna|"
    r"poza biurem|automatick[áa] odpov[ěe][ďd]|mimo kancelář|nepřítomnost(?=\s?:)|"
    r"автоответ(?:чик)?|автоматический ответ|нет на (?:месте|работе)|вне офиса|"
    r"otomatik (?:yanıt|cevap)|ofis dışında|自動(?:応答|返信)|不在(?:通知|のお知らせ|連絡|自動)|"
    r"自动(?:回复|答复)|自動(?:回覆|回復|答覆)|자동 ?(?:회신|응답|답장)|부재 ?중|"
    r"תשובה אוטומטית|מחוץ למשרד)",
    re.IGNORECASE,
)
# What follows a formula, and does not go on with a sentence of a person's.
BEHIND = re.compile(
    r"(?:[ -]?(?:auto[- ]?reply|message|notice|notification|response|reply|e-?mail|nachricht|notiz))?[\])*]{0,3}\s*"
    r"(?:\Z|[:：\])(–—!.,|/«“\"-]|(?:re|aw|sv|fw|wg|tr)\s?:|"
    r"(?:until|till|til|from|to|for|on|between|this|next|today|back|returning|due|bis|vom|von|ab|am|auf|wegen|jusqu|du|"
    r"au|à|hasta|del|desde|fino|dal|até|de|van|tot|t/m|fra|frå|från|saakka|do|od|с|до|na|is)\b|\d)",
    re.IGNORECASE,
)
# An occasion of being away: people write of it, too, so that their text has to say that they are.
OCCASION = re.compile(
    _PREFIX + r"(?:vacation|holidays?|on (?:holiday|vacation|leave)|(?:annual|maternity|parental|sick) leave|absence|"
    r"absent|away|not in (?:the )?office|out[ -]of[ -]office|abwesen(?:d|heit)|urlaub|im urlaub|elternzeit|krank|"
    r"absen(?:t|te|ce)|(?:en )?(?:congés?|vacances)|en vacaciones|vacaciones|ausen(?:te|cia)|assente|assenza|ferie|"
    r"in ferie|ausente|ausência|(?:de )?férias|afwezig(?:heid)?|vakantie|niet aanwezig|frånvaro(?:nde)?|semester|"
    r"fravær|ferie|på ferie|poissa(?:olo)?|lomalla|nieobecn\w{1,4}|urlop|nepřítomn\w{1,4}|dovolená|отпуск|в отпуске|"
    r"izin|tatil|休暇|不在|外出|休假|出差|请假)\b",
    re.IGNORECASE,
)
OCCASION_ALONE = re.compile(OCCASION.pattern + r"[\])*]{0,3}\s*(?:\Z|[:：])", re.IGNORECASE)
# The writer is away: said in the present, of oneself.
AWAY = re.compile(
    r"\b(?:(?:i am|i'm|i will be|i'll be|we are|we're) (?:currently |presently |now |away |on |not )*"
    r"(?:out of (?:the |my )?(?:office|town|country)|away|on (?:\w{1,12} )?(?:leave|holiday|vacation)|"
    r"on (?:a )?business trip|in (?:the )?office|travell?ing|back|unavailable|annual leave)|"
    r"thank you for your (?:e-?mail|message|mail)|with limited access|"
    r"(?:ich bin|wir sind|bin ich)\b.{0,80}(?:nicht|abwesend|urlaub|außer haus|unterwegs|elternzeit|wieder)|"
    r"(?:je suis|je serai|nous sommes)\b.{0,60}(?:absente?|congés?|vacances|retour|déplacement)|"
    r"(?:estoy|estaré|me encuentro|estamos)\b.{0,60}(?:fuera|ausente|vacaciones|regreso)|"
    r"(?:sono|sarò)\b.{0,60}(?:assente|ferie|fuori)|(?:estou|estarei)\b.{0,60}(?:ausente|férias|fora)|"
    r"(?:ik ben|wij zijn)\b.{0,60}(?:afwezig|vakantie|niet aanwezig|buiten kantoor|weer)|"
    r"(?:jeg er|jag är|är jag|er jeg)\b.{0,60}(?:ferie|fraværende|ikke|semester|ledig|inte|åter|tilbage|tilbake)|"
    r"olen\b.{0,60}(?:lomalla|poissa|vapaalla)|(?:jestem|będę)\b.{0,60}(?:nieobecn|urlop|poza)|"
    r"(?:jsem|budu)\b.{0,60}(?:mimo|dovolen|nepřítom)|(?:нахожусь|буду|меня не будет)\b)|я в отпуске|"
    r"(?:izindeyim|ofis dışında|tatildeyim)|(?:不在|休暇|休んで|外出)|(?:休假|出差|外出|不在办公室|不在辦公室)",
    re.IGNORECASE,
)
# "Out of office does not work", "Vacation request": what a desk is asked for.
ASKED = re.compile(
    r"\?|\b(?:not work\w{0,3}|doesn't|isn't|can't|cannot|won't|how to|problems?|issues?|errors?|broken|broke|help|"
    r"set ?up|set(?:ting)?|turn (?:on|off)|enable|disable|requests?|approv\w{1,5}|calendar|tool|form|policy|feature|"
    r"stuck|missing|wrong|fails?|failed|"
    r"funktioniert|geht nicht|einrichten|einstellen|aktivieren|fehler|antrag|problème|ne marche|demande|activer|"
    r"problema|no funciona|configurar|solicitud|non funziona|impostare|werkt niet|instellen|fel|fungerar|virker|"
    r"não funciona|ei toimi|nie działa|nefunguje|не работает|настроить|çalışmıyor)\b",
    re.IGNORECASE,
)
ASKED_IN_TEXT = re.compile(
    r"\?(?:\s|\Z)|\b(?:please (?:add|enter|approve|book|record|set|forward my|reset|disable|enable)|could you|can you|"
    r"would you|how (?:do|can) i|könnt(?:en|et) (?:sie|ihr)|bitte (?:eintragen|tragen|genehmigen|um)|pouvez-vous|"
    r"podría|potete|kunt u|kan du|kan ni)\b",
    re.IGNORECASE,
)

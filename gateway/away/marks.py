"""The words that make a date the day of somebody's return, or the last day of an absence, in seventeen languages."""

import re

# Before the date, somewhere in the same sentence: "I will be back in the office on …".
RETURN_BEFORE = re.compile(
    r"\b(?P<en>(?:be |am |are |i'll be |come |coming |get |getting )?back|return(?:ing|s)?|available again|"
    r"in the office again|resume (?:work|office))\b|"
    r"\b(?:zurück|wieder|rückkehr|de retour|retour|reviens|reviendrai|rentre(?:rai)?|de vuelta|regres\w{1,5}|vuelvo|"
    r"volver\w{1,3}|reincorpor\w{1,5}|di ritorno|ritorn\w{1,4}|rientr\w{1,4}|torn(?:o|erò|eremo|a)|"
    r"retorn\w{1,5}|volt(?:o|arei|o a)|de volta|terug|weer|tilbage|tilbake|tillbaka|åter|igen på|palaan|takaisin|"
    r"wracam|wrócę|powr[oó]t\w{0,3}|ponownie|zpět|vrátím|вернусь|вернёмся|вернемся|возвращ\w{1,5}|снова|"
    r"dön(?:eceğim|üş\w{0,4}|üyorum))\b|復帰|出社は|戻りは|返回|回来|回來|回到",
    re.IGNORECASE,
)
# Behind the date: "… bin ich wieder im Büro", "…に戻ります".
RETURN_BEHIND = re.compile(
    r"(?P<en>\b(?:i|we) (?:(?:will|shall|am|are) )?(?:be )?(?:back|return)\b|['’](?:ll|m|re) (?:be )?(?:back|return)|"
    r"\b(?:will|shall) (?:be back|return)\b|available again)|"
    r"\b(?:wieder|zurück|de retour|à nouveau|nouveau|de vuelta|de nuevo|di nuovo|nuovamente|novamente|de volta|"
    r"weer|terug|igen|tilbage|tilbake|tillbaka|åter|takaisin|palaan|ponownie|z powrotem|zpět|opět|снова|вернусь|"
    r"tekrar|dön\w{2,8}|geri)\b|"
    r"(?:に|より|から)?(?:は)?(?:戻|復帰|出社|帰|出勤)|(?:返回|回来|回來|回到|上班|恢复|恢復)",
    re.IGNORECASE,
)
_FILL = (
    r"(?:\s|,|and including|including|inclusive|inclusively|incl\.?|the end of|end of|einschließlich|einschl\.?|"
    r"einschliesslich|inklusive|inkl\.?|inclus|incluido|inclusive|compreso|incluso|en met|og med|och med|ja mukaan|"
    r"włącznie|включительно|on|the|le|el|il|la|lo|o|zum|den|dem|am|dia|día|giorno|de|det|d\.|dnia|dne|friday|\()*\Z"
)
# Right before the date.
UNTIL_BEFORE = re.compile(
    r"(?:\b(?P<en>until|till|'til|through|thru|up to)|\b(?:bis|jusqu['’]?(?:au|à)?|hasta|fino (?:al?|all'|a)|"
    r"sino (?:al?|a)|até(?: ao?)?|tot(?: en met)?|t/m|til|till|fram till|frem til|frem til og med|do(?: dnia)?|"
    r"do dne|až do|до|по)|至|到|截至|迄)" + _FILL,
    re.IGNORECASE,
)
# Right behind the date.
UNTIL_BEHIND = re.compile(
    r"(?:\s|\(.{1,3}\)|'\S{1,4}|\.){0,6}(?:まで|asti\b|saakka\b|(?:'?\w{1,9} )?kadar\b|till och med|為止|为止|止\b)",
    re.IGNORECASE,
)
# Between the first day and the last; the first may be a number alone: "1. - 5. Dezember", "from 1 to 5 Dec".
RANGE_BEFORE = re.compile(
    r"(?:\A|\d{1,4}(?:st|nd|rd|th|er|º|\.)?)\s*(?:\(\S{1,6}\)\s*)?"
    r"(?:[-–—~〜～]|(?P<en>to|and)\b|\b(?:bis|au|al?|à|ao?|en|t/m|tot|til|till|do|по|до|ile)\b|から|至|到|起至)"
    + _FILL,
    re.IGNORECASE,
)
# Right before the date: the first day.
START_BEFORE = re.compile(
    r"(?:\b(?:from|since|starting|beginning|as of|ab|vom|von|seit|du|depuis|à partir du|à compter du|dès le|del?|desde|"
    r"a partir del?|dal|da|de|vanaf|van|sinds|fra|från|från och med|fra og med|alkaen|od|ode|с|со|on|am|le|el|il|op|"
    r"den|em|w|dne|dnia)|自|从|從|于|於)\s*(?:dem|den|the|le|dia|día|dnia|dne)?\s*\Z",
    re.IGNORECASE,
)
AWAY = re.compile(
    r"\b(?:away|out of|leave|vacation|holidays?|absent|absence|abwesen\w{1,4}|urlaub|nicht|außer haus|"
    r"absente?|congés?|vacances|fuera|ausente|vacaciones|assente|ferie|fuori|férias|afwezig|vakantie|niet|"
    r"fraværende|ikke|semester|ledig|inte|lomalla|poissa|nieobecn\w{1,3}|urlop\w{0,3}|mimo|dovolen\w{1,2}|"
    r"нет|отпуск\w{0,2}|izin\w{0,6})\b|不在|休|出差",
    re.IGNORECASE,
)
# What else has a last day.
OTHER = re.compile(
    r"\b(?:open|valid|offer|sale|order|orders|register|registration|apply|deadline|due|submit|discount|webinar|event|"
    r"conference|fair|visit us|geöffnet|gültig|angebot|bestell\w{1,6}|anmeld\w{1,6}|messe|ouvert\w{0,2}|valable|offre|"
    r"abiert\w{1,2}|válid\w{1,2}|oferta|apert\w{1,2}|valid[ao]|offerta|aberto|geopend|geldig|åben|åpent|öppet|gyldig)\b",
    re.IGNORECASE,
)
# Languages in which 5/12 is the twelfth month: all of these but English, and but those of the Far East.
FAR_EAST = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")

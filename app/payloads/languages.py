"""Languages as call platforms write them, as tags of BCP 47: `en_us`, `eng` and `english` are English."""

import re
from collections.abc import Mapping

_TAG = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8}){0,4})", re.ASCII)
_LONG = """
eng en deu de ger de fra fr fre fr spa es ita it por pt nld nl dut nl pol pl swe sv dan da nor no fin fi ces cs cze cs
slk sk slo sk hun hu ron ro rum ro bul bg ell el gre el tur tr rus ru ukr uk ara ar heb he hin hi jpn ja kor ko zho zh
chi zh cmn zh vie vi tha th ind id msa ms cat ca eus eu glg gl hrv hr srp sr slv sl lit lt lav lv est et
english en german de french fr spanish es castilian es italian it portuguese pt dutch nl flemish nl polish pl swedish sv
danish da norwegian no finnish fi czech cs slovak sk hungarian hu romanian ro moldovan ro bulgarian bg greek el
turkish tr russian ru ukrainian uk arabic ar hebrew he hindi hi japanese ja korean ko chinese zh mandarin zh
cantonese yue vietnamese vi thai th indonesian id malay ms catalan ca valencian ca basque eu galician gl croatian hr
serbian sr bosnian bs slovenian sl lithuanian lt latvian lv estonian et icelandic is irish ga welsh cy maltese mt
albanian sq macedonian mk persian fa urdu ur bengali bn tamil ta telugu te marathi mr gujarati gu punjabi pa
kannada kn malayalam ml nepali ne sinhala si khmer km lao lo burmese my myanmar my mongolian mn kazakh kk uzbek uz
azerbaijani az armenian hy georgian ka afrikaans af swahili sw somali so yoruba yo hausa ha amharic am tagalog tl
filipino tl javanese jw latin la esperanto eo belarusian be
"""
_SHORT: Mapping[str, str] = dict(re.findall(r"(\w+)\s+(\w+)", _LONG))


def language_tag(value: object) -> str | None:
    """The tag of a language that a source names by code or by its English name; None for anything that is neither."""
    if not isinstance(value, str):
        return None
    told = value.strip().partition(".")[0]  # an encoding may follow, as in de_DE.UTF-8
    short = _SHORT.get(told.lower())
    if short is not None:
        return short
    found = _TAG.fullmatch(told)
    if found is None or found[1].lower() in {"und", "mul", "zxx"}:
        return None
    first = found[1].lower()
    rest = (part.upper() if len(part) == 2 else part for part in re.split(r"[-_]", found[2])[1:])  # noqa: PLR2004 - a territory
    return "-".join((_SHORT.get(first, first), *rest))

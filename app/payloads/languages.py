"""Language names as senders write them, as BCP 47 tags: `en_US`, `eng`, `pt-br`."""

import re
from collections.abc import Mapping

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)
_SHORT: Mapping[str, str] = dict(
    re.findall(
        r"(\w+):(\w+)",
        "ara:ar bul:bg ces:cs cze:cs chi:zh zho:zh dan:da deu:de ger:de dut:nl nld:nl ell:el gre:el eng:en est:et "
        "fin:fi fra:fr fre:fr heb:he hin:hi hrv:hr hun:hu ind:id ita:it jpn:ja kor:ko lav:lv lit:lt nor:no pol:pl "
        "por:pt ron:ro rum:ro rus:ru slk:sk slo:sk slv:sl spa:es srp:sr swe:sv tha:th tur:tr ukr:uk vie:vi",
    )
)


def language_tag(value: object) -> str | None:
    """A sender's language as a BCP 47 tag; None for anything that is none.

    Underscores become hyphens, a following encoding (`de_DE.UTF-8`) is cut off, and three-letter names of ISO 639-2
    become the two letters where there are some.
    """
    if not isinstance(value, str):
        return None
    first, *rest = value.strip().partition(".")[0].replace("_", "-").split("-")
    tag = "-".join((_SHORT.get(first.lower(), first.lower()), *rest))
    return tag if _TAG.fullmatch(tag) else None

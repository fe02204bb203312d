"""Takes personal numbers and addresses out of texts before they are stored: e-mail, phone, payment card, IBAN.

Patterns only, each with the check that its standard offers (ISO 7064 mod 97-10 for IBAN, Luhn for cards, the number
plan's shape for phones), so that dates, amounts and order numbers stay digit for digit. Names are not recognised.
"""

import re

_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")

# Registered countries and the length of their IBAN (SWIFT IBAN registry).
_IBAN_LENGTH = {
    word[:2]: int(word[2:])
    for word in re.findall(
        r"\w+",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 "
        "SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20",
    )
}
# Its check digits, looked for first: digits are rare in a text, letters are not.
_IBAN_CHECK = re.compile(r"\d\d(?<=[A-Za-z]{2}..)(?<![^\W_].{4})(?=[ -]?[A-Za-z0-9])", re.DOTALL)
_IBAN_SEPARATORS = " -"

_CARD = re.compile(r"(?<![\w.,-])[2-6](?:[ -]?\d){12,18}(?![\w-])")
# Issuer ranges: a valid check digit alone would take every tenth long order number with it.
_CARD_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"  # American Express, Diners, JCB
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}"  # Discover, UnionPay
)

_PHONE = re.compile(
    r"(?<![\w+.,/-])(?<!\d )(?:"
    r"\+\d{1,3}(?:[ ./-]{0,2}\(0\))?(?:[ ./()-]{0,2}\d){6,13}"  # +44 191 498 0000
    r"|00[1-9]\d{0,2}[ ./-](?:[ ./()-]{0,2}\d){8,12}"  # 0049 30 1234567
    r"|\(0[1-9]\d{0,4}\)(?:[ ./-]{0,2}\d){4,9}"  # (0191) 498 0000
    r"|0[1-9]\d{0,4}[ /-]{1,2}\d(?:[ /-]?\d){4,9}"  # 030 1234567, 0171-1234567
    r"|07\d{9}|01[5-7]\d{8,9}"  # mobile numbers without gaps
    r"|(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}"  # (555) 234-5678
    r")(?![\w]|[-/]\d)"
)
_DATE_LIKE = re.compile(r"\d{1,2}[ ./-]\d{1,2}[ ./-](?:\d{4}|\d\d)(?:\D.*)?")
_AN_ID_BEFORE = re.compile(
    r"(?:order|ticket|case|ref|reference|invoice|booking|policy|claim|tracking|parcel|account|contract|serial|model|"
    r"bestell\w{0,8}|auftrag\w{0,8}|rechnung\w{0,8}|vorgang\w{0,8}|vertrag\w{0,8}|kunden\w{0,8})"
    r"(?: ?(?:number|num|no|nr|id|is|was|code))?[ .:#-]{0,3}$",
    re.IGNORECASE,
)
_CONTEXT = 40
_PHONE_DIGITS = range(7, 16)
_DIGIT = re.compile(r"\d")


def redact_text(text: str) -> str:
    """Replace e-mail addresses, IBANs, card and phone numbers by `[email]`, `[iban]`, `[card]` and `[phone]`.

    Idempotent: a redacted text stays as it is.
    """
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    digits = len(_DIGIT.findall(text))
    if not digits:
        return text
    text = _redact_ibans(text)
    if digits < _PHONE_DIGITS.start:  # too few for a phone number, let alone a card
        return text
    text = _CARD.sub(lambda found: "[card]" if _is_card(found.group()) else found.group(), text)
    return _PHONE.sub(_redact_phone, text)


def _redact_ibans(text: str) -> str:
    done, at = [], 0
    for check in _IBAN_CHECK.finditer(text):
        start = check.start() - 2
        if start < at:
            continue
        end = _iban_end(text, start, _IBAN_LENGTH.get(text[start : start + 2].upper(), 0))
        if end:
            done += [text[at:start], "[iban]"]
            at = end
    return "".join([*done, text[at:]]) if done else text


def _iban_end(text: str, start: int, length: int) -> int:
    """Where a valid IBAN of `length` characters that begins at `start` ends; 0 if there is none."""
    kept: list[str] = []
    for place in range(start, min(len(text), start + 2 * length)):
        character = text[place]
        if character.isascii() and character.isalnum():
            kept.append(character.upper())
        elif character not in _IBAN_SEPARATORS:
            return 0
        if len(kept) == length:
            whole = place + 1 == len(text) or not (text[place + 1].isalnum() or text[place + 1] == "_")
            return place + 1 if whole and _mod97(kept) == 1 else 0
    return 0


def _mod97(characters: list[str]) -> int:
    return int("".join(str(int(character, 36)) for character in characters[4:] + characters[:4])) % 97


def _is_card(candidate: str) -> bool:
    digits = [int(character) for character in candidate if character.isdigit()]
    if not _CARD_ISSUER.fullmatch("".join(map(str, digits))):
        return False
    doubled = [divmod(2 * digit, 10) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(tens + ones for tens, ones in doubled)) % 10 == 0


def _redact_phone(found: re.Match[str]) -> str:
    number = found.group()
    keep = (
        sum(character.isdigit() for character in number) not in _PHONE_DIGITS
        or _DATE_LIKE.fullmatch(number)
        or (number[0] != "+" and _AN_ID_BEFORE.search(found.string, max(0, found.start() - _CONTEXT), found.start()))
    )
    return number if keep else "[phone]"

"""Passwords that attackers try first: long enough to be taken, and known to everybody."""

import re
from collections.abc import Iterable

_LIST = """
password passwort passw0rd p@ssword p@ssw0rd pa55word pa55w0rd motdepasse contrasena wachtwoord parola haslo senha
passphrase mypassword yourpassword newpassword oldpassword thepassword nopassword passwordpassword passwortpasswort
password1234password letmein letmeinnow letmeinplease welcome welcometo welcomeback willkommen bienvenue bienvenido
changeme changemenow changeit pleasechange pleasechangeme changethis changethispassword default defaultpassword
temporary temppassword temporarypassword initialpassword startpassword secret supersecret topsecret mysecret
secretpassword admin administrator adminadmin administrador adminpassword rootroot rootpassword superuser superadmin
sysadmin systemadmin testtest testtesttest testpassword testaccount testing demodemo demopassword guestguest
guestpassword useruser userpassword username loginlogin signinsignin accesscontrol master masterkey iloveyou
iloveyouso iloveyoubaby iloveyouforever loveyouforever lovelove sunshine princess superman batman spiderman starwars
trustnoone trustno1 whatever whateverwhatever nothing football baseball basketball liverpool manchester
manchesterunited chelsea arsenal barcelona realmadrid bayernmunich juventus dragon monkey michael jennifer jordan23
charlie shadow mustang cheese hello hellohello helloworld hellokitty goodmorning goodbye computer internet microsoft
windows google facebook linkedin samsung iphone mercedes ferrari porsche qwertyuiop qwertyuiopas qwertzuiop
qwertzuiopas azertyuiop qwertyqwerty qwerty123456 qwertzqwertz asdfghjkl asdfasdfasdf zxcvbnm zxcvbnmasdf yxcvbnm
1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv zaq12wsx qazwsxedc qazwsxedcrfv q1w2e3r4t5y6 q1w2e3r4t5z6 1q2w3e4r5t6y
1q2w3e4r5t6z 1q2w3e4r5t qwer1234 qwerasdfzxcv correcthorsebatterystaple correct horse battery staple
thequickbrownfox january february march april june july august september october november december monday tuesday
wednesday thursday friday saturday sunday spring summer autumn winter companyname company business customer
customerservice support supportdesk helpdesk callcenter office closeloop closedloop feedback voiceofcustomer
"""
_WORDS = frozenset(_LIST.split())
_FEWEST_LETTERS = 5
_SHORT_NAME = 4
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_RUNS = ("0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")


def is_common(password: str, names: Iterable[str] = ()) -> bool:
    """Whether a password is a well-known one, with or without digits and signs around it, or made of very little.

    Args:
        password: The password.
        names: Words that are no secret to anybody: the person's name and address.
    """
    low = password.casefold()
    squeezed = re.sub(r"[\s._-]+", "", low)
    if len(set(squeezed)) < _FEWEST_LETTERS or _repeats(squeezed) or _runs(squeezed):
        return True
    known = _WORDS | {part for name in names for part in _parts(name)}
    return any(form in known for form in _forms(low) | _forms(squeezed))


def _forms(word: str) -> set[str]:
    bare = _AROUND.sub("", word)
    return {
        form for each in (word, bare) for form in (each, each.translate(_LEET), _AROUND.sub("", each.translate(_LEET)))
    }


def _parts(name: str) -> set[str]:
    low = name.casefold()
    parts = {low, *low.split("@"), *re.split(r"[@.\s_+-]+", low)}
    return {part for part in parts if len(part) >= _SHORT_NAME}


def _repeats(word: str) -> bool:
    """Whether it is one short piece over and over: abcabcabcabc."""
    return re.fullmatch(r"(.{1,8}?)\1+.?", word, flags=re.DOTALL) is not None


def _runs(word: str) -> bool:
    return any(word in run or word in run[::-1] for run in _RUNS)

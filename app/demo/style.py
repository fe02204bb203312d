"""How people really type: lower case, capitals, slips, exclamation marks, smileys."""

import re
from random import Random

# Habits and how many customers in a hundred have them.
_HABITS = {"tidy": 73, "lower": 9, "capitals": 2, "slips": 9, "shouts": 3, "open_end": 4}
_SLIPPERY = 5  # letters a word must have to be mistyped
_CAPITALS = re.compile(r"[A-Z].*[A-Z]|.*\d")


def lower_first(sentence: str) -> str:
    """Make a sentence fit behind "but": its first letter small, unless the word is a name or "I"."""
    word = sentence.split(" ", 1)[0]
    if word == "I" or word.startswith(("I'", '"')) or _CAPITALS.match(word):
        return sentence
    return sentence[0].lower() + sentence[1:]


def slip(rng: Random, text: str) -> str:
    """Put one to three typing slips into words of five letters or more: swapped, doubled or lost letters."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= _SLIPPERY and word.isalpha()]
    for at in rng.sample(long, min(len(long), rng.randint(1, 3))):
        word = words[at]
        place = rng.randint(1, len(word) - 3)
        words[at] = rng.choice(
            (
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
                word[:place] + word[place + 1 :],
                word[: place + 1] + word[place:],
            )
        )
    return " ".join(words)


def type_like_people(rng: Random, text: str) -> str:
    """Give the text as its customer types: tidily, or with one of the usual habits."""
    habit = rng.choices(tuple(_HABITS), tuple(_HABITS.values()))[0]
    if habit == "lower":
        return text.lower()
    if habit == "capitals":
        return text.upper()
    if habit == "slips":
        return slip(rng, text)
    if habit == "shouts":
        return text.rstrip(".") + rng.choice(("!!", "!!!", "!"))
    return text if habit == "tidy" else text.rstrip(".")

"""From what a customer wants to say to sentences, and from sentences to a survey answer, a mail, a chat or a call."""

from dataclasses import dataclass
from typing import Literal

from app.demo.phrases import Remark, Theme, Voice
from app.demo.style import lower_first, type_like_people

Kind = Literal["complaint", "praise", "neutral", "silence"]
Turns = list[dict[str, str]]

_SHORT = 6  # words: shorter sentences are spoken without a filler
_SAME_AGAIN = 0.6  # share of second sentences that state the problem again in other words
_LONG = {"survey": 0.35, "social": 0.1, "review": 0.7, "ticket": 0.8, "email": 0.95}  # share with a second sentence


@dataclass(frozen=True, slots=True)
class Intent:
    """What a customer wants to say: problems, praise or questions; nothing at all is silence."""

    problems: tuple[Theme, ...] = ()
    praise: tuple[Remark, ...] = ()
    neutral: tuple[Remark, ...] = ()

    @property
    def kind(self) -> Kind:
        """What the message mainly is."""
        if self.problems:
            return "complaint"
        if self.praise:
            return "praise"
        return "neutral" if self.neutral else "silence"


def write_text(voice: Voice, intent: Intent, medium: str) -> str:
    """Write a survey answer, review, ticket, mail or post."""
    if intent.kind == "silence":
        return voice.rng.choice(voice.phrases.silence)
    if medium == "email":
        return _write_mail(voice, intent)
    text = " ".join(_sentences(voice, intent, medium))
    text = type_like_people(voice.rng, text)
    if medium == "social":
        return _post(voice, intent, text)
    if medium in {"survey", "review"} and voice.chance(0.06):
        text += " " + voice.frame("sad" if intent.problems else "glad")
    return text


def write_turns(voice: Voice, intent: Intent, medium: str) -> Turns:
    """Write a chat (a bot first, then an agent) or the transcript of a call."""
    first, *rest = _states(voice, intent)
    turns = _begin_chat(voice, first) if medium == "chat" else _begin_call(voice, first)
    for sentence in rest:
        turns.append(_turn("agent", _answer(voice, intent)))
        turns.append(_turn("customer", sentence))
    turns.append(_turn("agent", _answer(voice, intent)))
    if intent.problems and voice.chance(0.6):
        turns.append(_turn("customer", _pick(voice, intent.problems[0].ask)))
        turns.append(_turn("agent", _answer(voice, intent)))
    if voice.chance(0.12):
        turns.append(_turn("customer", voice.frame("private")))
    turns.append(_turn("agent", voice.frame("agent_end")))
    turns.append(_turn("customer", voice.frame("customer_end")))
    utter = _typed if medium == "chat" else _spoken
    return [turn | {"text": utter(voice, turn["text"])} if turn["role"] == "customer" else turn for turn in turns]


def _typed(voice: Voice, text: str) -> str:
    return type_like_people(voice.rng, text)


def _spoken(voice: Voice, text: str) -> str:
    words = text.split(" ")
    if len(words) > _SHORT and voice.chance(0.3):
        words.insert(voice.rng.randint(2, len(words) - 2), voice.frame("filler").lower())
    return " ".join(words)


def _turn(role: str, text: str) -> dict[str, str]:
    return {"role": role, "text": text}


def _pick(voice: Voice, lines: tuple[str, ...]) -> str:
    return voice.pick(lines) or voice.say(voice.rng.choice(lines))


def _states(voice: Voice, intent: Intent) -> list[str]:
    said: list[str] = []
    for problem in intent.problems:
        said.append(_pick(voice, problem.core))
        if voice.chance(0.55):
            said.append(_more(voice, problem))
    said += [_pick(voice, remark.lines) for remark in (*intent.praise, *intent.neutral)]
    return said


def _sentences(voice: Voice, intent: Intent, medium: str) -> list[str]:
    long = _LONG[medium]
    if intent.problems:
        return _complain(voice, intent, long)
    said = [_pick(voice, remark.lines) for remark in (*intent.praise, *intent.neutral)]
    if intent.praise and voice.chance(long / 2):
        said.append(_pick(voice, voice.phrases.praise[-1].lines))
    return said


def _complain(voice: Voice, intent: Intent, long: float) -> list[str]:
    said = [voice.frame("opener")] if voice.chance(long / 3) else []
    for number, problem in enumerate(intent.problems):
        if number:
            said.append(voice.frame("bridge"))
        said.append(_core(voice, problem, intent.praise if not number else ()))
        if voice.chance(long):
            said.append(_more(voice, problem))
        if voice.chance(long / 4):
            said.append(_pick(voice, problem.ask))
    if voice.chance(long / 2):
        said.append(voice.frame("closer"))
    return said


def _more(voice: Voice, problem: Theme) -> str:
    # People mostly say the same once more; a side of the problem that all tell alike would be a problem of its own.
    return _pick(voice, problem.core if voice.chance(_SAME_AGAIN) else problem.follow)


def _core(voice: Voice, problem: Theme, praise: tuple[Remark, ...]) -> str:
    lines = [line for line in problem.core if line.endswith(".") and not line.startswith('"')]
    if praise:
        good = _pick(voice, praise[0].lines).rstrip(".!")
        core = lower_first(_pick(voice, tuple(lines)))
        return voice.rng.choice(voice.phrases.frames["but"]).format(praise=good, core=core)
    if voice.chance(0.07):
        return f"{voice.frame('polite')} {lower_first(_pick(voice, tuple(lines)))}"
    return _pick(voice, problem.core)


def _write_mail(voice: Voice, intent: Intent) -> str:
    body = type_like_people(voice.rng, " ".join(_sentences(voice, intent, "email")))
    if voice.chance(0.15):
        body += " " + voice.frame("private")
    ending = voice.frame("signature").replace("|", "\n")
    return f"{voice.frame('greeting')}\n\n{body}\n\n{ending}"


def _post(voice: Voice, intent: Intent, text: str) -> str:
    parts = [voice.frame("handle"), text]
    if voice.chance(0.35):
        parts.append(voice.frame("sad" if intent.problems else "glad"))
    if intent.problems and voice.chance(0.4):
        parts.append(voice.frame("hashtag"))
    return " ".join(parts)


def _begin_chat(voice: Voice, first: str) -> Turns:
    turns = [
        _turn("bot", voice.frame("bot_hello")),
        _turn("customer", first),
        _turn("bot", voice.frame("bot_lost")),
        _turn("customer", voice.frame("want_agent")),
        _turn("agent", voice.frame("agent_hello")),
    ]
    return turns if voice.chance(0.8) else [turns[1], turns[4]]


def _begin_call(voice: Voice, first: str) -> Turns:
    start = voice.frame("call_start")
    return [
        _turn("agent", voice.frame("call_hello")),
        _turn("customer", f"{start} {first}"),
        _turn("agent", voice.frame("call_order")),
        _turn("customer", voice.frame("order_is")),
    ]


def _answer(voice: Voice, intent: Intent) -> str:
    if intent.problems:
        said = voice.pick([line for problem in intent.problems for line in problem.agent])
        return said or voice.frame("agent_note")
    return voice.frame("agent_thanks" if intent.praise else "agent_info")

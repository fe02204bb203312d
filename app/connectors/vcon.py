"""vCon, the IETF's container of conversations: recordings with transcripts as analysis, and text dialogs.

Read are the drafts 0.0.1 to 0.0.3 and the current one (https://datatracker.ietf.org/doc/draft-ietf-vcon-vcon-core/):
`parties`, `dialog`, `analysis`, `attachments`, also inside a signature (JWS), whose validity is not checked.
Transcripts are taken in the shapes of several vendors. Times without a zone are those of `zone`. Flat facts of JSON
attachments and tags become attributes.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from app.connectors.contract import ConnectorConfig, Example, Found, Ignored, Parsed, Spec, make_item
from app.domain.feedback import Medium, Role
from app.payloads.delivery import RawDelivery
from app.payloads.facts import flat_facts
from app.payloads.languages import language_tag
from app.payloads.markup import plain_text
from app.payloads.schemes import StaticToken
from app.payloads.segments import Frame, spoken_in
from app.payloads.talk import SpeakerRules, Spoken, make_turns, role_of_name, speaker_name
from app.payloads.times import time_or_none
from app.payloads.vcon_parts import body_of, tags_of, unsigned
from app.payloads.walk import at, first, ident, needed_id, objects, text


class Config(ConnectorConfig, SpeakerRules):
    """How a source of this connector is set."""


SPEC = Spec(
    title="vCon",
    auth=StaticToken(),
    setup=(
        "Import files with `closeloop import FOLDER`, or add a webhook link to your vCon server's chain:",
        "POST to {url} with the header X-Webhook-Token: {secret}.",
    ),
    suffixes=(".vcon", ".vcon.json"),
)


def reference(delivery: RawDelivery) -> None:
    """None: a vCon that comes again has the same uuid."""
    del delivery


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The conversation of each vCon in it.

    Raises:
        AppError: It is no vCon, is encrypted, or has too many turns.
    """
    body = delivery.json()
    found = [item for one in (body if isinstance(body, list) else [body]) for item in _items(one, delivery, config)]
    return found or Ignored("no transcript and no text in it")


def _items(body: object, delivery: RawDelivery, config: Config) -> Sequence[Found]:
    vcon = unsigned(body)
    uuid = needed_id(vcon.get("uuid"), "uuid")
    dialogs, parties = objects(vcon.get("dialog")), objects(vcon.get("parties"))
    transcripts = [one for one in objects(vcon.get("analysis")) if "transcri" in str(one.get("type")).lower()]
    turns = make_turns(_spoken(dialogs, transcripts, parties, config), config)
    if not turns:
        return []
    texts_only = all(one.get("type") == "text" for one in dialogs) and not transcripts
    values = {
        "external_id": uuid,
        "updated_at": time_or_none(vcon.get("updated_at"), config.zone_info),
        "medium": Medium.CHAT if texts_only else Medium.PHONE,
        "occurred_at": _began(vcon, dialogs, config),
        "language": language_tag(next((at(body_of(one), "language") for one in transcripts), None)),
        "customer": _customer(parties),
        "turns": turns,
        "attributes": _facts(vcon, dialogs),
    }
    return [make_item(values, delivery)]


def _began(vcon: Mapping[str, Any], dialogs: Sequence[Mapping[str, Any]], config: Config) -> datetime | None:
    told = next((one["start"] for one in dialogs if one.get("start")), None)
    return time_or_none(told or vcon.get("created_at"), config.zone_info)


def _spoken(
    dialogs: Sequence[Mapping[str, Any]],
    transcripts: Sequence[Mapping[str, Any]],
    parties: Sequence[Mapping[str, Any]],
    config: Config,
) -> Iterator[Spoken]:
    """The words of each dialog in their order: its text, or the first of its transcripts that has words."""
    about, of_any = _by_dialog(transcripts)
    places = {name: place for place in range(len(parties)) if (name := _name(parties, place)) is not None}
    for place, dialog in enumerate(dialogs):
        if dialog.get("type") == "text":
            yield from _message(dialog, parties, config)
            continue
        frame = Frame(config, time_or_none(dialog.get("start"), config.zone_info))
        for group in (*about.get(place, ()), of_any):
            pieces = next((said for one in _taken(group) if (said := _transcript(one, parties, places, frame))), [])
            yield from pieces
            if pieces:
                group.clear()
                break
    if not dialogs and transcripts:
        yield from _transcript(transcripts[0], parties, places, Frame(config))


_Group: TypeAlias = deque[Mapping[str, Any]]


def _by_dialog(transcripts: Sequence[Mapping[str, Any]]) -> tuple[Mapping[int, Sequence[_Group]], _Group]:
    """Transcripts of the same dialogs, by the place of each dialog, and those that name none; each is read once."""
    found: dict[int, list[_Group]] = {}
    groups: dict[tuple[int, ...], _Group] = {}
    for one in transcripts:
        told = one.get("dialog")
        places = tuple(place for place in (told if isinstance(told, list) else [told]) if isinstance(place, int))
        if (places or told is None) and places not in groups:
            groups[places] = deque()
            for place in dict.fromkeys(places):
                found.setdefault(place, []).append(groups[places])
        if places in groups:
            groups[places].append(one)
    return found, groups.get((), deque())


def _taken(group: _Group) -> Iterator[Mapping[str, Any]]:
    while group:
        yield group.popleft()


def _message(dialog: Mapping[str, Any], parties: Sequence[Mapping[str, Any]], config: Config) -> Iterator[Spoken]:
    words = text(body_of(dialog))
    if words is None:
        return
    author = first(dialog, ("originator",), ("parties", 0, 0), ("parties", 0), ("parties",))
    when = time_or_none(dialog.get("start"), config.zone_info)
    yield Spoken(plain_text(words), _name(parties, author), _role(parties, author), when)


def _transcript(
    one: Mapping[str, Any], parties: Sequence[Mapping[str, Any]], places: Mapping[str, int], frame: Frame
) -> list[Spoken]:
    body = body_of(one)
    by_party = [each for each in objects(body) if isinstance(each.get("party"), int) and "speaker" not in each]
    found = []
    for place, piece in enumerate(spoken_in(body, frame)):
        party = by_party[place]["party"] if len(by_party) > place else places.get(piece.speaker or "")
        label = _name(parties, party) or piece.speaker
        found.append(Spoken(piece.text, label, _role(parties, party), piece.at, piece.ref))
    return found


def _name(parties: Sequence[Mapping[str, Any]], place: object) -> str | None:
    party = at(parties, place) if isinstance(place, int) and place >= 0 else None
    return speaker_name(first(party, ("name",), ("mailto",), ("tel",)))


def _role(parties: Sequence[Mapping[str, Any]], place: object) -> Role | None:
    party = at(parties, place) if isinstance(place, int) and place >= 0 else None
    return role_of_name(text(first(party, ("role",), ("meta", "role"))) or "")


def _customer(parties: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The one party who is the customer; known by the id of the vCon's domain, else by address or number."""
    found = [one for place, one in enumerate(parties) if _role(parties, place) is Role.CUSTOMER]
    if len(found) != 1:
        return None
    email = (text(found[0].get("mailto")) or "").removeprefix("mailto:")
    tel = (text(found[0].get("tel")) or "").removeprefix("tel:")
    ref = ident(first(found[0], ("meta", "customer_id"), ("uuid",))) or (tel if not email else None)
    told = {"ref": ref, "email": email, "name": found[0].get("name")}
    return {name: plain for name, value in told.items() if (plain := speaker_name(value)) is not None} or None


def _facts(vcon: Mapping[str, Any], dialogs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    attachments = objects(vcon.get("attachments"))
    bodies = [tags_of(body_of(one)) for one in attachments]
    told = {"subject": vcon.get("subject"), "duration_s": at(list(dialogs), 0, "duration")}
    return flat_facts(*bodies, at(list(dialogs), 0, "meta"), told)


def _json(**body: object) -> RawDelivery:
    return RawDelivery(json.dumps(body).encode())


_PARTIES = [
    {"tel": "tel:+15005550001", "name": "Ada Obi", "role": "agent"},
    {"mailto": "mailto:jan@example.org", "name": "Jan Bos", "role": "customer"},
]
_TURNS = [{"speaker": "Ada Obi", "message": "Hello."}, {"speaker": "Jan Bos", "message": "It leaks."}]

EXAMPLES = (
    Example(
        "a recording with its transcript; the time without a zone is Berlin's",
        _json(
            vcon="0.0.2",
            uuid="0a1b2c3d-0000-8000-8000-00000000002a",
            created_at="2026-02-11T15:10:00",
            updated_at="2026-02-11T15:20:00Z",
            parties=_PARTIES,
            dialog=[{"type": "recording", "start": "2026-02-11T15:00:00", "parties": [1, 0], "duration": 9.5}],
            analysis=[
                {"type": "summary", "dialog": 0, "body": "A leak.", "encoding": "none"},
                {"type": "transcript", "dialog": 0, "vendor": "tern", "encoding": "json", "body": json.dumps(_TURNS)},
            ],
            attachments=[
                {"type": "crm", "encoding": "none", "body": {"product": "boiler", "visits": 2, "notes": ["x"]}},
                {"type": "tags", "encoding": "json", "body": '["queue:repairs"]'},
            ],
        ),
        [
            {
                "external_id": "0a1b2c3d-0000-8000-8000-00000000002a",
                "updated_at": "2026-02-11T15:20:00Z",
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "customer": {"email": "jan@example.org", "name": "Jan Bos"},
                "turns": [
                    {"role": "agent", "speaker": "Ada Obi", "text": "Hello."},
                    {"role": "customer", "speaker": "Jan Bos", "text": "It leaks."},
                ],
                "attributes": {"product": "boiler", "visits": 2, "queue": "repairs", "duration_s": 9.5},
            }
        ],
        config={"zone": "Europe/Berlin"},
    ),
    Example(
        "text dialogs are a chat",
        _json(
            uuid="u-2",
            created_at="2026-02-11T14:00:00Z",
            parties=_PARTIES,
            dialog=[
                {
                    "type": "text",
                    "start": "2026-02-11T14:00:00Z",
                    "parties": [1, 0],
                    "body": "It <b>leaks</b>.",
                    "encoding": "none",
                },
                {
                    "type": "text",
                    "start": "2026-02-11T14:01:00Z",
                    "parties": [1, 0],
                    "originator": 0,
                    "body": "SSBzZWUu",
                    "encoding": "base64url",
                },
            ],
        ),
        [
            {
                "external_id": "u-2",
                "medium": "chat",
                "occurred_at": "2026-02-11T14:00:00Z",
                "customer": {"email": "jan@example.org", "name": "Jan Bos"},
                "turns": [
                    {"role": "customer", "speaker": "Jan Bos", "at": "2026-02-11T14:00:00Z", "text": "It leaks."},
                    {"role": "agent", "speaker": "Ada Obi", "at": "2026-02-11T14:01:00Z", "text": "I see."},
                ],
            }
        ],
    ),
    Example(
        "signed, with Deepgram's words as its transcript",
        _json(
            payload="eyJ1dWlkIjogInUtMyIsICJjcmVhdGVkX2F0IjogIjIwMjYtMDItMTFUMTQ6MDA6MDBaIiwgImRpYWxvZyI6IFt7InR5cGUiOi"
            "AicmVjb3JkaW5nIn1dLCAiYW5hbHlzaXMiOiBbeyJ0eXBlIjogInRyYW5zY3JpcHQiLCAiZGlhbG9nIjogMCwgImJvZHkiOiB7InRyYW5z"
            "Y3JpcHQiOiAiSGkuIEhlbGxvLiIsICJ3b3JkcyI6IFt7IndvcmQiOiAiaGkiLCAicHVuY3R1YXRlZF93b3JkIjogIkhpLiIsICJzcGVha2"
            "VyIjogMH0sIHsid29yZCI6ICJoZWxsbyIsICJwdW5jdHVhdGVkX3dvcmQiOiAiSGVsbG8uIiwgInNwZWFrZXIiOiAxfV19fV19",
            signatures=[],
        ),
        [
            {
                "external_id": "u-3",
                "medium": "phone",
                "occurred_at": "2026-02-11T14:00:00Z",
                "turns": [
                    {"role": "agent", "speaker": "0", "text": "Hi."},
                    {"role": "customer", "speaker": "1", "text": "Hello."},
                ],
            }
        ],
        config={"agent_first": True},
    ),
    Example("encrypted", _json(ciphertext="abc", protected="e30", recipients=[]), "encrypted_vcon"),
    Example("no words", _json(uuid="u-4", dialog=[{"type": "recording"}]), Ignored("no transcript and no text in it")),
)

"""Signed and hostile samples: does the verifier answer as it must, and does anything break?"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.ingest.recognise import find_connector
from app.ingest.sources import CONNECTORS
from app.payloads.delivery import RawDelivery
from app.payloads.native import read_item
from app.payloads.presets import PRESETS
from app.payloads.schemes import Auth
from app.payloads.verifying import verify
from app.plugins import load_plugin, plugin_names

_ITEM = {"external_id": "1", "medium": "survey", "occurred_at": "2026-03-01T14:05:00Z"}


def judge_vectors(path: Path, public_url: str | None) -> dict[str, Any]:
    """Have the verifier answer signed deliveries whose answer is known.

    Args:
        path: A JSON list of deliveries: vendor, name, method, url, headers, body_b64, secrets, now, expect.
        public_url: Where senders know the service; None takes where most of the deliveries were sent to.

    Returns:
        How many there are and agree, those that disagree, and vendors that nobody knows.

    Raises:
        AppError: ``bad_vectors``.
    """
    vectors = _read_list(path)
    base = (public_url or _usual_address(vectors)).rstrip("/")
    disagree, unknown = [], set()
    for one in vectors:
        auth = _auth_of(str(one.get("vendor", "")))
        if auth is None:
            unknown.add(str(one.get("vendor")))
        elif _answer(auth, one, base) != (one.get("expect") == "accept"):
            disagree.append(f"{one.get('vendor')}: {one.get('name')}")
    known = sum(str(one.get("vendor")) not in unknown for one in vectors)
    return {
        "vectors": len(vectors),
        "agree": known - len(disagree),
        "disagree": disagree,
        "unknown_vendors": sorted(unknown),
    }


def judge_hostile(folder: Path) -> dict[str, Any]:
    """Send hostile bodies through the decoder and every connector, and difficult texts through an item and back.

    Returns:
        Per file: how many there are, what became of them, and by name those that went against what was expected, or
        broke something.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".jsonl":
            found[path.name] = _judge_bodies(path)
        elif path.suffix == ".json":
            found[path.name] = _judge_texts(path)
    return found


def _judge_bodies(path: Path) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    against, refused, crashed = [], [], []
    for line in path.read_bytes().splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        body = b64decode(row["body_b64"])
        outcome = _decoded(body)
        counts[outcome] += 1
        if row.get("expect") == "reject" and outcome == "accepted":
            against.append(row.get("name"))
        if row.get("expect") == "accept" and outcome != "accepted":
            refused.append(row.get("name"))
        crashed += [f"{row.get('name')}: {told}" for told in (*_crashes(body), *(["decoder"] * (outcome == "crashed")))]
    return {
        "bodies": sum(counts.values()),
        **counts,
        "accepted_against_expectation": against,
        "refused_though_valid": refused,
        "crashed": crashed,
    }


def _decoded(body: bytes) -> str:
    try:
        decode_json(body)
    except AppError:
        return "refused"
    except Exception:  # noqa: BLE001 - this is what is looked for
        return "crashed"
    return "accepted"


def _crashes(body: bytes) -> Iterator[str]:
    for name in plugin_names(CONNECTORS):
        module = load_plugin(CONNECTORS, name)
        delivery = RawDelivery(body, name="hostile.json")
        try:
            module.reference(delivery)
            module.parse(delivery, module.Config())
        except AppError:
            continue
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            yield f"{name} ({type(error).__name__})"


def _judge_texts(path: Path) -> dict[str, Any]:
    changed = []
    texts = [one for one in _read_list(path) if isinstance(one, str)]
    for at, text in enumerate(texts):
        try:
            sent = json.dumps(_ITEM | {"text": text}).encode()
            item = read_item(decode_json(sent))
            same = json.loads(item.model_dump_json())["text"] == text
        except AppError:
            same = False
        if not same:
            changed.append(at)
    return {"texts": len(texts), "unchanged": len(texts) - len(changed), "changed": changed}


def _auth_of(vendor: str) -> Auth | None:
    module = find_connector(vendor)
    if module is not None:
        auth: Auth = module.SPEC.auth
        return auth
    return PRESETS.get(vendor.lower().replace("-", "_").replace(" ", "_"))


def _answer(auth: Auth, one: Mapping[str, Any], base: str) -> bool:
    address = urlsplit(str(one.get("url", "")))
    url = f"{base}{address.path}" + (f"?{address.query}" if address.query else "")
    headers = {str(name).lower(): str(value) for name, value in one.get("headers", {}).items()}
    try:
        body, now = b64decode(one["body_b64"]), datetime.fromisoformat(one["now"])
    except (KeyError, ValueError, TypeError):
        raise _bad_vectors(f"{one.get('name')} has no body_b64 or no now") from None
    kind = headers.get("content-type", "")
    delivery = RawDelivery(body, headers, kind, method=str(one.get("method", "POST")), url=url)
    return verify(auth, delivery, list(one.get("secrets", [])), now)


def _usual_address(vectors: Sequence[Any]) -> str:
    parts = [urlsplit(str(one.get("url", ""))) for one in vectors]
    counted = Counter(f"{part.scheme}://{part.netloc}" for part in parts)
    return counted.most_common(1)[0][0] if counted else ""


def _read_list(path: Path) -> list[Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise _bad_vectors(f"{path.name} cannot be read as JSON") from None
    if not isinstance(found, list):
        raise _bad_vectors(f"{path.name} is no list")
    return found


def _bad_vectors(why: str) -> AppError:
    return AppError(Kind.INVALID, "bad_vectors", f"The samples cannot be used: {why}. See docs/connectors.md.")

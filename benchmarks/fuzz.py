"""Feeds the readers of strangers' bytes with what coverage-guided fuzzing makes up; ends at the first crash.

    pip install 'closeloop[fuzz]'
    python benchmarks/fuzz.py json --seconds 60        # or vtt, srt, soap, form, signature
    python benchmarks/fuzz.py all --seconds 60         # one after the other, each in a process of its own

A typed refusal (`AppError`) is an answer; anything else that is raised is a crash, and its input is left in `crash-*`.
A unit that takes longer than five seconds counts as one as well.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["app"]):
    from app.connectors import jotform, salesforce, srt, standard_webhooks, webvtt
    from app.domain.strict_json import decode_json
    from app.errors import AppError
    from app.payloads.delivery import RawDelivery
    from app.payloads.signed_parts import form_pairs
    from app.payloads.verifying import verify

_NOW = datetime(2026, 9, 16, 9, 0, tzinfo=UTC)
_FORM = "application/x-www-form-urlencoded"
_XML = b"<e xmlns='http://soap.sforce.com/2005/09/outbound'>"


def _json(data: bytes) -> None:
    decode_json(data)


def _vtt(data: bytes) -> None:
    for body in (data, b"WEBVTT\n\n" + data):
        webvtt.parse(RawDelivery(body, content_type="text/vtt", name="call.vtt"), webvtt.Config())


def _srt(data: bytes) -> None:
    for body in (data, b"1\n00:00:01,000 --> 00:00:02,000\n" + data):
        srt.parse(RawDelivery(body, content_type="application/x-subrip", name="call.srt"), srt.Config())


def _soap(data: bytes) -> None:
    for body in (data, _XML + data + b"</e>"):
        delivery = RawDelivery(body, content_type="text/xml")
        salesforce.reference(delivery)
        try:
            salesforce.parse(delivery, salesforce.Config())
        except AppError:
            continue


def _form(data: bytes) -> None:
    form_pairs(RawDelivery(data, content_type=_FORM))
    for kind in (_FORM, "multipart/form-data; boundary=b"):
        try:
            jotform.parse(RawDelivery(data, content_type=kind), jotform.Config())
        except AppError:
            continue


def _signature(data: bytes) -> None:
    text = data.decode("latin-1")
    headers = {"webhook-id": "m", "webhook-timestamp": str(int(_NOW.timestamp())), "webhook-signature": text}
    secrets = ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", text]
    if verify(standard_webhooks.SPEC.auth, RawDelivery(data, headers), secrets[:1], _NOW):
        raise AssertionError("a signature that nobody made")
    verify(standard_webhooks.SPEC.auth, RawDelivery(data, headers), secrets, _NOW)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "json": _json,
    "vtt": _vtt,
    "srt": _srt,
    "soap": _soap,
    "form": _form,
    "signature": _signature,
}


def main() -> None:
    """Run one target in this process, or all of them in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--seconds", type=int, default=60)
    wanted = parser.parse_args()
    if wanted.target == "all":
        codes = [
            subprocess.run([sys.executable, __file__, name, "--seconds", str(wanted.seconds)], check=False).returncode
            for name in TARGETS
        ]
        sys.exit(max(codes))
    read = TARGETS[wanted.target]

    def once(data: bytes) -> None:
        try:
            read(data)
        except AppError:
            return

    options = [
        f"-max_total_time={wanted.seconds}",
        "-timeout=5",
        "-max_len=65536",
        "-seed=20261126",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

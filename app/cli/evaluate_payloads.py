"""`closeloop evaluate payloads`: what do the connectors find in a folder of samples?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from app.classify.language import language_of
from app.cli.console import AsJson, print_json, say
from app.clock import SystemClock
from app.errors import AppError, Kind
from app.ingest.evaluate import Circumstances, Evaluation, evaluate_folder
from app.ingest.samples import judge_hostile, judge_vectors
from app.settings import read_settings

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder with MANIFEST.json.", exists=True, file_okay=False)
]
Out = Annotated[Path | None, typer.Option("--out", help="Where a line per file goes: facts found, missed, wrong.")]
Config = Annotated[Path | None, typer.Option("--config", help="YAML: configuration of sources by file or vendor.")]
Vectors = Annotated[Path | None, typer.Option("--vectors", help="Signed deliveries; else DIR/signatures/vectors.json.")]


def payloads(
    folder: Folder, out: Out = None, config: Config = None, vectors: Vectors = None, *, as_json: AsJson = False
) -> None:
    """Facts found, missed and wrong in each payload of a folder; signed and hostile samples beside them."""
    around = Circumstances(SystemClock().now(), _read_configs(config), language_of)
    evaluation, lines = Evaluation(), []
    for line in evaluate_folder(folder, around):
        evaluation.count(line)
        lines.append(line)
        if not as_json:
            _show(line)
    if out is not None:
        out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    summary: dict[str, Any] = evaluation.summary()
    signed = vectors or folder / "signatures" / "vectors.json"
    if vectors is not None or signed.is_file():
        summary["signatures"] = judge_vectors(signed, read_settings().public_url)
    if (folder / "hostile").is_dir():
        summary["hostile"] = judge_hostile(folder / "hostile")
    if as_json:
        print_json(summary)
    else:
        say("\n".join(f"{name}: {_told(value)}" for name, value in summary.items()))


def _show(line: Mapping[str, Any]) -> None:
    counted = ", ".join(f"{len(line[name])} {name}" for name in ("found", "missed", "wrong"))
    typer.echo(f"{line['file']} ({line['connector'] or 'no connector'}, {line['outcome']}): {counted}")
    for kind in ("missed", "wrong"):
        for one in line[kind]:
            typer.echo(f"  {kind}: {json.dumps(one, ensure_ascii=False)}")
    if line["error"]:
        typer.echo(f"  error: {line['error']}")


def _told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _read_configs(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, dict | None) for one in found.values()):
        message = f"{path} is no YAML mapping of files or vendors to configurations. See docs/connectors.md."
        raise AppError(Kind.INVALID, "bad_source_config", message)
    return found

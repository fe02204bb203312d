"""What programs and pages share of imports: who may see one, and its rejected rows as a file."""

import csv
import io

from fastapi import Response
from sqlalchemy.orm import Session

from app.domain.actor import Actor, Scope
from app.domain.cells import harmless_cell
from app.domain.masking import mask_cell
from app.errors import AppError, Kind
from app.store.import_tables import Import
from app.store.imports import find_import, iterate_rejects


def import_for(session: Session, import_id: int, actor: Actor) -> tuple[Import, str]:
    """An import and its source's key, for somebody who is not bound to another source.

    Raises:
        AppError: There is none for them.
    """
    found = find_import(session, import_id)
    if found is None or actor.source_id not in {None, found[0].source_id}:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no import with this id. List them at /v1/imports.")
    return found


def rejects_answer(session: Session, row: Import, actor: Actor) -> Response:
    """The rows that were not stored as CSV; who may not see customers' particulars sees lines and reasons only."""
    named = actor.may(Scope.INGEST_WRITE) or actor.may(Scope.PII_READ)
    told = io.StringIO(newline="")
    writer = csv.writer(told)
    writer.writerow(["line", "reason", *(harmless_cell(name) for name in row.columns)])
    for one in iterate_rejects(session, row.id):
        cells = (harmless_cell(cell) if named else mask_cell(cell) for cell in one.original)
        writer.writerow([one.line, harmless_cell(one.reason), *cells])
    headers = {"Content-Disposition": f'attachment; filename="import-{row.id}-rejects.csv"'}
    return Response(told.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)

"""Where a theme lies: moved after people changed what it holds, so that new mentions find it there."""

from __future__ import annotations

import numpy as np
from sqlalchemy.orm import Session

from app.store.curation import members_of
from app.store.theme_tables import Theme

_NEWEST = 2_000


def recentre(session: Session, theme: Theme) -> None:
    """Put a cluster's centroid and most central mention amid its newest complaints; an empty one stays where it is."""
    if theme.kind == "topic":
        return
    session.flush()
    members = members_of(session, theme.id, _NEWEST)
    if not members.ids:
        return
    mean = members.vectors.mean(axis=0)
    centre = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    theme.centroid = centre.tobytes()
    theme.central_mention_id = members.ids[int(np.argmax(members.vectors @ centre))]
    session.flush()

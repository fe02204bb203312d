"""Where a theme lies: found anew after people changed what it holds."""

from __future__ import annotations

import numpy as np
from sqlalchemy.orm import Session

from app.store.curation import members_of
from app.store.theme_tables import Theme
from app.theme.anchors import Spot

_NEWEST = 2_000


def recentre(session: Session, theme: Theme) -> Spot | None:
    """Put a cluster's centroid and most central mention amid its newest complaints; an empty one stays where it is.

    Returns:
        Where that is; None for topics' own themes and empty ones.
    """
    if theme.kind == "topic":
        return None
    session.flush()
    members = members_of(session, theme.id, _NEWEST)
    if not members.ids:
        return None
    mean = members.vectors.mean(axis=0)
    centre = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
    theme.centroid = centre.tobytes()
    theme.central_mention_id = members.ids[int(np.argmax(members.vectors @ centre))]
    session.flush()
    return Spot(members.model, theme.centroid)

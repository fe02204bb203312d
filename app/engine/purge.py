"""Clears away finished jobs: their rows in our tables are what lasts."""

from datetime import datetime, timedelta

from dbos import DBOSClient

_SLICE = 2_000
_KEPT = (
    (["SUCCESS"], timedelta(hours=1)),
    (["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"], timedelta(days=7)),
)
"""How long finished jobs are kept: those that ended badly for a week, to be looked into."""


def purge_jobs(client: DBOSClient, now: datetime) -> int:
    """Delete finished jobs that nobody will look at again, in slices, so that no write takes long.

    Returns:
        How many were deleted.
    """
    gone = 0
    for states, kept in _KEPT:
        before = (now - kept).isoformat()
        while True:
            jobs = client.list_workflows(
                status=states, completed_before=before, limit=_SLICE, load_input=False, load_output=False
            )
            client.delete_workflows([job.workflow_id for job in jobs])
            gone += len(jobs)
            if len(jobs) < _SLICE:
                break
    return gone

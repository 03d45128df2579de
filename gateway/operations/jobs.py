"""What a person asks of the jobs of a running daemon, and how a job is told.

Not here what is done (daemon.py), the jobs themselves (timers.py, due.py).
"""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.operations.types import Told
from gateway.rules.quantities import in_words
from gateway.timers import Job


@dataclass(frozen=True, slots=True)
class AskJobs:
    """All jobs."""


@dataclass(frozen=True, slots=True)
class RunJob:
    """One job, now."""

    name: str


@dataclass(frozen=True, slots=True)
class PauseJob:
    """A job that is not to run, or to run again."""

    name: str
    resume: bool = False
    actor: str = "operator"


def said_of(job: Job, stands: Collection[str], *, leads: bool, rests: bool) -> str:
    """How often it runs, how it went last, what keeps it from running."""
    last = "did not run yet"
    if job.ran_at is not None:
        last = f"last {job.ran_at:%Y-%m-%d %H:%M:%S} UTC, {1000 * job.took_s:.0f} ms"
    state = ""
    if job.name in stands:
        state = "; PAUSED"
    elif job.shared and (rests or not leads):
        state = "; waits, the clock jumped" if rests else "; another process leads"
    trouble = f"; {job.trouble}" if job.trouble else ""
    often = f"every {in_words(job.interval)}" if job.nightly is None else f"every day at {job.at:%H:%M}"
    return f"{often}; {last}{trouble}{state}  {job.about}"


def no_job(name: str, jobs: Collection[Job]) -> Told:
    """The answer to a name that no job has."""
    return Told(name[:60], "not-found", f"there is no such job; jobs are: {', '.join(job.name for job in jobs)}")

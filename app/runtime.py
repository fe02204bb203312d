"""What a process is made of, built once: settings, database, clock and the tools that stations work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from app.access.secret import read_secret
from app.channels.contract import Endpoint, Sender, open_endpoint, open_senders
from app.classify.loading import Readers, readers_for
from app.classify.risks import RiskJudge
from app.clock import Clock, SystemClock
from app.connectors.contract import Pull
from app.ingest.download import Downloaded, download
from app.outbound.guard import Guard, guard_of
from app.settings import Settings
from app.store.session import Database
from app.theme.extract import Discover
from app.theme.loader import encode_with, load_describe, load_discover
from app.theme.trace import Describe, Encode


class Tools:
    """Things that stations use outside transactions; each is loaded when it is first asked for.

    Args:
        settings: Where they are and how they are set.
    """

    def __init__(self, settings: Settings) -> None:
        """Loads nothing: the web process must stay small."""
        self.settings = settings

    @cached_property
    def senders(self) -> Mapping[str, Sender]:
        """A sender for each channel that is set up, by name."""
        return open_senders(self.settings)

    @cached_property
    def readers(self) -> Readers:
        """Gives a reader for topics and corrections; loads the model when the first one is asked for."""
        return readers_for(self.settings)

    @cached_property
    def risks(self) -> RiskJudge:
        """Judges the risks in what was read; loads its weights when it is first asked."""
        return RiskJudge(self.readers)

    @cached_property
    def secret_key(self) -> str:
        """The installation's secret, by which tokens of sources are sealed."""
        return read_secret(self.settings)

    def open_endpoint(self, kind: str, endpoint: Endpoint) -> Sender:
        """A sender to a subscription's own address."""
        return open_endpoint(self.settings, kind, endpoint)

    @cached_property
    def guard(self) -> Guard:
        """What addresses that somebody typed in may lead to."""
        return guard_of(self.settings)

    def download(self, pull: Pull) -> Downloaded:
        """Ask a sender's API for one thing."""
        return download(pull, self.guard)

    @cached_property
    def discover(self) -> Discover:
        """Finds groups of texts that tell of the same problem; loads the model libraries."""
        return load_discover()

    @cached_property
    def describe(self) -> Describe:
        """Names texts."""
        return load_describe()

    @cached_property
    def encode(self) -> Encode:
        """Reads texts as mentions are read; loads the model when it is called."""
        return encode_with(self.readers.encoder)


@dataclass(frozen=True)
class Runtime:
    """One process's parts.

    Attributes:
        settings: As read from the environment.
        database: Engine and transactions; wakes stations once a worker or client is attached.
        clock: The only source of `now`.
        tools: Readers and channels for stations.
    """

    settings: Settings
    database: Database
    clock: Clock
    tools: Tools


def build_runtime(settings: Settings, clock: Clock | None = None) -> Runtime:
    """The parts for these settings; connects to nothing and loads no model."""
    return Runtime(
        settings=settings,
        database=Database(settings.url, synchronous=settings.sqlite_synchronous),
        clock=clock or SystemClock(),
        tools=Tools(settings),
    )

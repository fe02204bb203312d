"""What comes in: media, speaker roles, states and scores."""

from enum import StrEnum


class Medium(StrEnum):
    """How a customer spoke to us."""

    PHONE = "phone"
    CHAT = "chat"
    REVIEW = "review"
    TICKET = "ticket"
    SURVEY = "survey"
    EMAIL = "email"
    SOCIAL = "social"


class Role(StrEnum):
    """Who speaks in a turn; only the customer's words are ever classified."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class Friction(StrEnum):
    """The five ways in which a process wears customers down."""

    INFORMATION_REPETITION = "information_repetition"
    UNNECESSARY_HANDOFFS = "unnecessary_handoffs"
    CHANNEL_INCONSISTENCY = "channel_inconsistency"
    PROCESS_OPACITY = "process_opacity"
    UNNECESSARY_COMPLEXITY = "unnecessary_complexity"


class DeliveryState(StrEnum):
    """Where a raw payload stands."""

    RECEIVED = "received"
    UNPACKED = "unpacked"
    FETCH_REQUIRED = "fetch_required"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class FetchState(StrEnum):
    """Where a thin event's words stand."""

    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"


class FeedbackState(StrEnum):
    """Where a feedback stands; `parked` waits for a person with its reason."""

    PENDING = "pending"
    LABELLED = "labelled"
    PARKED = "parked"


class ImportState(StrEnum):
    """Where an import stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

"""The named scenarios: every trap of a before/after comparison, each with nulls and effects (see `impact_streams`)."""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """Ranges from which each case of a named scenario is drawn."""

    name: str
    base: Range = (6, 14)  # complaints a day
    pre: tuple[int, int] = (126, 182)
    post: tuple[int, int] = (49, 84)
    controls: tuple[int, int] = (4, 8)
    control_base: Range = (4, 20)
    weekday: Range = (0.1, 0.4)
    holiday: Range = (0.0, 0.0)
    slope: Range = (0.0, 0.0)  # per year, target and controls alike in size, own sign each
    control_slope: Range = (0.0, 0.0)  # more slope that only the controls have
    shared_slope: Range = (0.0, 0.0)
    wave: Range = (0.0, 0.0)
    own_wave: Range = (0.0, 0.0)
    shared_sd: Range = (0.0, 0.1)
    own_sd: Range = (0.0, 0.1)
    correlation_days: Range = (5, 30)
    dispersion: Range = (0.05, 0.25)  # variance = mean + dispersion * mean^2, per day
    exposure: str = "flat"  # flat, grow, shrink, step
    shock: str = "none"  # before, at, after; with _pulse it passes
    drift_sd: float = 0.0  # spread of steps that controls have of their own at the change
    contaminated: int = 0
    contamination: float = 0.8  # share of the effect that contaminated controls get
    substitution: float = 0.0
    onset: str = "step"  # step, gradual, delayed
    picked: str = "none"  # noise: opened where the noise peaked; incident: a real spike that fades by itself
    picked_within: int = 42
    incident_before: Range = (21, 42)
    incident_fade: Range = (5, 12)
    event: str = "none"
    event_before: Range = (21, 70)
    relapse: bool = False
    unanswerable: bool = False  # whatever is called an effect is a false verdict
    ratios: tuple[float, ...] = (1.0, 0.8, 0.7, 0.5)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("plain", shared_sd=(0, 0), own_sd=(0, 0), dispersion=(0, 0.05), weekday=(0, 0)),
    Scenario("weekday", weekday=(0.5, 0.9)),
    Scenario("holidays", holiday=(-1.2, -0.4)),
    Scenario("trend", slope=(0.3, 0.8)),
    Scenario("shared_trend", shared_slope=(0.4, 1.0)),
    Scenario("yearly_shared", wave=(0.2, 0.5), pre=(180, 300)),
    Scenario("yearly_own", own_wave=(0.15, 0.35), pre=(180, 300)),
    Scenario("exposure_grows", exposure="grow"),
    Scenario("exposure_shrinks", exposure="shrink"),
    Scenario("exposure_steps", exposure="step"),
    Scenario("overdispersed", dispersion=(0.5, 1.2)),
    Scenario("weakly_correlated", own_sd=(0.1, 0.2), correlation_days=(2, 6)),
    Scenario("autocorrelated", own_sd=(0.15, 0.3), correlation_days=(7, 20)),
    Scenario("near_unit_root", own_sd=(0.2, 0.35), shared_sd=(0.1, 0.3), correlation_days=(60, 150)),
    Scenario("shock_before", shock="before"),
    Scenario("shock_at_change", shock="at"),
    Scenario("shock_after", shock="after"),
    Scenario("pulse_before", shock="before_pulse"),
    Scenario("pulse_at_change", shock="at_pulse"),
    Scenario("pulse_after", shock="after_pulse"),
    Scenario("one_control", controls=(1, 1), shared_sd=(0.1, 0.2)),
    Scenario("two_controls", controls=(2, 2), shock="at"),
    Scenario("no_controls", controls=(0, 0)),
    Scenario("no_controls_correlated", controls=(0, 0), own_sd=(0.15, 0.25), correlation_days=(10, 30)),
    Scenario("no_controls_trend", controls=(0, 0), slope=(0.3, 0.8)),
    Scenario("controls_drift", drift_sd=0.15, controls=(5, 9)),
    Scenario("controls_trend", control_slope=(0.4, 1.0)),
    Scenario("contaminated_control", contaminated=1),
    Scenario("contaminated_two", contaminated=2, contamination=0.6, controls=(6, 9)),
    Scenario("substitution", substitution=0.8),
    Scenario("tiny_counts", base=(0.25, 0.6), control_base=(0.3, 3)),
    Scenario("small_counts", base=(0.8, 2.5), control_base=(0.8, 6)),
    Scenario("huge_counts", base=(120, 250), control_base=(80, 300), dispersion=(0.01, 0.05)),
    Scenario("short_history", pre=(28, 35)),
    Scenario("short_follow_up", post=(7, 10)),
    Scenario("short_both", pre=(28, 42), post=(7, 21)),
    Scenario("gradual", onset="gradual"),
    Scenario("delayed", onset="delayed"),
    Scenario("picked_noise", picked="noise", own_sd=(0.1, 0.25), controls=(2, 6)),
    Scenario("picked_noise_small", picked="noise", base=(1, 3), dispersion=(0.2, 0.6), picked_within=21),
    Scenario("picked_incident", picked="incident"),
    Scenario("picked_incident_late", picked="incident", incident_before=(10, 20), incident_fade=(7, 20)),
    Scenario("change_before", event="process_change"),
    Scenario("change_just_before", event="process_change", event_before=(7, 20)),
    Scenario("classifier_before", event="classifier_version"),
    Scenario("classifier_same_day", event="classifier_version", event_before=(0, 0), unanswerable=True),
    Scenario("intake_same_day", event="intake_change", event_before=(0, 0), unanswerable=True),
    Scenario("relapses", relapse=True),
    Scenario("rise", ratios=(1.0, 1.25, 1.5)),
    Scenario(
        "everything",
        weekday=(0.3, 0.6),
        holiday=(-1.0, -0.3),
        slope=(0.1, 0.4),
        shared_slope=(0.1, 0.5),
        wave=(0.1, 0.3),
        exposure="grow",
        shock="before",
        drift_sd=0.05,
        picked="incident",
    ),
    Scenario(
        "demo_like", base=(0.6, 1.2), control_base=(0.5, 2.5), pre=(182, 182), post=(84, 98), ratios=(1.0, 0.6, 0.4)
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

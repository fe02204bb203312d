"""A chart as a file of its own: the colours that the style sheet gives it on a page stand inside it."""

from markupsafe import Markup

_LIGHT = {
    "bg": "#fff", "fg": "#16181d", "fg-2": "#565c69", "line": "#e4e5e9", "line-2": "#868b98", "accent": "#4450c8",
    "before": "#2b3040", "expected": "#6b7180", "band": "#c9ccd6", "good": "#0b6f5c", "warn": "#875800",
}  # fmt: skip

_RULES = """
text{font:12px Inter,system-ui,sans-serif;fill:%(fg-2)s}
text.strong{fill:%(fg)s;font-weight:600}
.grid{stroke:%(line)s}.axis{stroke:%(line-2)s}
.before{fill:none;stroke:%(before)s;stroke-width:2}
.after{fill:none;stroke:%(accent)s;stroke-width:2.5}
.dot-before{fill:%(bg)s;stroke:%(before)s;stroke-width:1.5}
.dot-after{fill:%(bg)s;stroke:%(accent)s;stroke-width:1.5}
.expected{fill:none;stroke:%(expected)s;stroke-width:1.5;stroke-dasharray:5 4}
.band{fill:%(band)s;opacity:.45}
.gap{fill:%(accent)s;opacity:.1}
.rollout{fill:url(#hatch-wide-only)}
.hatch-line{stroke:%(line-2)s}
.flag{stroke:%(accent)s;stroke-width:1.5}
.mark{fill:%(warn)s}
"""


def standalone(chart: Markup) -> str:
    """The chart as an SVG file, on paper: light, whatever the reader's screen prefers."""
    style = f"<style>{_RULES % _LIGHT}</style>"
    head, _, rest = str(chart).partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg">{style}{rest}'

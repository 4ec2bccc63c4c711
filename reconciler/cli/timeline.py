"""A picture of runs and attempts over time, as SVG.

Pure: values in, text out. Decides what is drawn where. All that comes from outside (names, reasons)
is escaped; the picture has no script and refers to nothing. Times are shown in UTC.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape as escape_xml

from msgspec import Struct

from reconciler.cli.past import PastAttempt, PastRun
from reconciler.cli.past_output import result_of
from reconciler.cli.standing import finished_at, started_at
from reconciler.cli.text import length
from reconciler.model.plain import cut, one_line

_WIDTH: Final = 1200
_MARGIN: Final = 16
_TOP: Final = 64  # title and axis
_HEAD: Final = 26  # a run's heading
_BOTTOM: Final = 44  # the legend
_ROW: Final = 20
_THIN: Final = 6  # where there are many
_MANY: Final = 200
_LETTER: Final = 7  # the width of a letter, about
_LONGEST: Final = 28  # letters of a label
_LEAST: Final = 2.0  # the width of what is too short to be seen
_TICKS: Final = 10
_STEPS: Final = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600,
    43200, 86400, 172800, 604800, 2592000, 31536000,
)  # fmt: skip
_COLOURS: Final = {
    "waiting": "#cfd8dc",
    "succeeded": "#2e7d32",
    "failed": "#c62828",
    "lost": "#6a1b9a",
    "cancelled": "#ef6c00",
    "burnt": "#9e9e9e",
    "running": "#1565c0",
}
_MEANING: Final = {
    "waiting": "made, not started",
    "lost": "gone without an exit code",
    "burnt": "never started",
}
_DAY: Final = 86400


class _Scale(Struct, frozen=True):
    """Where times (epoch seconds) are on the picture: from `left`, `width` wide."""

    begin: float
    end: float
    left: float
    width: float

    def x(self, at: float) -> float:
        span = max(self.end - self.begin, 1e-3)
        return self.left + self.width * (min(max(at, self.begin), self.end) - self.begin) / span


def draw(title: str, runs: Sequence[PastRun], now: float) -> str:
    """Return the picture of some runs; what has not ended goes on until `now`, epoch seconds."""
    rows = [row for one in runs for row in _rows(one)]
    height_of_row = _THIN if sum(len(r.bars) > 0 for r in rows) > _MANY else _ROW
    scale = _scale(rows, now)
    body: list[str] = []
    y = float(_TOP)
    for row in rows:
        tall = _HEAD if not row.bars else height_of_row
        body += _heading(row, y) if not row.bars else _lane(row, y, tall, scale, now)
        y += tall
    shown = {state for row in rows for bar in row.bars for state in _states(bar)}
    height = y + _BOTTOM
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:g}"'
        f' viewBox="0 0 {_WIDTH} {height:g}" role="img" font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [
            opening,
            f"<title>{_text(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height:g}" fill="#ffffff"/>',
            _label(_MARGIN, 24, title, "#212121", size=15, bold=True),
            *_axis(scale, y),
            *body,
            *_legend(shown, y + 28),
            "</svg>",
            "",
        ]
    )


class _Row(Struct, frozen=True):
    """A run's heading, or with bars an instance's lane."""

    label: str
    bars: tuple[PastAttempt, ...] = ()


def _rows(one: PastRun) -> Iterator[_Row]:
    why = f": {one.run.reason}" if one.run.reason else ""
    yield _Row(f"{one.task}, run {one.run.number}{why}")
    lanes: dict[int, list[PastAttempt]] = {}
    for past in one.attempts:
        lanes.setdefault(past.key.key.instance, []).append(past)
    for instance, attempts in sorted(lanes.items()):
        yield _Row(f"{one.task}/{instance}", tuple(attempts))


def _scale(rows: Sequence[_Row], now: float) -> _Scale:
    bars = [bar for row in rows for bar in row.bars]
    begin = min((b for bar in bars if (b := _begin(bar))), default=now)
    end = max((_end(bar, now) for bar in bars), default=now)
    label = max((min(len(row.label), _LONGEST) for row in rows if row.bars), default=0)
    left = 2 * _MARGIN + label * _LETTER
    return _Scale(begin, max(end, begin + 1e-3), left, _WIDTH - left - _MARGIN)


def _begin(bar: PastAttempt) -> float:
    return bar.record.reserved_at or started_at(bar.record)


def _end(bar: PastAttempt, now: float) -> float:
    return finished_at(bar.record) if bar.record.ended else now


def _states(bar: PastAttempt) -> list[str]:
    began = started_at(bar.record)
    waited = ["waiting"] if not began or began > _begin(bar) else []
    result = result_of(bar.record)
    return [*waited, result] if result in _COLOURS else waited


def _heading(row: _Row, y: float) -> list[str]:
    return [_label(_MARGIN, y + 18, cut(one_line(row.label), 140), "#424242", bold=True)]


def _lane(row: _Row, y: float, tall: float, scale: _Scale, now: float) -> Iterator[str]:
    if tall == _ROW:
        label = cut(one_line(row.label), _LONGEST)
        yield _label(scale.left - _MARGIN / 2, y + 14, label, "#616161", anchor="end")
    for bar in row.bars:
        yield from _bar(bar, y, tall, scale, now)


def _bar(bar: PastAttempt, y: float, tall: float, scale: _Scale, now: float) -> Iterator[str]:
    """Draw an attempt: the time until its start, then that of its program."""
    begin, began, end = _begin(bar), started_at(bar.record), _end(bar, now)
    state = result_of(bar.record)
    yield f"<g><title>{_text(_told(bar, now))}</title>"
    if not began or began > begin:
        yield _box(scale, (begin, began or end), y, tall, "waiting")
    if began and state in _COLOURS:
        yield _box(scale, (began, end), y, tall, state)
    said = _said(bar)
    if tall == _ROW and scale.x(end) - scale.x(began or begin) > _LETTER * len(said) + 6:
        yield _label(scale.x(began or begin) + 4, y + 14, said, "#ffffff", size=11)
    yield "</g>"


def _box(scale: _Scale, span: tuple[float, float], y: float, tall: float, state: str) -> str:
    left = scale.x(span[0])
    wide = max(scale.x(span[1]) - left, _LEAST)
    gap = 2 if tall == _ROW else 0.5
    return (
        f'<rect class="{state}" x="{left:.1f}" y="{y + gap:g}" width="{wide:.1f}"'
        f' height="{tall - 2 * gap:g}" fill="{_COLOURS[state]}"/>'
    )


def _said(bar: PastAttempt) -> str:
    code = bar.record.exit_code
    return f"{bar.record.number}: exit {code}" if code is not None else str(bar.record.number)


def _told(bar: PastAttempt, now: float) -> str:
    """Return what is shown when one points at a bar."""
    record = bar.record
    began, end = started_at(record), _end(bar, now)
    parts = [f"{bar.key.key}, run {bar.key.run}, attempt {record.number}: {result_of(record)}"]
    if record.reason or record.stop_reason:
        parts.append(record.reason or record.stop_reason)
    if began:
        until = _clock(end, 1) if record.ended else "now"
        parts.append(f"{_clock(began, 1)} to {until}, {length(end - began)}")
    if record.node:
        parts.append(f"node {record.node}")
    return "; ".join(parts)


def _axis(scale: _Scale, bottom: float) -> Iterator[str]:
    span = scale.end - scale.begin
    step = next((s for s in _STEPS if span / s <= _TICKS), _STEPS[-1])
    begin, end = _date(scale.begin), _date(scale.end)
    days = begin if begin == end else f"{begin} to {end}"
    yield _label(_WIDTH - _MARGIN, 24, f"{days}, UTC", "#616161", anchor="end")
    tick = -(-scale.begin // step) * step
    while tick <= scale.end:
        x = scale.x(tick)
        yield f'<path d="M{x:.1f} {_TOP - 8}V{bottom:g}" stroke="#e0e0e0"/>'
        yield _label(x, _TOP - 12, _clock(tick, step), "#616161", anchor="middle", size=11)
        tick += step


def _legend(shown: set[str], y: float) -> Iterator[str]:
    x = float(_MARGIN)
    for state, colour in _COLOURS.items():
        if state not in shown:
            continue
        words = f"{state}: {_MEANING[state]}" if state in _MEANING else state
        yield f'<rect x="{x:g}" y="{y - 10:g}" width="12" height="12" fill="{colour}"/>'
        yield _label(x + 18, y, words, "#424242")
        x += 18 + _LETTER * len(words) + 18


def _label(
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    anchor: str = "start",
    size: int = 12,
    bold: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:g}" fill="{colour}" text-anchor="{anchor}"'
        f' font-size="{size}"{weight}>{_text(text)}</text>'
    )


def _text(foreign: str) -> str:
    """Return foreign text as XML can hold it, markup and controls made harmless."""
    harmless = one_line(foreign).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return escape_xml(harmless, {'"': "&quot;", "'": "&apos;"})


def _clock(at: float, step: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    if step >= _DAY:
        return moment.strftime("%m-%d")
    if step < 1:
        return moment.strftime("%H:%M:%S.%f")[:-5]
    return moment.strftime("%H:%M:%S" if step < 60 else "%H:%M")  # noqa: PLR2004  # a minute


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")

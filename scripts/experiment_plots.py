"""Plots of the experiment, as SVG that reads on a light and on a dark page."""
import math
from xml.sax.saxutils import escape

STYLE = (
    "text{fill:#30363d}.soft{fill:#656d76;font-size:12px}.grid{stroke:#8b949e;stroke-opacity:.3}.zero{stroke:#656d76}"
    ".mean{stroke:#30363d;stroke-width:2.5;fill:none}.dot{fill:#3b82c4;fill-opacity:.75}.primary{font-weight:bold}"
    "@media(prefers-color-scheme:dark){text{fill:#d0d7de}.soft{fill:#9aa4ae}.zero{stroke:#9aa4ae}.mean{stroke:#d0d7de}}"
)
# Distinct on white and on near-black; the dashes tell arms apart where colours repeat.
COLOURS = ("#3b82c4", "#d9822b", "#3a9d6e", "#c4524f", "#8f6bc2", "#9a7b4f", "#c26aa5", "#7d8590")
DASHES = ("", "6 3", "2 3")
PANELS = {
    "embedding_knn": "kNN of the embedding, k = 200 (%)",
    "positives_right": "selected positives of the anchor's class (%)",
    "walk_right": "N(i) of the anchor's class (%)",
}

ROW = 24
LABELS = 280
WIDTH = 860
PANEL = 260


def differences(contrasts, metric):
    """A row for each contrast: the seeds' differences as dots, the mean as a bar across its interval."""
    values = [100 * d["difference"] for c in contrasts for d in c["differences"]]
    values += [100 * c[end] for c in contrasts for end in ("low", "high") if end in c]
    ticks = axis(min(0, *values), max(0, *values))
    left, right, top = LABELS, WIDTH - 20, 34
    bottom = top + ROW * len(contrasts)

    def x(value):
        return left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (right - left)

    parts = [text(20, 18, f"difference of {metric}, in points; dots are seeds, bars the mean and its 95 % interval", "soft")]
    for tick in ticks:
        parts.append(line(x(tick), top, x(tick), bottom, "zero" if tick == 0 else "grid"))
        parts.append(text(x(tick), bottom + 18, number(tick), "soft", "middle"))
    for row, c in enumerate(contrasts):
        y = top + ROW * row + ROW / 2
        parts.append(text(left - 12, y + 4, c["about"], "primary" if c["primary"] else "", "end"))
        for d in c["differences"]:
            parts.append(f'<circle class="dot" cx="{x(100 * d["difference"]):.1f}" cy="{y:.1f}" r="3.5"/>')
        if "low" in c:
            parts.append(line(x(100 * c["low"]), y, x(100 * c["high"]), y, "mean"))
        parts.append(line(x(100 * c["mean"]), y - 7, x(100 * c["mean"]), y + 7, "mean"))
    return svg(bottom + 30, parts)


def curves(panels):
    """A panel for each figure of the epochs, with a line for each arm."""
    arms = list(dict.fromkeys(arm for lines in panels.values() for arm in lines))
    looks = {arm: f'stroke="{COLOURS[i % len(COLOURS)]}" stroke-dasharray="{DASHES[i // len(COLOURS) % len(DASHES)]}"'
             for i, arm in enumerate(arms)}
    parts, top = [], 10
    for metric, lines in panels.items():
        parts += panel(top, PANELS[metric], lines, looks)
        top += PANEL
    for i, arm in enumerate(arms):
        y = 40 + 20 * i
        parts.append(f'<path class="curve" {looks[arm]} d="M{WIDTH - 175} {y}h26"/>')
        parts.append(text(WIDTH - 142, y + 4, arm))
    return svg(max(top, 40 + 20 * len(arms)), parts, ".curve{fill:none;stroke-width:2}")


def panel(top, title, lines, looks):
    points = [point for several in lines.values() for point in several]
    epochs = [epoch for epoch, _ in points]
    first, last = min(epochs), max(epochs)
    ticks = axis(min(100 * v for _, v in points), max(100 * v for _, v in points))
    left, right, high, low = 60, WIDTH - 200, top + 26, top + PANEL - 44

    def x(epoch):
        return left + (epoch - first) / max(1, last - first) * (right - left)

    def y(value):
        return low - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (low - high)

    parts = [text(left, top + 14, title)]
    for tick in ticks:
        parts.append(line(left, y(tick), right, y(tick), "grid"))
        parts.append(text(left - 8, y(tick) + 4, number(tick), "soft", "end"))
    for epoch in range(first, last + 1, math.ceil((last - first + 1) / 15)):
        parts.append(text(x(epoch), low + 18, str(epoch), "soft", "middle"))
    parts.append(text((left + right) / 2, low + 34, "epoch", "soft", "middle"))
    for arm, several in lines.items():
        path = "L".join(f"{x(epoch):.1f} {y(100 * value):.1f}" for epoch, value in several)
        parts.append(f'<path class="curve" {looks[arm]} d="M{path}"/>')
    return parts


def axis(low, high):
    """Round ticks, at least two, that begin at or below the lowest value and end at or above the highest."""
    span = max(high - low, 0.1)
    power = 10.0 ** math.floor(math.log10(span / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 8)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(tick * step, 10) for tick in range(first, max(last, first + 1) + 1)]


def number(value):
    return f"{value:g}".replace("-", "−")


def line(x1, y1, x2, y2, kind):
    return f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def text(x, y, words, kind="", anchor="start"):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def svg(height, parts, style=""):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" font-size="13">'
    return "\n".join([head, f"<style>{STYLE}{style}</style>", *parts, "</svg>"]) + "\n"

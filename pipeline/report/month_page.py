"""月報 as a page and as the text of an issue. Nothing is loaded from anywhere; charts are SVG in the page itself."""

import re
from collections.abc import Sequence

from pipeline.report import Json, render, words

LEFT, RIGHT, TOP, BOTTOM = 4, 636, 6, 180  # where the line of friends is drawn, in the units of the view box


def markdown(document: Json) -> str:
    """For an issue and the step summary."""
    return render.markdown("month", month=document)


def text(document: Json) -> str:
    """For a terminal: the same without what only a browser needs."""
    return re.sub(r"</?(?:details|summary)>", "", render.text("month.md", month=document)).replace("<br>", "　")


def title(document: Json) -> str:
    return words.sentence("month-title", city=document["city"], month=words.month_name(document["month"]))


def page(document: Json) -> str:
    """One HTML file."""
    return render.html("month", month=document, title=title(document), chart=_chart(document["friends"]))


def trial_page(document: Json) -> str:
    """What a trial run would have sent, as one HTML file to be signed."""
    return render.html("trial", trial=document, title=words.sentence("trial-title", city=document["city"]))


def _chart(days: Sequence[Json]) -> Json | None:
    """The line of the number of friends; days without a figure are left out of it."""
    told = [(number, day) for number, day in enumerate(days) if day["followers"] is not None]
    if not told:
        return None
    values = [day["followers"] for _, day in told]
    least, most = min(values), max(values)
    across, up = (RIGHT - LEFT) / max(len(days) - 1, 1), (BOTTOM - TOP) / max(most - least, 1)
    points = [
        (round(LEFT + number * across, 1), round(BOTTOM - (day["followers"] - least) * up, 1)) for number, day in told
    ]
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    return {"path": path, "least": least, "most": most, "first": told[0][1], "last": told[-1][1]}

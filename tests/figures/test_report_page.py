from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from synthetic_leg import content, leg_agreement

from ifssnet.core.findings import Finding
from ifssnet.core.grid import Grid
from ifssnet.core.results.agreement import MuscleAgreement
from ifssnet.core.results.measures import MuscleMeasures
from ifssnet.figures.leg_report.content import ReportContent
from ifssnet.figures.leg_report.report import report_html
from ifssnet.figures.leg_report.summary import summary_sentence
from ifssnet.figures.rendering.axis_letters import UNKNOWN_AXES

EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)>'


class Parsed(HTMLParser):
    """Tags in order with their attributes, checked for balance."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def known(row: MuscleMeasures | MuscleAgreement) -> dict[str, float]:
    return {key: value for key, value in row.numbers().items() if not math.isnan(value)}


@pytest.fixture(scope="module")
def leg() -> ReportContent:
    return content(2.4, slices=4)


@pytest.fixture(scope="module")
def page(leg: ReportContent) -> str:
    return report_html(leg)


def test_the_page_is_whole_and_says_its_language(page: str) -> None:
    parsed = Parsed(page)
    assert page.startswith("<!DOCTYPE html>")
    assert ("html", {"lang": "en"}) in parsed.tags
    tags = [tag for tag, _ in parsed.tags]
    assert [tag for tag in tags if tag in {"h1", "h2", "h3"}][:2] == ["h1", "h2"]
    assert tags.count("h1") == 1
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in parsed.tags:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    for tag, attributes in Parsed(page).tags:
        for name in ("src", "href", "srcset", "poster", "data", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, name, value)
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_only_the_viewers_own_script_may_run(page: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "Permission is hereby granted" in scripts[0]


def test_the_summary_is_plain(leg: ReportContent, page: str) -> None:
    volumes = [leg.muscles[name].volume_cm3 for name in ("SOL", "GM", "GL")]
    said = "SOL {:.0f} cm³, GM {:.0f} cm³ and GL {:.0f} cm³, together {:.0f} cm³".format(*volumes, sum(volumes))
    assert summary_sentence(leg).startswith(said)
    assert said in page
    assert f"mean Dice {leg.agreement.mean.dice:.3f}" in page


def test_the_numbers_on_the_page_are_the_numbers_given(leg: ReportContent, page: str) -> None:
    cells = re.findall(r'data-muscle="([^"]*)" data-key="([^"]*)" data-value="([^"]*)"', page)
    shown = {(muscle, key): float(value) for muscle, key, value in cells}
    for table in (leg.muscles, leg.agreement.muscles):
        for name, row in table.items():
            for key, value in known(row).items():
                assert shown[name, key] == value
    for key, value in known(leg.agreement.mean).items():
        assert shown["Mean", key] == value
    assert shown["GM", "estimate"] == leg.estimates["GM"].volume_cm3


def test_slices_profiles_and_surfaces_are_all_there(leg: ReportContent, page: str) -> None:
    data = json.loads(re.search(r'id="report-data">(.*?)</script>', page, re.S)[1])
    assert [p["name"] for p in data["profiles"]] == [m["name"] for m in data["scene"]["meshes"]] == ["SOL", "GM", "GL"]
    assert [int(z) for z in re.findall(r'class="slice[^"]*" data-z="(\d+)"', page)] == [s.z for s in leg.slices]
    drawn = sum(bool(s.annotated) for s in leg.slices)
    assert page.count('class="slice annotated"') == page.count('class="badge"') == drawn


def test_whatever_a_user_wrote_is_shown_and_never_run() -> None:
    leg = content(4.0, slices=1)
    evil = dataclasses.replace(
        leg,
        title=EVIL,
        muscles={EVIL: leg.muscles["SOL"]},
        agreement=leg_agreement({EVIL: leg.agreement.muscles["SOL"]}),
        reference_profiles={EVIL: leg.reference_profiles["SOL"]},
        slices=[dataclasses.replace(leg.slices[0], masks={EVIL: leg.slices[0].masks["SOL"]}, annotated=[EVIL])],
        surfaces=[
            dataclasses.replace(s, surface=dataclasses.replace(s.surface, name=EVIL + s.surface.name)) for s in leg.surfaces
        ],
        annotated_slices={EVIL: [1]},
        estimates={},
        findings=[Finding("error", EVIL, EVIL)],
        provenance={EVIL: {"a": [EVIL]}},
        warnings=[EVIL],
        reference_name=EVIL,
        made_at=EVIL,
        version=EVIL,
    )
    page = report_html(evil)
    tags = Parsed(page).tags
    assert [tag for tag, _ in tags].count("script") == 2
    assert not [tag for tag, attributes in tags if tag == "img" or "onerror" in attributes]
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;" in page


def test_findings_come_worst_first_and_silence_is_told_from_all_well() -> None:
    grid, muscles = Grid((4, 4, 4)), {"SOL": MuscleMeasures(volume_cm3=1.0)}
    silent = report_html(ReportContent("a", grid, muscles))
    assert "Before you read the numbers" not in silent
    assert "nothing amiss" in report_html(ReportContent("a", grid, muscles, findings=[]))
    noted = report_html(
        ReportContent("a", grid, muscles, findings=[Finding("note", "n1"), Finding("error", "e1", "do")], warnings=["w1"])
    )
    assert noted.index("e1") < noted.index("w1") < noted.index("n1")


def test_the_least_content_makes_a_page() -> None:
    page = report_html(ReportContent("Bare", Grid((4, 4, 4)), {}))
    Parsed(page)
    assert "No volume was measured." in page
    for absent in ("Cross-sections", "In three dimensions", 'id="slices"', "Agreement"):
        assert absent not in page


def test_sides_are_named_after_the_patient_only_where_the_axes_know_the_patient() -> None:
    leg = content(4.0, slices=1)
    assert "read as LPS" in report_html(leg)
    blind = report_html(dataclasses.replace(leg, axes=UNKNOWN_AXES, side=None))
    assert "Nothing says which way the patient lay" in blind
    assert "From +Y" in blind
    for word in ("Posterior", "Lateral", "Medial<"):
        assert word not in re.sub(r"<script.*?</script>|<style.*?</style>", "", blind, flags=re.S)


def test_the_page_is_made_twice_the_same(leg: ReportContent, page: str) -> None:
    assert report_html(leg) == page


@pytest.mark.slow
def test_a_case_of_the_papers_size_stays_below_six_megabytes() -> None:
    leg = content(0.45)
    rng = np.random.default_rng(1)

    def enlarged(mask: np.ndarray) -> np.ndarray:
        large = np.zeros((640, 528), dtype=bool)
        large[: 3 * mask.shape[0], : 2 * mask.shape[1]] = np.kron(mask, np.ones((3, 2), dtype=bool))[:640, :528]
        return large

    noisy = [
        dataclasses.replace(
            s,
            image=rng.integers(0, 255, (640, 528), dtype=np.uint8),
            masks={name: enlarged(mask) for name, mask in s.masks.items()},
            reference_masks={name: enlarged(mask) for name, mask in s.reference_masks.items()},
        )
        for s in leg.slices
    ]
    page = report_html(dataclasses.replace(leg, slices=noisy))
    assert sum(len(s.surface.faces) for s in leg.surfaces) > 250_000
    assert len(page.encode()) < 6_000_000

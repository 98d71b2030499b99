"""The people of the calibration, and their acquisitions: from the files of a cohort, or made anew."""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import replace

import numpy as np

from ifssnet.core.images import LabelMap, Volume
from ifssnet.core.progress import drain
from ifssnet.io.open import open_labels, open_volume
from ifssnet.phantom.anatomy.leg import build_leg
from ifssnet.phantom.anatomy.subject import Subject
from ifssnet.phantom.files.cohort import Member, plan_cohort
from ifssnet.phantom.scanner.acquisition import SIZES, acquire, place_of_second

SPLIT = (29, 5, 10)


def members(asked: argparse.Namespace) -> list[Member]:
    """The first so many of the cohort of 44; of a larger one where more are asked for."""
    count = max(sum(SPLIT), asked.subjects)
    planned = plan_cohort(count, (count - sum(SPLIT[1:]), *SPLIT[1:]), seed=asked.seed).members
    changed = {key: float(value) for key, value in (pair.split("=") for pair in asked.set.split(",") if pair)}
    return [replace(member, subject=replace(member.subject, **changed)) for member in planned[: asked.subjects]]


def people(asked: argparse.Namespace) -> list[Subject]:
    return [member.subject for member in members(asked)]


def with_two(asked: argparse.Namespace) -> list[Member]:
    """The first so many members of the cohort of 44 who were recorded twice."""
    everybody = argparse.Namespace(**(vars(asked) | {"subjects": sum(SPLIT)}))
    return [member for member in members(everybody) if member.acquisitions == 2][: asked.subjects]


def recorded(asked: argparse.Namespace, member: Member, number: int = 1) -> tuple[Volume, LabelMap]:
    """Grey levels and truth (SOL 1, GM 2, GL 3) of a `quarter` leg, direct."""
    if asked.cohort is None:
        made = drain(acquire(build_leg(member.subject), SIZES["quarter"], "direct", number, member.subject.seed))
        return made.volume, made.truth
    folder = asked.cohort / member.split / member.name
    volume, labels = open_volume(folder / f"x{number}.mha"), open_labels(folder / f"masksX{number}.mha")
    lookup = np.zeros(256, dtype=np.uint8)
    lookup[[100, 150, 200]] = 1, 2, 3
    return volume, LabelMap(lookup[labels.array], volume.grid, {1: "SOL", 2: "GM", 3: "GL"})


def place(asked: argparse.Namespace, member: Member) -> tuple[np.ndarray, float]:
    """Where the leg lay in r2, as the cohort says, and the leg's length in mm."""
    leg = build_leg(member.subject)
    if asked.cohort is None:
        return place_of_second(member.subject.seed, leg), leg.length_mm
    told = tomllib.loads((asked.cohort / "cohort.toml").read_text(encoding="utf-8"))
    return np.array(told["subjects"][member.name]["r2"]["leg_to_world"]), leg.length_mm

"""From one coordinate frame to another along the transforms that are known: constants and one a frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from ifssnet.core.errors import InputError
from ifssnet.core.findings import Finding
from ifssnet.io.codecs.numbers import are_invertible
from ifssnet.io.sweeps.lost_poses import without_lost
from ifssnet.io.sweeps.probe_names import beside, gap_of, one_probe
from ifssnet.io.sweeps.rigidity import refuse_last_rows, rigidity_findings, shear_findings, unit_findings

Key = tuple[str, str]

FAR_PX = 500.0
"""Where two statements of one transform are held against each other: the far corner of a large image."""

SAME_MM = 0.5
"""By how much they may differ there, in the median over the frames; matrices that were rounded to three digits stay below."""

Statement = tuple[str, Float[np.ndarray, "frame 4 4"], Bool[np.ndarray, " frame"]]
"""Who says a transform ("ProbeToTracker of the recording"), its matrix for each image, and which are to be trusted."""


Poses = tuple[Float[np.ndarray, "frame 4 4"], Bool[np.ndarray, " frame"]]
"""A transform for each image, and which of them are to be trusted."""


@dataclass(frozen=True, eq=False)
class TransformGraph:
    """Known transforms, each from one coordinate frame to another.

    Attributes:
        frames: Number of images.
        tracked: (from, to) to one 4 x 4 an image.
        valid: (from, to) of `tracked` to whether each image's transform is to be trusted.
        constant: (from, to) to one 4 x 4 for all images; a tracked transform of the same name takes its place.
    """

    frames: int
    tracked: Mapping[Key, Float[np.ndarray, "frame 4 4"]]
    valid: Mapping[Key, Bool[np.ndarray, " frame"]]
    constant: Mapping[Key, Float[np.ndarray, "4 4"]] = field(default_factory=dict[Key, Float[np.ndarray, "4 4"]])

    @property
    def edges(self) -> tuple[Key, ...]:
        """All transforms known, the tracked ones first."""
        return (*self.tracked, *(key for key in self.constant if key not in self.tracked))

    def path(self, source: str, target: str) -> tuple[str, ...] | None:
        """The coordinate frames on the shortest way between two, both included; None when there is no way."""
        came_from: dict[str, str | None] = {source: None}
        waiting = deque([source])
        while waiting:
            here = waiting.popleft()
            if here == target:
                way: list[str] = []
                step: str | None = here
                while step is not None:
                    way.append(step)
                    step = came_from[step]
                return tuple(reversed(way))
            for start, end in self.edges:
                there = end if start == here else start if end == here else None
                if there is not None and there not in came_from:
                    came_from[there] = here
                    waiting.append(there)
        return None

    def along(self, way: tuple[str, ...]) -> tuple[Float[np.ndarray, "frame 4 4"], Bool[np.ndarray, " frame"]]:
        """The transforms multiplied along a way, for each image, and where all of them are to be trusted."""
        total = np.broadcast_to(np.eye(4), (self.frames, 4, 4)).copy()
        trusted = np.ones(self.frames, dtype=bool)
        for start, end in pairwise(way):
            matrices, valid = self._step(start, end)
            with np.errstate(over="ignore", invalid="ignore"):
                total = matrices @ total
            trusted &= valid
        trusted &= np.isfinite(total).all(axis=(1, 2))
        return total, trusted

    def invalid_along(self, source: str, target: str) -> dict[str, int]:
        """For each tracked transform on the way between two frames: in how many images it is not to be trusted."""
        pairs = set(pairwise(self.path(source, target) or ()))
        used = [key for key in self.tracked if key in pairs or key[::-1] in pairs]
        return {f"{start}To{end}": int((~self.valid[start, end]).sum()) for start, end in used}

    def without(self, one: str, other: str) -> TransformGraph:
        """The graph without what joins two frames directly."""
        pair = {one, other}
        return replace(
            self,
            tracked={key: each for key, each in self.tracked.items() if set(key) != pair},
            constant={key: each for key, each in self.constant.items() if set(key) != pair},
        )

    def statements(self, start: str, end: str) -> Iterator[Statement]:
        """What is said of one step, each from `start` to `end`: the first counts, and the others should agree with it."""
        for key in ((start, end), (end, start)):
            if key in self.tracked:
                yield f"{'To'.join(key)} of each frame", *self._turned(self.tracked[key], self.valid[key], key == (start, end))
        always = np.ones(self.frames, dtype=bool)
        for key in ((start, end), (end, start)):
            if key in self.constant:
                matrices = np.broadcast_to(self.constant[key], (self.frames, 4, 4))
                yield f"{'To'.join(key)} of the calibration", *self._turned(matrices, always, key == (start, end))

    def _step(self, start: str, end: str) -> tuple[Float[np.ndarray, "frame 4 4"], Bool[np.ndarray, " frame"]]:
        """One transform, turned round where it is known the other way only."""
        _, matrices, valid = next(self.statements(start, end))
        return matrices, valid

    def _turned(
        self, matrices: Float[np.ndarray, "frame 4 4"], valid: Bool[np.ndarray, " frame"], forward: bool
    ) -> tuple[Float[np.ndarray, "frame 4 4"], Bool[np.ndarray, " frame"]]:
        """Transforms as they are or inverted; those that have no inverse are not to be trusted."""
        valid = valid & are_invertible(matrices)
        if forward:
            return matrices, valid
        inverse = np.full(matrices.shape, np.nan)
        inverse[valid] = np.linalg.inv(matrices[valid])
        return inverse, valid


@dataclass(frozen=True, eq=False)
class ImagePoses:
    """Where the images lie.

    Attributes:
        reference: The reference frame's name.
        matrices: One 4 x 4 an image, from pixels to mm in the reference frame.
        trusted: Which of them are to be trusted.
        findings: What is odd about them, such as poses that are not rigid.
    """

    reference: str
    matrices: Float[np.ndarray, "frame 4 4"]
    trusted: Bool[np.ndarray, " frame"]
    findings: tuple[Finding, ...]


def image_to_reference(graph: TransformGraph, image: str, references: tuple[str, ...], where: str) -> ImagePoses:
    """The pose of every image in the first of the reference frames that can be reached.

    Args:
        graph: The transforms known.
        image: Name of the image's coordinate frame.
        references: Names of coordinate frames, in the order of preference. Where several usual ones are given and none
            is there, the one frame to which the tracker leads counts, which a finding says.
        where: The file, for the message.

    Raises:
        InputError: No way leads from the image to any of them (the message names what is known and what is missing), two
            ways or two statements of one transform lead to different poses, or a tracked matrix does not end in 0 0 0 1.
    """
    graph, said = _with_one_probe(graph, image, references)
    for reference in (*references, *_only_end(graph, image, references)):
        if (way := graph.path(image, reference)) is not None:
            _refuse_last_rows(graph, way, where)
            graph, lost = _without_lost(graph, way)
            matrices, trusted = graph.along(way)
            _refuse_other_ways(graph, way, (matrices, trusted), where)
            overruled = _refuse_other_statements(graph, way, (matrices, trusted), where)
            findings = [*said, *lost, *overruled, *(_rigidity(graph, way) or shear_findings(matrices, trusted))]
            if reference not in references:
                what = f"No frame is called {' or '.join(references)}; the poses lead to {reference}, which was taken for it."
                findings.append(Finding("note", what))
            return ImagePoses(reference, matrices, trusted, tuple(findings))
    known = ", ".join(f"{start}To{end}" for start, end in graph.edges) or "none"
    touches_image = any(image in key for key in graph.edges)
    needed = f"{image}ToProbe" if not touches_image else f"one that joins {image} to {references[0]}"
    calibrated, followed = gap_of(image, graph.constant, graph.tracked)
    if calibrated:
        tools = [name for name in followed if name not in references] or followed
        needed = f"one that joins {' or '.join(calibrated[:3])} to {' or '.join(tools[:5])}"
    raise InputError(
        f"transforms that lead from {image} to {' or '.join(references)}",
        f"{where} with the transforms {known}",
        f"The transform needed is {needed}: give the PLUS configuration that holds the calibration with --config, the "
        "calibration's own file with --calibration, or the tracked reference with --reference.",
    )


def _with_one_probe(graph: TransformGraph, image: str, references: tuple[str, ...]) -> tuple[TransformGraph, list[Finding]]:
    """The graph with two names of one probe joined, where nothing else leads on and no third name could be meant."""
    if any(graph.path(image, reference) for reference in references):
        return graph, []
    names = one_probe(image, graph.constant, graph.tracked)
    if names is None:
        return graph, []
    joined = replace(graph, constant={**graph.constant, names: np.eye(4)})
    what = f"The calibration leads to {names[0]} and the tracker follows {names[1]}; both were taken for the one probe."
    return joined, [Finding("note", what)]


def _refuse_other_ways(graph: TransformGraph, way: tuple[str, ...], poses: Poses, where: str) -> None:
    """Refuse other ways from the image that give other poses: nobody knows which of them held the image."""
    for start, end in pairwise(way):
        other = graph.without(start, end).path(way[0], way[-1])
        if other is not None and (apart_mm := _apart_mm(graph.along(other), poses)) > SAME_MM:
            raise InputError(
                f"one way from {way[0]} to {way[-1]} in {where}",
                f"two that differ by {apart_mm:.3g} mm at pixel ({FAR_PX:.0f}, {FAR_PX:.0f}), {' - '.join(way)} and "
                f"{' - '.join(other)}",
                "Leave out the calibration that was not meant, or the field of the frames that is out of date.",
            )


def _refuse_other_statements(graph: TransformGraph, way: tuple[str, ...], poses: Poses, where: str) -> list[Finding]:
    """Refuse a step that is said twice, and differently; what was tracked counts more than a constant between tools."""
    overruled: list[Finding] = []
    for place, (start, end) in enumerate(pairwise(way)):
        (said, *_), *others = graph.statements(start, end)
        for name, matrices, valid in others:
            before, after = graph.along(way[: place + 1]), graph.along(way[place + 1 :])
            apart_mm = _apart_mm((after[0] @ matrices @ before[0], after[1] & valid & before[1]), poses)
            if apart_mm <= SAME_MM:
                continue
            what = f"{said} and {name} differ by {apart_mm:.3g} mm at pixel ({FAR_PX:.0f}, {FAR_PX:.0f})"
            if name.endswith("calibration") and not said.endswith("calibration") and way[0] not in (start, end):
                overruled.append(Finding("note", f"{what}; {said} was taken, as it was tracked."))
                continue
            remedy = "Leave out the one that is not meant: a calibration's file, or the field of the recording."
            raise InputError(f"one transform between {start} and {end} in {where}", f"two; {what}", remedy)
    return overruled


def _apart_mm(one: Poses, other: Poses) -> float:
    """By how much poses differ at the corners of a large image, in the median over the frames; 0 where none can be compared."""
    both = one[1] & other[1]
    if not both.any():
        return 0.0
    corners = np.array([(0.0, 0.0, 0.0, 1.0), (FAR_PX, 0.0, 0.0, 1.0), (0.0, FAR_PX, 0.0, 1.0)]).T
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.linalg.norm(((one[0][both] - other[0][both]) @ corners)[:, :3], axis=1).max(axis=1)
    return float(np.median(apart))


def _without_lost(graph: TransformGraph, way: tuple[str, ...]) -> tuple[TransformGraph, list[Finding]]:
    """The graph without the tracked poses that stand for none."""
    valid, found = dict(graph.valid), list[Finding]()
    for key in _tracked_along(graph, way):
        valid[key], said = without_lost(graph.tracked[key], graph.valid[key], "To".join(key))
        found += said
    return replace(graph, valid=valid), found


def _only_end(graph: TransformGraph, image: str, references: tuple[str, ...]) -> list[str]:
    """The frame that the tracker leads to from whatever moves with the image, where usual names fail and there is one only."""
    if len(references) < 2 or any(graph.path(image, reference) for reference in references):
        return []
    fixed = beside(image, graph.constant)
    ends = {end if start in fixed else start for start, end in graph.tracked if (start in fixed) != (end in fixed)}
    return list(ends) if len(ends) == 1 else []


def _tracked_along(graph: TransformGraph, way: tuple[str, ...]) -> list[Key]:
    """The tracked transforms of a way, each as it is named."""
    steps = [(a, b) if (a, b) in graph.tracked else (b, a) for a, b in pairwise(way)]
    return [key for key in steps if key in graph.tracked]


def _refuse_last_rows(graph: TransformGraph, way: tuple[str, ...], where: str) -> None:
    for start, end in _tracked_along(graph, way):
        refuse_last_rows(graph.tracked[start, end], graph.valid[start, end], f"{start}To{end}", where)


def _rigidity(graph: TransformGraph, way: tuple[str, ...]) -> list[Finding]:
    """What is odd about the tracked transforms; one that leads from the image itself holds the pixel's size and may stretch.

    The one that moves the image is looked at for its unit.
    """
    along = _tracked_along(graph, way)
    still = [key for key in along if graph.valid[key].any() and not np.ptp(graph.tracked[key][graph.valid[key]], axis=0).any()]
    fixed = beside(way[0], [*graph.constant, *still])
    rigid = [
        finding
        for start, end in along
        if way[0] not in (start, end)
        for finding in rigidity_findings(graph.tracked[start, end], graph.valid[start, end], f"{start}To{end}")
    ]
    moving = [key for key in along if (key[0] in fixed) != (key[1] in fixed)]
    return rigid + [
        finding for key in moving for finding in unit_findings(graph.tracked[key], graph.valid[key], "To".join(key))
    ]

"""Mutual information of two images under a rigid transform, and its ascent."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ifssnet.compounding.registration.images import Pyramid, itk

BINS = 32
ITERATIONS = 120
SEARCH_STEP_SPACINGS = 2.0
"""Starts lie this many coarse voxels apart along the sweep: close enough for the first level to find the rest."""

SMOOTHING_SPACINGS = 1.0
"""Gaussian before each level, in its voxels: speckle is not shared by two acquisitions."""

LEAST_WEIGHT = 1e-3
"""Smoothed masks below this say that nothing was seen near."""


@dataclass(frozen=True)
class Rigid:
    """A rigid transform of the fixed image's space into the moving one's, about a center.

    Attributes:
        center_mm: Where it turns about.
        parameters: Three angles in radians (about x, y, z) and three shifts in mm.
    """

    center_mm: tuple[float, float, float]
    parameters: tuple[float, ...]

    def transform(self) -> Any:
        """The SimpleITK transform, fixed to moving."""
        transform = itk.Euler3DTransform()
        transform.SetCenter(self.center_mm)
        transform.SetParameters(self.parameters)
        return transform

    def fixed_to_moving(self) -> Float[np.ndarray, "4 4"]:
        """The matrix that takes (x, y, z, 1) in mm of the fixed volume to mm of the moving one."""
        transform = self.transform()
        matrix = np.eye(4)
        matrix[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
        center = np.array(self.center_mm)
        matrix[:3, 3] = center + np.array(transform.GetTranslation()) - matrix[:3, :3] @ center
        return matrix


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """Let SimpleITK add in one order: its metric takes the number of threads from a global setting only."""
    before = itk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    itk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        itk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def search_starts(images: Pyramid, search_mm: float, turns_deg: tuple[float, ...]) -> list[Rigid]:
    """Where to begin: as acquired; and shifts along the fixed volume's z axis with turns about it, from two origins.

    The origins are the volumes as acquired, and the middles of what was seen brought onto each other.
    """
    fixed_middle, moving_middle = _middle_mm(images.fixed_mask), _middle_mm(images.moving_mask)
    axis = np.array(images.fixed.GetDirection()).reshape(3, 3)[:, 2]
    step = SEARCH_STEP_SPACINGS * images.fixed.GetSpacing()[2]
    shifts = sorted((k * step for k in range(-int(search_mm / step), int(search_mm / step) + 1)), key=abs)
    center = (float(fixed_middle[0]), float(fixed_middle[1]), float(fixed_middle[2]))
    offset = moving_middle - fixed_middle
    # Sweeps may begin and end anywhere along the leg: across it the middles count, along it the shifts do.
    origins = [np.zeros(3)] + ([offset] if np.linalg.norm(offset) > step else [])
    starts = [Rigid(center, (0.0,) * 6)]
    for origin in origins:
        for turn in sorted(turns_deg, key=abs):
            for shift in shifts:
                angles = _about_axis(axis, math.radians(turn))
                place = origin + shift * axis
                starts.append(Rigid(center, (*angles, *(float(p) for p in place))))
    return starts


def mutual_information(images: Pyramid, rigid: Rigid) -> float:
    """In nats, over all voxels seen in both; 0 where hardly any are."""
    method = _method(images, sampling=1.0, seed=1)
    method.SetInitialTransform(rigid.transform())
    try:
        with one_thread():
            return max(-float(method.MetricEvaluate(images.fixed, images.moving)), 0.0)
    except RuntimeError:  # ITK's way to say that too few samples map into the moving image
        return 0.0


def overlap_share(images: Pyramid, rigid: Rigid) -> float:
    """Share of the smaller volume's seen voxels that lie in what the other one saw."""
    resampled = itk.Resample(images.moving_mask, images.fixed_mask, rigid.transform(), itk.sitkNearestNeighbor, 0)
    fixed = itk.GetArrayViewFromImage(images.fixed_mask) > 0
    moving = itk.GetArrayViewFromImage(images.moving_mask) > 0
    both = int((fixed & (itk.GetArrayViewFromImage(resampled) > 0)).sum())
    scale = math.prod(images.moving_mask.GetSpacing()) / math.prod(images.fixed_mask.GetSpacing())
    return min(both / max(min(int(fixed.sum()), int(moving.sum()) * scale), 1.0), 1.0)


def refine(images: Pyramid, start: Rigid, sampling: float, seed: int) -> Rigid:
    """Climb from a start; returns the start itself where ITK cannot."""
    method = _method(images, sampling, seed)
    spacing = min(images.fixed.GetSpacing())
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=spacing, minStep=spacing * 1e-3, numberOfIterations=ITERATIONS, relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start.transform(), inPlace=False)
    try:
        with one_thread():
            found = method.Execute(_edges(images.fixed, images.fixed_mask), _edges(images.moving, images.moving_mask))
    except RuntimeError:
        return start
    parameters = found.GetParameters() if found.GetName() == "Euler3DTransform" else found.GetNthTransform(0).GetParameters()
    return Rigid(start.center_mm, tuple(float(p) for p in parameters))


def _method(images: Pyramid, sampling: float, seed: int) -> Any:
    method = itk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(images.fixed_mask)
    method.SetMetricMovingMask(images.moving_mask)
    if sampling < 1:
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(sampling, seed)
    method.SetInterpolator(itk.sitkLinear)
    return method


def _edges(image: Any, mask: Any) -> Any:
    """Strength of the gradient of the smoothed grey levels: where borders are does not change with depth and gain.

    Smoothing averages over seen voxels only, so that the border of what was seen is no edge.
    """
    weight = itk.Cast(mask, itk.sitkFloat32)
    sigma = [SMOOTHING_SPACINGS * s for s in image.GetSpacing()]
    total = itk.SmoothingRecursiveGaussian(image * weight, sigma)
    seen = itk.SmoothingRecursiveGaussian(weight, sigma)
    return itk.GradientMagnitude(total / itk.Maximum(seen, LEAST_WEIGHT))


def _middle_mm(mask: Any) -> Float[np.ndarray, " xyz"]:
    zyx = np.array([index.mean() for index in np.nonzero(itk.GetArrayViewFromImage(mask))])
    return np.array(mask.TransformContinuousIndexToPhysicalPoint([float(i) for i in zyx[::-1]]))


def _about_axis(axis: Float[np.ndarray, " xyz"], angle: float) -> tuple[float, float, float]:
    """Euler angles, as ITK's transform takes them, of a turn about an axis."""
    versor = itk.VersorRigid3DTransform()
    versor.SetRotation([float(a) for a in axis], angle)
    euler = itk.Euler3DTransform()
    euler.SetMatrix(versor.GetMatrix())
    return euler.GetAngleX(), euler.GetAngleY(), euler.GetAngleZ()

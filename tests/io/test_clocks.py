"""Images and poses whose times do not tell: numbers in place of times, and clocks that are too coarse."""

from __future__ import annotations

import numpy as np
import pytest

from ifssnet.core.errors import InputError, InputWarning
from ifssnet.io.sweeps.time_pairing import UNPAIRED, pair_by_time

NUMBERS = np.arange(10.0)
TIMES_S = 0.1 * NUMBERS


def paired(images: np.ndarray, poses: np.ndarray) -> list[int]:
    return pair_by_time(images, poses, (len(images), len(poses)), ("images", "poses")).tolist()


@pytest.mark.parametrize(
    ("images", "poses", "words"),
    [
        (NUMBERS, TIMES_S, "The images of images are numbered, not timed"),
        (NUMBERS + 1, TIMES_S + 3, "The images of images are numbered, not timed"),
        (TIMES_S, NUMBERS + 1, "The poses of poses are numbered, not timed"),
        (NUMBERS + 1, NUMBERS, "are numbered otherwise than the poses"),
        (NUMBERS // 3, TIMES_S, "too coarse"),
        (np.floor(NUMBERS / 4), np.floor(NUMBERS / 4), "too coarse"),
        (TIMES_S, np.floor(NUMBERS / 4), "The poses of poses have a clock too coarse"),
    ],
)
def test_as_many_are_joined_by_their_numbers_and_others_refused(images: np.ndarray, poses: np.ndarray, words: str) -> None:
    with pytest.warns(InputWarning, match=f"{words}.*joined by their numbers"):
        assert paired(images, poses) == list(range(10))
    if "otherwise" not in words:
        with pytest.raises(InputError, match=f"10 images in images and 9 poses in poses.*{words.split(' of ')[-1][:20]}"):
            paired(images, poses[:-1])


@pytest.mark.parametrize(
    ("images", "poses", "found"),
    [
        # A recording of one image a second, with times that happen to be whole.
        (NUMBERS, NUMBERS + 0.25, list(range(10))),
        (NUMBERS, np.arange(0, 10, 0.05), list(range(0, 200, 20))),
        # A tracker that says each time twice.
        (TIMES_S, np.repeat(np.arange(20) * 0.05, 2), list(range(0, 40, 4))),
        # Both are numbered, and some poses are missing.
        (NUMBERS, NUMBERS[3:], [UNPAIRED] * 3 + list(range(7))),
    ],
)
@pytest.mark.filterwarnings("ignore:.*have no pose of")
def test_times_that_tell_are_times(images: np.ndarray, poses: np.ndarray, found: list[int]) -> None:
    assert paired(images, poses) == found


def test_other_clocks_are_refused_with_both_ranges() -> None:
    with pytest.raises(InputError, match=r"images from 0 s to 0\.9 s and poses from 5000 s to 5000\.9 s"):
        paired(TIMES_S, TIMES_S + 5000)

"""Faults that a training would survive without a word, and the tests that do not.

Each line is a change of the source that leaves every shape right and every loss finite. It is made in a copy of the package,
and the test beside it has to fail there. Slow: run with `-m slow` after changing what goes from window to window.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TIME, ANCHORED = "tests/train/test_through_time.py", "tests/train/test_anchored_task.py"
GRADIENTS = f"{TIME}::test_gradients_go_back_through_masks_and_state_and_stop_where_they_are_cut"
TURNED = f"{TIME}::test_every_tensor_of_a_batch_is_turned_alike"
DROPOUT = f"{TIME}::test_dropout_is_the_papers_unless_somebody_says_otherwise"
CHAINS = f"{TIME}::test_both_chains_of_the_matching_layer_count_and_are_not_the_same"
TASK, WINDOWS = "train/tasks/recurrent.py", "train/tasks/recurrent_windows.py"
SEQUENCES, NETWORK = "train/data/sequences.py", "nn/networks/ifss_net_config.py"

MUTANTS: dict[str, tuple[str, str, str, str]] = {
    "no gradient through the masks": (
        TASK,
        "shown.fed_back(time, carried.predicted, config.feedback)",
        "shown.fed_back(time, carried.predicted, config.feedback).detach()",
        GRADIENTS,
    ),
    "masks and state are cut after every window": (
        TASK, "            else:\n                continue\n", "            else:\n                pass\n", GRADIENTS,
    ),
    "masks and state are never cut": (
        WINDOWS,
        "self.previous, self.state = self.previous.detach(), detached(self.state)",
        "self.previous, self.state = self.previous, self.state",
        GRADIENTS,
    ),
    "halves are a third and two thirds": (
        TASK, "first = (windows + 1) // 2", "first = (windows + 2) // 3", f"{TIME}::test_halves_are_halves",
    ),
    "one chain of the matching layer twice": (
        "nn/blocks/matching.py", "one(both) + other(both)", "one(both) + one(both)", CHAINS,
    ),
    "both chains in one order": (
        "nn/blocks/matching.py", "((rows, columns), (columns, rows))", "((rows, columns), (rows, columns))", CHAINS,
    ),
    "the image joins the masks in the last stage alone": (
        "nn/blocks/encoder.py",
        "mask = mask + image\n",
        "mask = mask + image if stage is self.stages[-1] else mask\n",
        f"{TIME}::test_the_image_joins_the_mask_stream_after_every_stage",
    ),
    "the decoder takes no skips": (
        "nn/blocks/decoder.py",
        "refine(up(maps), skip)",
        "refine(up(maps), 0 * skip)",
        f"{TIME}::test_the_decoder_takes_every_stages_skip_in",
    ),
    "no dropout in the encoders": (NETWORK, "encoder_dropout: float = 0.1", "encoder_dropout: float = 0.0", DROPOUT),
    "the encoders' dropout in the memory": (NETWORK, "lstm_dropout: float = 0.4", "lstm_dropout: float = 0.1", DROPOUT),
    "no dropout in the decoder": (NETWORK, "decoder_dropout: float = 0.1", "decoder_dropout: float = 0.0", DROPOUT),
    "interpolation is not turned with the image": (
        SEQUENCES, "else laid(guided[now])", "else np.ascontiguousarray(guided[now][:, None])", TURNED,
    ),
    "masks are not turned with the image": (
        SEQUENCES, "laid(masks[now])", "np.ascontiguousarray(masks[now][:, None])", TURNED,
    ),
    "what is fed is not turned with what it is compared with": (
        SEQUENCES, "laid(undamaged)", "np.ascontiguousarray(undamaged[:, None])", TURNED,
    ),
    "drawn slices stay when the leg is turned upside down": (
        "train/tasks/anchored.py",
        "own[::-1], beside[::-1], shapes[::-1]",
        "own[::-1], beside[::-1], shapes",
        f"{ANCHORED}::test_all_that_belongs_to_a_place_is_turned_and_bent_alike",
    ),
    "a blended prior is told as if it were not": (
        "train/tasks/anchored_samples.py",
        "float(1 - share) * found.between_mm",
        "found.between_mm",
        f"{ANCHORED}::test_a_blended_prior_says_that_it_is_nearer",
    ),
    "a window of little weight counts in full": (
        WINDOWS, "count * self.region(", "self.region(", f"{TIME}::test_a_window_of_less_weight_counts_less",
    ),
    "legs with few drawn slices come first": (
        "train/data/tracks.py", "-sum(track", "sum(track", f"{TIME}::test_legs_with_many_drawn_slices_come_first",
    ),
    "slices are compared with their neighbours under both readings": (
        "train/tasks/pseudo_labels.py",
        "device=masks.device) + stride",
        "device=masks.device) + 0 * stride",
        f"{TIME}::test_both_readings_of_the_papers_fifth_figure",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).parents[2] / "src"
    root = tmp_path_factory.mktemp("mutants") / "src"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors", "static"))
    return root / "ifssnet"


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_it_is_noticed(name: str, package: Path) -> None:
    file, before, after, killer = MUTANTS[name]
    path = package / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file} has changed: name the fault anew"
    path.write_text(text.replace(before, after), encoding="utf-8")
    try:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", killer],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    finally:
        path.write_text(text, encoding="utf-8")
    assert run.returncode == 1, run.stdout[-2000:] + run.stderr[-500:]


def test_every_fault_is_still_one_of_the_source() -> None:
    root = Path(__file__).parents[2]
    for name, (file, before, _, killer) in MUTANTS.items():
        assert (root / "src/ifssnet" / file).read_text(encoding="utf-8").count(before) == 1, name
        module, _, test = killer.partition("::")
        assert f"def {test}(" in (root / module).read_text(encoding="utf-8"), name

"""Every shape and type in the package's signatures is checked at run time while tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jaxtyping import install_import_hook

# Whichever weights come with the package, tests do without them unless they bring some: what they find is derived by hand.
os.environ["IFSSNET_WEIGHTS"] = str(Path(__file__).parent / "none-here")
# Nothing that a test compiles stays in the cache of whoever runs the tests.
os.environ["IFSSNET_CACHE"] = ""

_HOOK = install_import_hook("ifssnet", "beartype.beartype")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# The same examples in every run, so that a change is judged by what it changes; `make test-all` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("IFSSNET_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def coarse_sides() -> Iterator[None]:
    """Small pictures of the muscles' sides: at full size they take half the time of a report, however small the leg."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ifssnet.figures.rendering.static_view.PIXELS_HIGH", 300)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that ask for it are marked `realdata`."""
    return DATA


LONGEST = (
    "workflow/test_experiment.py",
    # What it compiles others need as well: begun at the same time, they would compile it once more.
    "phantom/test_varied_scanner.py",
    "train/test_resume.py",
    "workflow/test_report_facts.py",
    "train/test_recurrent_task.py",
    "train/test_baseline_tasks.py",
    "figures/test_report_in_browser.py",
    "workflow/test_evaluate.py",
    "web/test_page_in_browser.py",
    "workflow/test_demo.py",
)
"""Files that take longest begin first, so that no process waits at the end for another's long file."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files. Skip, with its reason, what needs data or a system that is not here."""
    places = {str(REPOSITORY / "tests" / Path(name)): place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(str(item.path), len(LONGEST)))
    for item in items:
        if os.name == "nt" and item.get_closest_marker("posix"):
            item.add_marker(pytest.mark.skip(reason="Windows has no such signals, links, devices or limits"))
    if DATA.is_dir():
        return
    for item in items:
        if item.get_closest_marker("realdata"):
            item.add_marker(pytest.mark.skip(reason=f"no real data at {DATA}; set IFSSNET_DATA (see CONTRIBUTING.md)"))

"""A process of its own for files from elsewhere: it may die, hang or want too much memory, and the server goes on.

`python -m ifssnet.web.work.worker ROOT example SIZE` or `... ROOT files FILE [FILE ...]`
or `... ROOT seeds CASE READY FILE [FILE ...]`; lines of JSON say how far it is.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Generator
from pathlib import Path

from ifssnet.core.errors import InputError, silence_libraries
from ifssnet.core.progress import Progress, drain
from ifssnet.workflow.arrivals.dropped import case_of_files, seeds_for_case
from ifssnet.workflow.arrivals.example import example_case


def main(arguments: list[str]) -> int:
    """Make one case, and say how it went."""
    _limit_memory(int(arguments[0]))
    try:
        with warnings.catch_warnings(record=True) as heard:
            silence_libraries()
            case = drain(_work(Path(arguments[1]), arguments[2], arguments[3:]), _progress)
        # In order, and each once.
        _tell(case=case, remarks=" ".join(dict.fromkeys(str(each.message) for each in heard)))
    except InputError as error:
        _tell(problem=str(error))
        return 2
    except MemoryError:
        _tell(problem="The file needs more memory than it may have here.")
        return 2
    return 0


def _work(root: Path, what: str, rest: list[str]) -> Generator[Progress, None, str]:
    if what == "example":
        return example_case(root, size=rest[0], via="scan")
    if what == "seeds":
        return seeds_for_case(root / rest[0], [Path(path) for path in rest[2:]], Path(rest[1]))
    return case_of_files(root, [Path(path) for path in rest])


def _progress(progress: Progress) -> None:
    _tell(stage=progress.stage, done=progress.done, total=progress.total)


def _tell(**said: str | int) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _limit_memory(most_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

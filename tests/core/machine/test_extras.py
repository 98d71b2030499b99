"""The words that say how to add a part of the installation."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import PackageNotFoundError

import pytest

from ifssnet.core.machine import extras
from ifssnet.core.machine.extras import install_command


def test_the_command_names_the_libraries_of_the_extra_and_a_shell_keeps_their_versions() -> None:
    words = shlex.split(install_command("nn"))
    assert words[:2] == ["pip", "install"]
    packages = {re.split(r"[<>=!~]", word)[0] for word in words[2:]}
    assert {"torch", "safetensors", "lightning-fabric"} <= packages
    assert "ifssnet" not in packages


def test_where_the_package_is_not_installed_the_extra_of_its_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> list[str]:
        raise PackageNotFoundError

    monkeypatch.setattr(extras, "requires", nothing)
    assert install_command("nn").startswith('pip install ".[nn]"')

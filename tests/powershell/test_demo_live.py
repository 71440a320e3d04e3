# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo, with the real scripts answering for every host."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pytest

from examples.demo import story
from tests.conftest import ROOT
from tests.lab import shells
from tests.lab.lab import Lab

from .doubled import Doubled

_VMS = 60  # the cast, and some more of each kind


class _LabHere:
    """The demo's lab in this process."""

    def __init__(self, root: Path, directory: Path) -> None:
        self._lab, self._directory = Lab.seeded(vms=_VMS), directory

    @property
    def size(self) -> tuple[int, int, int]:
        vms = [vm for _host, vm in self._lab.world.sightings()]
        return len(self._lab.world.hosts), len(vms), sum(len(vm.adapters) for vm in vms)

    def __enter__(self) -> _LabHere:
        self._lab.start()
        self._lab.write_files(self._directory)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lab.remove_files(self._directory)
        self._lab.stop()


@pytest.mark.usefixtures("powershell")
def test_the_demo_ends_well_when_the_scripts_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    doubled = Doubled()
    monkeypatch.setattr(shells, "run", doubled.run)
    monkeypatch.setattr(story, "Lab", _LabHere)
    story.Story(ROOT, tmp_path / "demo").tell()
    told = capsys.readouterr().out
    assert "changed=0 on every host." in told
    assert not doubled.differences, "\n".join(["the lab | the script:", *doubled.differences])
    assert doubled.calls["host_info"] > 20
    assert doubled.calls["host_apply"] > 5

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import situate
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.files import write_reports
from tests.audits import audit
from tests.unit.plugins.plugin_utils.observation.documents import NOW, Document
from tests.unit.plugins.plugin_utils.report.clusters import HOSTILE, named, troubled


def write(directory: Path, documents: list[Document], fail_at: str = "critical") -> dict[str, str]:
    """Return the contents of the files by name."""
    report, situation = audit(documents, now=NOW), situate(documents, now=NOW)
    paths = [Path(path) for path in write_reports(directory, report, situation, NOW, fail_at)]
    assert sorted(paths) == sorted(directory.iterdir())
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def test_writes_every_form(tmp_path: Path) -> None:
    files = write(tmp_path / "new" / "place", troubled())
    assert list(files) == ["report.json", "report.html", "report.xml", "report.prom"]
    assert json.loads(files["report.json"]) == json.loads(json.dumps(audit(troubled(), now=NOW)))
    assert files["report.html"].startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("fail_at", "failures"), [("never", 0), ("critical", 1)])
def test_the_threshold_decides_what_fails(tmp_path: Path, fail_at: str, failures: int) -> None:
    suite = ET.fromstring(write(tmp_path, troubled(), fail_at)["report.xml"])
    assert suite.get("failures") == str(failures)


def test_every_hostile_name_at_once_can_be_written(tmp_path: Path) -> None:
    assert len(write(tmp_path, named(*HOSTILE))) == 4


def test_writing_again_replaces(tmp_path: Path) -> None:
    write(tmp_path, troubled())
    assert '"findings": []' not in write(tmp_path, troubled())["report.json"]
    assert "web03" not in write(tmp_path, [])["report.html"]

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tests with another release of ansible-core than the pinned one, in an environment kept under .venvs.

Usage: ``python tests/tools/run_core.py 2.16 [arguments for pytest]`` with the interpreter to test on. A full version,
such as ``2.22.0rc1``, is taken as it is. With ``sanity [arguments for ansible-test]`` that release's sanity tests run.
"""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# ansible-core says itself which releases of these it takes.
LEFT_TO_CORE = {"ansible-core", "resolvelib"}
SHOW_VERSIONS = """
import ansible.release, platform
print(f"ansible-core {ansible.release.__version__} on Python {platform.python_version()}")
"""


def main(arguments: list[str]) -> int:
    """Make the environment when it is not there yet, and run pytest in it."""
    if not arguments or not re.fullmatch(r"\d+\.\d+(\.\d+\w*)?", arguments[0]):
        print(f"usage: {Path(__file__).name} RELEASE [arguments for pytest]", file=sys.stderr)
        return 2
    release, *rest = arguments
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = ROOT / ".venvs" / f"core-{release}-python-{python}"
    executable = environment / "bin" / "python"
    if not (environment / ".ready").exists():
        print(f"+ making {environment.relative_to(ROOT)}", flush=True)
        venv.create(environment, with_pip=True, clear=True)
        # The pins are for the Pythons that the pinned ansible-core runs on; some no longer install on an older one.
        pins = pinned() if sys.version_info >= (3, 11) else {}
        constraints = environment / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()), encoding="utf-8")
        subprocess.run(
            [
                *(str(executable), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("-c", str(constraints), "-r", str(ROOT / "tests" / "unit" / "requirements.txt")),
                *("pytest", "pytest-xdist", requirement(release)),
            ],
            check=True,
        )
        (environment / ".ready").touch()
    found = subprocess.run([str(executable), "-c", SHOW_VERSIONS], check=True, capture_output=True, text=True).stdout
    print(f"+ {found.strip()}", flush=True)
    if rest[:1] == ["sanity"]:
        line = [str(executable), str(ROOT / "tests" / "tools" / "run_ansible_test.py"), *rest]
    else:
        line = [str(executable), "-m", "pytest", "-n", "2", *(rest or ["tests/unit"])]
    return subprocess.run(line, cwd=ROOT, check=False).returncode


def requirement(release: str) -> str:
    """Return what pip is asked for: the newest of a line, or exactly the version named."""
    return f"ansible-core~={release}.0" if release.count(".") == 1 else f"ansible-core=={release}"


def pinned() -> dict[str, str]:
    """Return the pinned versions of everything that ansible-core does not decide."""
    pins: dict[str, str] = {}
    for name in ("requirements.txt", "test-requirements.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins.update(re.findall(r"^([\w.-]+)==(\S+)$", text, flags=re.MULTILINE))
    return {name: version for name, version in pins.items() if name not in LEFT_TO_CORE}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

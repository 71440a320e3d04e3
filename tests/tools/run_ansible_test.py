# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test on this checkout, wherever it lies, with nothing but a Python package index within reach.

ansible-test wants three things that a plain checkout does not give it:

* a path that ends in ``ansible_collections/<namespace>/<name>``: the files that git knows are copied to such a place;
* a pip bootstrap script from a download site of its own: ``get_pip.py`` here stands in for it;
* PowerShell, to read the argument specification of each .ps1 module: where there is none, ``pwsh`` here stands in for
  it. That reads the specification, a literal; it runs no PowerShell.

pslint starts wherever there is a pwsh and fails without PSScriptAnalyzer, so it is skipped where that is not installed.

Usage: ``python tests/tools/run_ansible_test.py units|sanity|integration [arguments for ansible-test]``
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(__file__).resolve().parent
HOME = ROOT / ".cache" / "ansible-test"


def main(arguments: list[str]) -> int:
    """Run one ansible-test command on a copy of the checkout and return its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: {Path(__file__).name} {'|'.join(COMMANDS)} [arguments for ansible-test]", file=sys.stderr)
        return 2
    command, *rest = arguments
    with tempfile.TemporaryDirectory(prefix="ansible-test-") as name:
        scratch = Path(name)
        copy = copy_checkout(scratch)
        # Its scripts name the interpreter in their first line, where a path with a space in it does not work.
        python = scratch / "environment" / "bin" / Path(sys.executable).name
        python.parent.parent.symlink_to(sys.prefix, target_is_directory=True)
        environment = make_environment(python)
        if command == "sanity" and not shutil.which("pwsh"):
            add_stand_in(environment, scratch / "bin", python)
        place_get_pip()
        place_key_pair()
        line = COMMANDS[command](copy, rest)
        if line is None:
            print(f"ansible-test {command}: nothing to run")
            return 0
        print("+ ansible-test", shlex.join(line), flush=True)
        return subprocess.run(
            [python, python.with_name("ansible-test"), *line],
            cwd=copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode


def units(copy: Path, rest: list[str]) -> list[str]:
    """Unit tests in this very environment: the pinned requirements are in it already."""
    return ["units", "--local", "--python", this_python(), "--num-workers", os.environ.get("WORKERS", "2"), *rest]


def integration(copy: Path, rest: list[str]) -> list[str] | None:
    """Integration targets; those for Windows hosts need hosts and are started by hand (see TESTING.md)."""
    targets = copy / "tests" / "integration" / "targets"
    if not targets.is_dir():
        return None
    return ["integration", "--local", "--python", this_python(), *rest]


def sanity(copy: Path, rest: list[str]) -> list[str]:
    """Sanity tests, each in an environment of its own, kept from run to run."""
    line = ["sanity", "--local", "--python", this_python(), "--color", "no"]
    if not has_script_analyzer():
        print("pslint is skipped: PSScriptAnalyzer is not installed here", flush=True)
        line += ["--skip-test", "pslint"]
    return [*line, *rest]


def has_script_analyzer() -> bool:
    """Whether pslint can run."""
    pwsh = shutil.which("pwsh")
    if pwsh is None:
        return False
    look = "exit [int]($null -eq (Get-Module -ListAvailable -Name PSScriptAnalyzer))"
    # With the home directory that ansible-test has: what is installed for one user only does not count.
    return (
        subprocess.run(
            [pwsh, "-NoProfile", "-NonInteractive", "-Command", look],
            env={**os.environ, "HOME": str(HOME)},
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        == 0
    )


COMMANDS = {"units": units, "integration": integration, "sanity": sanity}


def this_python() -> str:
    """Return the version of this interpreter, as ansible-test writes it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def copy_checkout(scratch: Path) -> Path:
    """Copy what belongs to the collection into a tree that ansible-test accepts."""
    galaxy = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    name: dict[str, str] = dict(re.findall(r"^(namespace|name):\s*(\w+)\s*$", galaxy, flags=re.MULTILINE))
    copy = scratch / "ansible_collections" / name["namespace"] / name["name"]
    for path in known_files():
        source, target = ROOT / path, copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    # Without a repository here, ansible-test would look for one in the directories above, whatever they are.
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return copy


def known_files() -> list[str]:
    """Return the files that git tracks or would track, so that caches and environments stay out.

    The rules of ansible-test for PowerShell are for what is sent to hosts, not for what runs it in our own tests.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    own = re.compile(r"tests/powershell/.*\.(ps1|yml)")
    return sorted({path for path in listed if path and (ROOT / path).is_file() and not own.fullmatch(path)})


def make_environment(python: Path) -> dict[str, str]:
    """Return an environment with a home of its own, in which this interpreter comes first."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("ANSIBLE_", "PYTHON", "GIT_", "MAKE", "MFLAGS"))
    }
    # ansible-test passes HOME on, and little else.
    environment["HOME"] = str(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    environment["PATH"] = os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)])
    return environment


def add_stand_in(environment: dict[str, str], directory: Path, python: Path) -> None:
    """Put the stand-in for pwsh on the path: the tests of the sanity command need no more than it can do."""
    directory.mkdir()
    stand_in = directory / "pwsh"
    # ansible-test calls it from its own environments, which lack the parser that it needs.
    stand_in.write_text(f'#!/bin/sh\nexec "{python}" "{TOOLS / "pwsh"}" "$@"\n', encoding="utf-8")
    stand_in.chmod(0o755)
    environment["PATH"] = os.pathsep.join([str(directory), environment["PATH"]])


def place_get_pip() -> None:
    """Put the stand-in where ansible-test keeps a bootstrap script that it has downloaded once."""
    specification = find_spec("ansible_test")
    assert specification is not None
    assert specification.submodule_search_locations is not None
    text = (Path(specification.submodule_search_locations[0]) / "_internal" / "python_requirements.py").read_text()
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"""\bpip(?:_version)?\s*=\s*['"]([0-9.]+)['"]""", text):
        shutil.copyfile(TOOLS / "get_pip.py", cache / f"get_pip_{version.replace('.', '_')}.py")


def place_key_pair() -> None:
    """Make the key pair that integration tests of other collections log on with, so that no ssh-keygen is needed."""
    private = HOME / ".ansible" / "test" / "id_rsa"
    public = private.with_suffix(".pub")
    if private.is_file() and public.is_file():
        return
    # A requirement of ansible-core itself; not needed by the other commands.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    private.touch(mode=0o600)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH) + b"\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install pip into an empty environment with the wheel that Python itself carries, instead of a downloaded script.

ansible-test calls it as it would call get-pip.py: the arguments are options and requirements for ``pip install``.
"""

from __future__ import annotations

import ensurepip
import runpy
import sys
from pathlib import Path

# Debian moves the wheels of ensurepip out of the standard library.
PLACES = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
# get-pip.py knows these two, pip does not. Both are about packages that are asked for by name or not at all.
FOREIGN = {"--no-setuptools", "--no-wheel"}


def main() -> None:
    """Run the bundled pip, as if it had been installed."""
    # The first place that has any: those of Debian are for Debian's own Python.
    wheels = next(filter(None, (sorted(place.glob("pip-*.whl")) for place in PLACES)), [])
    if not wheels:
        looked = ", ".join(str(place) for place in PLACES)
        sys.exit(f"No pip wheel found in {looked}. Install Python's venv support (Debian: python3-venv).")
    sys.path.insert(0, str(wheels[-1]))
    arguments = [argument for argument in sys.argv[1:] if argument not in FOREIGN]
    sys.argv = ["pip", "install", "--upgrade", "--force-reinstall", *arguments]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.lab` from the checkout, or `python tests/lab` from anywhere."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __package__:
    from .serve import main
else:
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    main = importlib.import_module("lab.serve").main

if __name__ == "__main__":
    sys.exit(main())

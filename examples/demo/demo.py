# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the collection on a simulated cluster, in about a minute. Started by ``make demo``.

``demo.py DIRECTORY`` keeps its files in another directory than ``.lab/demo``.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    # The demo and the lab are imported from the checkout, wherever this was started.
    sys.path[0] = str(ROOT)
    from examples.demo.story import main

    sys.exit(main(ROOT, Path(sys.argv[1]) if sys.argv[1:] else ROOT / ".lab" / "demo"))

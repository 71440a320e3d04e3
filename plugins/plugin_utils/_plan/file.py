# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that lies in a file of its own, not in the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ...module_utils._errors import MacPoolError


def read_plan_file(path: str, named_by: str) -> Any:
    """Return what a YAML file holds.

    :param named_by: the environment variable with its path, for the error message
    :raises MacPoolError: when it cannot be read
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MacPoolError(
            f'the plan file "{path}" named by {named_by}',
            "a YAML file that can be read",
            str(error),
            "Fix the file, or the variable.",
        ) from error

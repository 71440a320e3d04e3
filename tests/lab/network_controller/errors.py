# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Network Controller says no with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Only InvalidParameterValue is documented (fact 77, "Not found" 3). The other codes are the lab's own words: nobody may
# depend on them.
INVALID, NOT_FOUND, PRECONDITION, CONFLICT = (
    "InvalidParameterValue",
    "ResourceNotFound",
    "PreconditionFailed",
    "OperationNotAllowed",
)


class RestError(Exception):
    """`details`: pairs of code and message."""

    def __init__(
        self, status: int, code: str, message: str, target: str | None = None, details: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.target, self.details = status, code, message, target, details

    def body(self) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "target": self.target,
                "innerError": None,
                "details": [{"code": code, "message": message} for code, message in self.details],
            }
        }


def invalid(target: str, message: str) -> RestError:
    return RestError(400, INVALID, f"The value of {target} is not valid.", target, [(INVALID, message)])

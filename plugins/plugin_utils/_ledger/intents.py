# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that was begun on a host and must be finished even when its job dies, such as a VM to start again."""

from __future__ import annotations

from .._names import same_host
from .model import Intent, Job
from .records import intent_record
from .sqlite.session import Session


def begin(session: Session, host: str, vm_id: str, job: Job, kind: str, note: str) -> Intent:
    """Note what is about to begin."""
    intent = Intent(session.sequence + 1, host, vm_id.lower(), kind, note, session.now, job.name)
    session.add_intent(intent)
    session.log("intent", "begun", job, intent_record(intent, is_open=True), None, "")
    return intent


def open_intents(session: Session, host: str | None, vm_id: str | None) -> list[Intent]:
    """Return what was begun and not finished, the oldest first; None: on any host, of any VM."""

    def wanted(intent: Intent) -> bool:
        return (host is None or same_host(host, intent.host)) and (vm_id is None or intent.vm_id == vm_id.lower())

    return [intent for intent in session.intents() if wanted(intent)]


def finish(session: Session, intent_id: int, job: Job) -> bool:
    """Note that it is finished; False when it was already."""
    intent = next((intent for intent in session.intents() if intent.id == intent_id), None)
    if intent is None:
        return False
    session.delete_intent(intent_id)
    session.log("intent", "finished", job, intent_record(intent, is_open=False), None, "")
    return True

# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The little of WS-Management that a WinRM client needs."""

from __future__ import annotations

import base64
import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
_NS = {"s": ENVELOPE, "a": ADDRESSING, "w": WSMAN, "rsp": SHELL}

TIMED_OUT = 2150858793  # the client asks again
NO_SUCH_SHELL = 2150858843


class SoapError(Exception):
    """Not a message of WS-Management."""


@dataclass
class Request:
    action: str
    message_id: str
    shell: str
    command: str
    operation_timeout: float
    stdin: bytes = b""
    end_of_input: bool = False
    streams: list[str] = field(default_factory=list)


def parse(body: bytes) -> Request:
    try:
        root = ET.fromstring(body)
    except ET.ParseError as problem:
        raise SoapError(f"not XML: {problem}") from problem
    action = root.findtext(".//a:Action", "", _NS).rpartition("/")[2]
    if not action:
        raise SoapError("no action")
    shell = root.findtext(".//w:Selector[@Name='ShellId']", "", _NS)
    request = Request(
        action=action,
        message_id=root.findtext(".//a:MessageID", "", _NS),
        shell=shell,
        command="",
        operation_timeout=_seconds(root.findtext(".//w:OperationTimeout", "", _NS)),
    )
    if action == "Send":
        for stream in root.findall(".//rsp:Stream", _NS):
            request.command = stream.get("CommandId", "")
            request.stdin += base64.b64decode(stream.text or "")
            request.end_of_input = request.end_of_input or stream.get("End", "").lower() == "true"
    elif action == "Receive":
        stream_node = root.find(".//rsp:DesiredStream", _NS)
        request.command = stream_node.get("CommandId", "") if stream_node is not None else ""
    elif action == "Signal":
        signal = root.find(".//rsp:Signal", _NS)
        request.command = signal.get("CommandId", "") if signal is not None else ""
    return request


def _seconds(duration: str) -> float:
    found = re.match(r"PT(\d+(?:\.\d+)?)S\Z", duration.strip())
    return float(found.group(1)) if found else 20.0


def envelope(request: Request | None, body: str) -> bytes:
    relates_to = escape(request.message_id) if request else ""
    return (
        f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}">'
        f"<s:Header><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def created(shell: str) -> str:
    return (
        f'<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId><w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector>'
        "</w:SelectorSet></rsp:Shell>"
    )


def command_started(command: str) -> str:
    return f"<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>"


def output(command: str, stdout: bytes, stderr: bytes, rc: int) -> str:
    return (
        "<rsp:ReceiveResponse>"
        + _stream(command, "stdout", stdout)
        + _stream(command, "stderr", stderr)
        + f'<rsp:CommandState CommandId="{command}" State="{SHELL}/CommandState/Done">'
        f"<rsp:ExitCode>{rc}</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>"
    )


def _stream(command: str, name: str, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return (
        f'<rsp:Stream Name="{name}" CommandId="{command}">{text}</rsp:Stream>'
        f'<rsp:Stream Name="{name}" CommandId="{command}" End="true"></rsp:Stream>'
    )


def fault(code: int, reason: str) -> str:
    return (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:"
        + ("TimedOut" if code == TIMED_OUT else "InvalidSelectors")
        + f'</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">{escape(reason)}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault xmlns:f="{FAULT}" Code="{code}"><f:Message>{escape(reason)}</f:Message></f:WSManFault>'
        "</s:Detail></s:Fault>"
    )

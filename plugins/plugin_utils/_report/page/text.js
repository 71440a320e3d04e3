// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Elements and text. All observed text becomes a text node, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(4)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child);
  }
}

const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Characters that control a renderer and are not visible: controls, direction marks, joiners, lone surrogates.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

function visible(text) {
  return String(text).replace(UNSEEN, (char) => {
    const code = char.codePointAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

const LONGEST = 64;

const clip = (text) => (text.length > LONGEST ? `${Array.from(text).slice(0, LONGEST - 1).join("")}\u2026` : text);

// A name, isolated from the text direction around it, and short enough for a table.
function name(text, whole = false) {
  const full = visible(text);
  if (!full.trim()) return h("bdi", { class: "name nameless" }, full ? `"${full}"` : "(no name)");
  const chars = Array.from(full);
  if (whole || chars.length <= LONGEST) return h("bdi", { class: "name" }, full);
  const short = `${chars.slice(0, 44).join("")}\u2026${chars.slice(-14).join("")}`;
  return h("bdi", { class: "name", title: full }, short);
}

// A short text that may contain anything; empty if there is none.
const shortly = (text) => (text ? name(text) : "");

const hex = (address) => address.toString(16).toUpperCase().padStart(12, "0");
const dashed = (address) => hex(address).match(/../g).join("-");

function mac(address, link = true) {
  if (address === null) return h("span", { class: "muted" }, "unknown");
  if (typeof address === "string") return h("bdi", { class: "mac odd", title: "not a MAC address" }, visible(address) || "(empty)");
  if (!address) return h("span", { class: "muted" }, "none yet");
  if (!link) return h("span", { class: "mac" }, dashed(address));
  return h("a", { class: "mac", href: `#/map?at=${hex(address)}` }, dashed(address));
}

const number = (value) => value.toLocaleString("en");
const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;

function ago(seconds) {
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}s`;
  }
  return count(Math.max(0, Math.floor(seconds)), "second");
}

const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC";

// Commands and module names in a remedy are marked, so that they can be found and pasted.
function remedy(text) {
  const parts = visible(text).split(/(ansible-playbook [\w.]*\w|macpool[\w.]*\w)/);
  return parts.map((part, place) => (place % 2 ? h("code", {}, part) : part));
}

// A sentence of the audit: quoted names do not change the text direction, and addresses are not broken.
function sentence(text) {
  const parts = visible(text).split(/("[^"]*"|\b(?:[0-9A-F]{2}-){5}[0-9A-F]{2}\b)/);
  return parts.map((part, place) => (place % 2 === 0 ? part : part[0] === '"' ? h("bdi", {}, part) : h("span", { class: "mac" }, part)));
}

function say(text) {
  document.getElementById("said").textContent = text;
}

async function copy(text, button) {
  const label = button.textContent;
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    // Browsers block the clipboard for pages loaded over plain HTTP.
    const area = h("textarea", { class: "hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = done ? "Copied" : "Select and copy by hand";
  say(button.textContent);
  setTimeout(() => { button.textContent = label; }, 1600);
}

const copier = (label, text) => h("button", { type: "button", class: "small", onclick: (event) => copy(text(), event.currentTarget) }, label);

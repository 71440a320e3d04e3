// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The band of the map: lanes of ranges over one axis, with the addresses in use below them.

const LANES = [
  ["Host ranges", ["range"]],
  ["Plan", ["pool", "block", "lease"]],
  ["Others", ["other", "nc", "container"]],
];
const KINDS = {
  range: "range from which Hyper-V hands out addresses", pool: "pool of the plan", block: "static block of a host",
  lease: "addresses of the plan from which hosts get their ranges", other: "range of another allocator", nc: "pool of the Network Controller",
  container: "pool of container networking", stray: "addresses outside all known ranges",
};
const MOST_ROWS = 4;
const TICK = 0.135;
const NARROWEST = 0.0028;

const rangeTitle = (range) => (range.kind === "stray" ? `${dashed(range.start).slice(0, range.end - range.start < 256 ? 14 : 8)}\u2026` : shown(range.name));

function rangeWords(range) {
  const parts = [range.kind === "stray" ? "" : `${shown(range.name)}: `, KINDS[range.kind], `, ${dashed(range.start)} to ${dashed(range.end)}, `,
    count(range.end - range.start + 1, "address"), `, ${number(usedIn(range.start, range.end))} in use`];
  if (range.shared) parts.push(", overlaps another host's range");
  return parts.join("");
}

// Rows of one lane, so that ranges that overlap are below each other.
function stacked(ranges) {
  const ends = [], rows = [];
  for (const range of ranges.slice().sort((a, b) => a.start - b.start || b.end - a.end)) {
    let row = ends.findIndex((end) => end < range.start);
    if (row < 0) row = Math.min(ends.length, MOST_ROWS - 1);
    ends[row] = Math.max(ends[row] ?? -1, range.end);
    (rows[row] ||= []).push(range);
  }
  return rows;
}

function band(view, { go, tell }) {
  const axis = layout(view);
  const place = (start, end) => {
    const from = axis.place(Math.max(start, view.start));
    const to = end >= view.end ? 1 : axis.place(end + 1);
    const width = Math.max(to - from, NARROWEST);
    return [Math.min(from, 1 - width), width];
  };
  const put = (element, start, end) => {
    const [from, width] = place(start, end);
    element.style.left = `${(from * 100).toFixed(3)}%`;
    element.style.width = `${(width * 100).toFixed(3)}%`;
    return width;
  };
  const buttons = [];
  const rangeButton = (range, lane) => {
    const button = h("button", {
      type: "button", class: `range range-${range.kind}${range.shared ? " shared" : ""}`, tabindex: "-1", "aria-label": rangeWords(range),
      onclick: () => go({ start: range.start, end: range.end }),
      onfocus: () => { rove(button); tell(range); },
      onmouseenter: () => tell(range),
    });
    const width = put(button, range.start, range.end);
    if (width > (range.kind === "stray" ? 0.075 : 0.018)) button.append(h("span", {}, rangeTitle(range)));
    buttons.push({ button, lane, range });
    return button;
  };
  let lane = 0;
  const rows = [];
  for (const [title, kinds] of LANES) {
    const stack = stacked(axis.ranges.filter((range) => kinds.includes(range.kind)));
    stack.forEach((ranges, at) => {
      rows.push(h("div", { class: "lane" }, h("span", { class: "lane-name" }, at ? "" : title),
        h("div", { class: "lane-box" }, folds(axis, put), ranges.map((range) => rangeButton(range, lane)))));
      lane += 1;
    });
  }
  if (axis.clusters.length) {
    rows.push(h("div", { class: "lane" }, h("span", { class: "lane-name" }, "Elsewhere"),
      h("div", { class: "lane-box" }, folds(axis, put), axis.clusters.map((range) => rangeButton(range, lane)))));
  }
  rows.push(h("div", { class: "lane" }, h("span", { class: "lane-name" }, "In use"),
    h("div", { class: "lane-box tall" }, folds(axis, put), density(axis, view))));
  rows.push(h("div", { class: "lane" }, h("span", { class: "lane-name" }), ticks(axis, put)));

  function rove(button) {
    for (const item of buttons) item.button.tabIndex = item.button === button ? 0 : -1;
  }
  if (buttons.length) buttons[0].button.tabIndex = 0;

  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  const element = h("div", { class: "band", role: "group", "aria-label": "Map of addresses: arrow keys move, Enter zooms in, minus zooms out, zero shows the whole space" }, rows);
  element.addEventListener("keydown", (event) => {
    const at = buttons.findIndex((item) => item.button === document.activeElement);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step[event.key] && at >= 0) {
      const [lanes, along] = step[event.key];
      const here = buttons[at];
      let next;
      if (along) next = buttons.filter((item) => item.lane === here.lane)[buttons.filter((item) => item.lane === here.lane).indexOf(here) + along];
      else {
        const row = buttons.filter((item) => item.lane === here.lane + lanes);
        next = row.reduce((best, item) => (!best || Math.abs(item.range.start - here.range.start) < Math.abs(best.range.start - here.range.start) ? item : best), null);
      }
      if (next) next.button.focus();
      event.preventDefault();
    } else if (event.key === "-" || event.key === "Backspace") {
      go(outOf(view));
      event.preventDefault();
    } else if (event.key === "+" && at >= 0) {
      go({ start: buttons[at].range.start, end: buttons[at].range.end });
      event.preventDefault();
    } else if (event.key === "0") {
      go(SPACE);
      event.preventDefault();
    }
  });

  // The wheel with Ctrl zooms around the pointer; dragging selects addresses.
  const boxAt = (event) => {
    const box = element.querySelector(".lane-box").getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  element.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const at = boxAt(event);
    if (event.deltaY > 0) return go(outOf(view));
    return go({ start: axis.address(Math.max(0, at - at * 0.5)), end: axis.address(Math.min(1, at + (1 - at) * 0.5)) });
  }, { passive: false });
  let pressed = null, dragged = false;
  const frame = h("div", { class: "frame", hidden: true });
  element.append(frame);
  element.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.pointerType === "mouse") pressed = { at: boxAt(event), x: event.clientX };
  });
  element.addEventListener("pointermove", (event) => {
    if (!pressed || Math.abs(event.clientX - pressed.x) < 6) return;
    dragged = true;
    frame.hidden = false;
    const outer = element.getBoundingClientRect();
    frame.style.left = `${Math.min(event.clientX, pressed.x) - outer.left}px`;
    frame.style.width = `${Math.abs(event.clientX - pressed.x)}px`;
  });
  const release = (event) => {
    if (pressed && dragged && event.type === "pointerup") {
      const at = boxAt(event);
      const start = axis.address(Math.min(at, pressed.at)), end = axis.address(Math.max(at, pressed.at));
      if (end > start) go({ start, end });
    }
    pressed = null;
    frame.hidden = true;
  };
  element.addEventListener("pointerup", release);
  element.addEventListener("pointerleave", release);
  // A drag that ends on a range is not a click on it.
  element.addEventListener("click", (event) => {
    if (dragged) event.stopPropagation();
    dragged = false;
  }, true);
  return { element, axis };
}

const folds = (axis, put) => axis.pieces.filter((piece) => !piece.used).map((piece) => {
  const fold = h("span", { class: "fold", "aria-hidden": "true", title: `${count(sizeOf(piece), "unused address")}` });
  put(fold, piece.start, piece.end);
  return fold;
});

// How many addresses of each strip of the axis are in use; red for urgent findings.
function density(axis, view) {
  const BINS = 360, HEIGHT = 40;
  const every = new Array(BINS).fill(0), urgent = new Array(BINS).fill(0);
  for (let at = placeOf(view.start); at < ADDRESSES.length && ADDRESSES[at] <= view.end; at++) {
    const bin = Math.min(BINS - 1, Math.floor(axis.place(ADDRESSES[at]) * BINS));
    every[bin] += 1;
    const worst = WORST_AT.get(ADDRESSES[at]);
    if (worst !== undefined && worst <= 1) urgent[bin] += 1;
  }
  const most = Math.max(1, ...every);
  const tall = (value) => (value ? Math.max(4, (Math.log2(value + 1) / Math.log2(most + 1)) * HEIGHT) : 0);
  const path = (values) => values.map((value, at) => (value ? `M${at} ${HEIGHT}V${(HEIGHT - tall(value)).toFixed(1)}h1V${HEIGHT}z` : "")).join("");
  const words = `${count(usedIn(view.start, view.end), "address")} in use here, ${number(urgent.reduce((a, b) => a + b, 0))} of them in a critical or high finding`;
  return svg("svg", { class: "density", viewBox: `0 0 ${BINS} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
    svg("path", { class: "all", d: path(every) }), svg("path", { class: "urgent", d: path(urgent) }));
}

// Addresses below the lanes at the start of used pieces, if there is room.
function ticks(axis, put) {
  const box = h("div", { class: "lane-box ticks", "aria-hidden": "true" });
  let free = 0, wasUsed = false;
  for (const piece of axis.pieces) {
    const begins = piece.used && (!wasUsed || piece.from - free > 0.06);
    wasUsed = piece.used;
    const left = piece.from > 0.88;
    if (!begins || piece.from < free || (left && piece.from - TICK < free)) continue;
    const tick = h("span", { class: "tick" }, dashed(piece.start));
    put(tick, piece.start, piece.start);
    if (left) tick.classList.add("left");
    box.append(tick);
    free = left ? 1 : piece.from + TICK;
  }
  return box;
}

// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The grid of the map: one cell for each address, or, in large views, for a power of sixteen of them.

const MOST_CELLS = 1024;
const LARGEST_GRID = 2 ** 24;

function cellSize(view) {
  let size = 1;
  while (sizeOf(view) / size > MOST_CELLS) size *= 16;
  return size;
}

function look(address) {
  const carriers = CARRIERS.get(address) || [];
  const claim = CLAIMS.get(address);
  const worst = WORST_AT.get(address);
  const kind = carriers.length > 1 ? "many"
    : carriers.length ? (carriers[0].vm === null ? "own" : carriers[0].kind === "checkpoint" ? "asleep" : carriers[0].dynamic === 1 ? "dynamic" : "static")
    : claim ? "promised" : "free";
  return { carriers, claim, kind, bad: worst !== undefined && worst <= 1 };
}

function addressWords(address) {
  const { carriers, claim, bad } = look(address);
  const parts = carriers.map((carrier) => `${carrierWords(carrier)}, ${wayWords(carrier)}`);
  if (claim) parts.push(`promised to ${shown(claim.owner)} (${visible(claim.state)})`);
  return `${dashed(address)}: ${parts.join("; ") || "free"}${bad ? "; urgent finding" : ""}`;
}

const LEGEND = [["free", "free"], ["dynamic", "dynamic"], ["static", "static"], ["own", "host's own adapter"], ["asleep", "checkpoint only"], ["promised", "promised only"], ["many", "several adapters"], ["bad", "urgent finding"]];

const legend = () => h("ul", { class: "legend", "aria-label": "Legend" }, LEGEND.map(([kind, words]) =>
  h("li", {}, h("span", { class: `cell ${kind === "bad" ? "free bad" : kind}`, "aria-hidden": "true" }), words)));

// pick gets a view to zoom into or a single address; tell gets what is pointed at, and whether the focus moved there.
function grid(view, { tell, pick, at = null }) {
  const size = cellSize(view), cells = [];
  const wide = sizeOf(view) / size > 256 && window.innerWidth > 900;
  const columns = wide ? 32 : 16;
  const row = columns * size;
  const first = Math.floor(view.start / row) * row;
  const box = h("div", { class: `grid of-${columns}`, role: "group", "aria-label": `Addresses from ${dashed(view.start)} to ${dashed(view.end)}, arrow keys move` });
  for (let start = first; start <= view.end; start += row) {
    box.append(h("span", { class: "row-name mac", "aria-hidden": "true" }, dashed(start).slice(3)));
    for (let column = 0; column < columns; column++) {
      const from = start + column * size, to = from + size - 1;
      if (to < view.start || from > view.end) {
        box.append(h("span", { class: "cell outside", "aria-hidden": "true" }));
        continue;
      }
      const cell = { from: Math.max(from, view.start), to: Math.min(to, view.end), slot: cells.length };
      cell.button = h("button", { type: "button", tabindex: "-1", class: cellClass(cell, size), "data-slot": cell.slot, "aria-label": cellWords(cell, size) });
      cells.push(cell);
      box.append(cell.button);
    }
  }
  function rove(cell) {
    for (const old of box.querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
    cell.button.tabIndex = 0;
  }
  const cellOf = (target) => {
    const button = target.closest ? target.closest("button[data-slot]") : null;
    return button ? cells[Number(button.dataset.slot)] : null;
  };
  const show = (cell, moved) => tell(size === 1 ? cell.from : { start: cell.from, end: cell.to, kind: "part" }, moved);
  box.addEventListener("focusin", (event) => {
    const cell = cellOf(event.target);
    if (cell) {
      rove(cell);
      show(cell, true);
    }
  });
  box.addEventListener("mouseover", (event) => { const cell = cellOf(event.target); if (cell) show(cell, false); });
  box.addEventListener("click", (event) => { const cell = cellOf(event.target); if (cell) pick(size === 1 ? cell.from : { start: cell.from, end: cell.to }); });
  box.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    let next = step ? cells[cell.slot + step] : undefined;
    if (event.key === "Home") next = cells[0];
    if (event.key === "End") next = cells[cells.length - 1];
    if (next) next.button.focus();
    if (step || event.key === "Home" || event.key === "End") event.preventDefault();
  });
  const start = cells.find((cell) => at !== null && cell.from <= at && cell.to >= at) || cells[0];
  if (start) {
    start.button.tabIndex = 0;
    if (at !== null && start.from <= at && start.to >= at) start.button.classList.add("here");
  }
  return { element: box, size };
}

function cellClass(cell, size) {
  if (size === 1) {
    const { kind, bad } = look(cell.from);
    return `cell ${kind}${bad ? " bad" : ""}`;
  }
  const used = usedIn(cell.from, cell.to);
  if (!used) return "cell free";
  let bad = false;
  for (let at = placeOf(cell.from); !bad && at < ADDRESSES.length && ADDRESSES[at] <= cell.to; at++) {
    const worst = WORST_AT.get(ADDRESSES[at]);
    bad = worst !== undefined && worst <= 1;
  }
  const share = used / (cell.to - cell.from + 1);
  return `cell some-${share > 0.75 ? 4 : share > 0.4 ? 3 : share > 0.1 ? 2 : 1}${bad ? " bad" : ""}`;
}

function cellWords(cell, size) {
  if (size === 1) return addressWords(cell.from);
  return `${dashed(cell.from)} to ${dashed(cell.to)}: ${number(usedIn(cell.from, cell.to))} of ${count(cell.to - cell.from + 1, "address")} in use`;
}

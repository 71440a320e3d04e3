// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Pieces that several views are made of: marks, links, usage bars, tables that show a page of rows at a time.

const pill = (severity) => h("span", { class: `pill sev-${SEVERITIES[severity]}` }, SEVERITIES[severity]);
const hostLink = (host) => h("a", { href: `#/host/${host.at}` }, name(host.name));
const vmLink = (vm) => h("a", { href: `#/vm/${vm.at}` }, name(vm.name));

function worstPill(findings) {
  const worst = worstOf(findings);
  return worst < SEVERITIES.length ? pill(worst) : h("span", { class: "muted" }, "\u2013");
}

function carrierLink(carrier) {
  if (!carrier.vm) return [hostLink(carrier.host), " ", h("span", { class: "muted" }, carrier.kind === "host" ? "itself" : "hardware")];
  if (carrier.kind === "replica") return [vmLink(carrier.vm), h("span", { class: "muted" }, " replica")];
  if (carrier.kind === "checkpoint") return [vmLink(carrier.vm), h("span", { class: "muted" }, " checkpoint "), name(carrier.point)];
  return vmLink(carrier.vm);
}

const spanOf = (start, end) => h("span", { class: "mac" }, `${dashed(start)} \u2026 ${dashed(end)}`);
const spanLink = (start, end) => h("a", { class: "mac", href: `#/map?from=${hex(start)}&to=${hex(end)}` }, `${dashed(start)} \u2026 ${dashed(end)}`);

function usageBar(usage) {
  const level = usage.percent >= 100 ? "full" : usage.percent >= usage.warnAt ? "warn" : "fine";
  const width = (value) => Math.max(value ? 0.6 : 0, Math.min(100, (value * 100) / usage.size)).toFixed(2);
  const words = `${number(usage.used)} of ${number(usage.size)} used, ${usage.percent} percent; warning at ${usage.warnAt} percent`;
  return h("span", { class: "usage" },
    svg("svg", { class: `meter ${level}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": words },
      svg("rect", { class: "meter-all", width: 100, height: 8 }),
      usage.claimed ? svg("rect", { class: "meter-promised", width: width(usage.claimed), height: 8 }) : null,
      svg("rect", { class: "meter-used", width: width(usage.used), height: 8 }),
      usage.warnAt < 100 ? svg("rect", { class: "meter-mark", x: usage.warnAt, width: 0.4, height: 8 }) : null),
    h("span", { class: "usage-words" }, h("b", {}, `${usage.percent} %`), ` ${number(usage.used)} of ${number(usage.size)}`));
}

const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));

// A table that keeps all rows in memory and a page of them in the document.
// columns: { label, cell(row), key(row), numeric } ; a column without key does not sort.
function table({ caption, columns, rows, size = 100, none = "Nothing here." }) {
  let shown = rows, from = 0, sorted = -1, down = false;
  const body = h("tbody");
  const heads = columns.map((column, at) => {
    const head = h("th", { scope: "col", class: column.numeric ? "num" : null });
    head.append(column.key ? h("button", { type: "button", class: "sort", onclick: () => sort(at) }, column.label) : column.label);
    return head;
  });
  const where = h("span", { class: "where" });
  const back = h("button", { type: "button", class: "small", onclick: () => turn(-1) }, "Previous");
  const on = h("button", { type: "button", class: "small", onclick: () => turn(1) }, "Next");
  const pager = h("div", { class: "pager" }, back, on, where);
  const element = h("div", { class: "table-box" },
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, heads)), body)), pager);

  function draw() {
    const rest = shown.slice(from, from + size);
    body.replaceChildren(...rest.map((row) => h("tr", {}, columns.map((column, at) => {
      const kind = at === 0 ? "th" : "td";
      return h(kind, { class: column.numeric ? "num" : null, scope: at === 0 ? "row" : null }, column.cell(row));
    }))));
    if (!rest.length) body.append(h("tr", {}, h("td", { colspan: columns.length, class: "muted" }, none)));
    pager.hidden = shown.length <= size;
    where.textContent = `${number(from + 1)} to ${number(from + rest.length)} of ${number(shown.length)}`;
    back.disabled = !from;
    on.disabled = from + size >= shown.length;
  }
  function turn(step) {
    from += step * size;
    draw();
    element.scrollIntoView({ block: "start" });
    say(where.textContent);
  }
  function sort(at) {
    down = sorted === at ? !down : false;
    sorted = at;
    heads.forEach((head, place) => {
      if (place === at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    order();
    from = 0;
    draw();
  }
  function order() {
    if (sorted < 0) return;
    const key = columns[sorted].key;
    shown = shown.map((row) => [key(row), row]).sort((a, b) => compare(a[0], b[0]) * (down ? -1 : 1)).map((pair) => pair[1]);
  }
  draw();
  return {
    element,
    show(newRows) {
      shown = newRows;
      from = 0;
      order();
      draw();
    },
  };
}

// What somebody typed, as a test for rows: every word has to be there, and a piece of an address in any notation.
function matcher(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const tests = words.map((word) => {
    const digits = word.replace(/[-:.]/g, "");
    return { word, digits: /^[0-9a-f]{4,12}$/.test(digits) ? digits.toUpperCase() : null };
  });
  return (text, addresses) => tests.every(({ word, digits }) =>
    text.includes(word) || (digits !== null && addresses.some((address) => hex(address).includes(digits))));
}

const addressNumber = (text) => {
  const digits = text.trim().replace(/[-:.]/g, "");
  return /^[0-9a-f]{12}$/i.test(digits) ? parseInt(digits, 16) : null;
};

function chosen(label, options, value, onchange) {
  const select = h("select", { onchange: () => onchange(select.value) }, options.map(([key, words]) => h("option", { value: key }, words)));
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  return h("label", { class: "field" }, h("span", {}, label), select);
}

// Typing is not held up by work on ten thousand rows.
function later(work) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, 120);
  };
}

const section = (title, ...children) => h("section", {}, h("h2", {}, title), children);
const facts = (pairs) => h("dl", { class: "facts-list" }, pairs.filter(Boolean).map(([term, ...values]) => h("div", {}, h("dt", {}, term), h("dd", {}, values))));

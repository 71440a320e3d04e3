// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Which view is shown, and what belongs to the page as a whole.

const main = document.getElementById("main");
const summary = document.getElementById("summary");
const view = document.getElementById("view");
const TITLE = document.title;

function remember(path) {
  return (params) => {
    const text = params.toString();
    try {
      history.replaceState(null, "", `#${path}${text ? `?${text}` : ""}`);
    } catch {
      // Some viewers forbid it; then the filters are simply not in the address.
    }
  };
}

function route() {
  const [path, query] = (location.hash.slice(1) || "/").split("?");
  const params = new URLSearchParams(query || "");
  const [, kind = "", id = ""] = path.split("/");
  const views = {
    "": summaryView,
    findings: () => findingsView(params, remember(path)),
    finding: () => findingView(Number(id)),
    map: () => mapView(params),
    hosts: hostsView,
    host: () => hostView(Number(id)),
    vm: () => vmView(Number(id)),
    addresses: () => addressesView(params, remember(path)),
    sources: sourcesView,
    changes: changesView,
  };
  const make = views[kind] || (() => missing("page"));
  summary.hidden = kind !== "";
  main.dataset.view = kind || "summary";
  const content = h("div", {}, make());
  view.replaceChildren(...content.childNodes);
  const section = { host: "hosts", vm: "addresses", finding: "findings" }[kind] || kind;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.getAttribute("href") === `#/${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = (kind ? view : summary).querySelector("h1");
  document.title = kind && heading ? `${heading.textContent.slice(0, 80)} \u2013 ${TITLE}` : TITLE;
  return heading;
}

let shownView = "";
window.addEventListener("hashchange", () => {
  const inMap = document.activeElement && document.activeElement.closest(".band, .map-tools, .grid");
  const heading = route();
  const kind = main.dataset.view;
  // Within the map the focus stays in the map, so that zooming by keyboard can continue.
  const next = kind === "map" && shownView === "map" && inMap ? view.querySelector(".grid .here") || view.querySelector(".band button[tabindex='0']") : null;
  if (next) next.focus();
  else if (heading) heading.focus({ preventScroll: false });
  if (!next) window.scrollTo(0, 0);
  shownView = kind;
});

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

// One search box: an address opens the map; a name that only one VM or host has opens its page.
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = document.getElementById("find-text").value.trim();
  if (!typed) return;
  const address = addressNumber(typed), plain = typed.toLowerCase();
  const hosts = HOSTS.filter((host) => host.name.toLowerCase() === plain);
  const vms = VMS.filter((vm) => vm.name.toLowerCase() === plain || (vm.id && vm.id === plain));
  if (address !== null) location.hash = `#/map?at=${hex(address)}`;
  else if (hosts.length + vms.length === 1) location.hash = hosts.length ? `#/host/${hosts[0].at}` : `#/vm/${vms[0].at}`;
  else location.hash = `#/addresses?${new URLSearchParams({ q: typed })}`;
});

const root = document.documentElement;
const theme = document.getElementById("theme");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const stored = (value) => {
  try {
    if (value === undefined) return localStorage.getItem("macpool-theme");
    localStorage.setItem("macpool-theme", value);
  } catch {
    // Without storage the choice is kept only while the page is open.
  }
  return null;
};
function paint(choice) {
  if (choice === "light" || choice === "dark") root.dataset.theme = choice;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  theme.textContent = isDark ? "Light" : "Dark";
  theme.setAttribute("aria-label", `Switch to ${isDark ? "light" : "dark"} colours`);
}
theme.addEventListener("click", () => {
  const next = theme.textContent === "Light" ? "light" : "dark";
  stored(next);
  paint(next);
});
dark.addEventListener("change", () => paint());
paint(stored());

// On paper: the findings of the current filter in full, with common texts only once, up to a limit.
const MOST_ON_PAPER = 1000;
const paper = document.getElementById("print");
window.addEventListener("beforeprint", () => {
  const listed = main.dataset.view === "findings" ? selected : main.dataset.view === "summary" ? open(FINDINGS) : [];
  if (!listed.length) return;
  const groups = new Map();
  for (const finding of listed.slice(0, MOST_ON_PAPER)) {
    const key = `${finding.severity} ${finding.rule} ${finding.remedy}`;
    if (groups.has(key)) groups.get(key).push(finding);
    else groups.set(key, [finding]);
  }
  add(paper, [h("h2", {}, `Findings (${number(listed.length)})`),
    [...groups.values()].map((group) => h("article", { class: `paper sev-${SEVERITIES[group[0].severity]}` },
      h("h3", {}, pill(group[0].severity), " ", ruleTitle(group[0].rule), h("span", { class: "count" }, number(group.length))),
      h("p", { class: "remedy" }, h("b", {}, "Do"), " ", remedy(group[0].remedy)),
      h("ul", {}, group.map((finding) => h("li", {}, sentence(finding.evidence), finding.waived ? ` (waived until ${finding.waived.until})` : null))))),
    listed.length > MOST_ON_PAPER ? h("p", {}, `${number(listed.length - MOST_ON_PAPER)} more are not printed. Filter the findings before printing, or see report.json.`) : null]);
});
window.addEventListener("afterprint", () => paper.replaceChildren());

for (const words of summary.querySelectorAll(".remedy-text")) {
  const text = words.textContent;
  words.replaceChildren(...remedy(text));
  words.after(" ", copier("Copy", () => text));
}
if (DATA.changes.length) document.querySelector("#nav a").after(" ", h("a", { href: "#/changes" }, "Changes"));
const old = Date.now() / 1000 - DATA.made;
if (old > 86400) summary.querySelector(".facts").append(h("b", { class: "stale" }, ` This report is ${ago(old)} old.`));

route();
shownView = main.dataset.view;
root.classList.add("ready");

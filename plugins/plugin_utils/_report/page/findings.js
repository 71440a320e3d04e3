// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Findings: one of them, a list of them, and the view with search and filters.

const FIRST = 50;

function waiverText(finding) {
  const quoted = (text) => JSON.stringify(visible(text));
  const subject = finding.addresses.length === 1 ? dashed(finding.addresses[0])
    : finding.addresses.length === 2 && OF_RANGE.test(finding.rule) ? finding.addresses.map(dashed).join("..")
    : finding.vms.length ? finding.vms[0].id || finding.vms[0].name
    : finding.hosts.length ? finding.hosts[0].name : "";
  return `- rule: ${finding.rule}\n  subject: ${quoted(subject)}\n  reason: ""\n  owner: ""\n  until: ""\n`;
}

function findingText(finding) {
  return visible(`${SEVERITIES[finding.severity]}  ${finding.rule}: `) + visible(finding.evidence) + "\n" + visible(finding.remedy) + "\n";
}

function findingBody(finding) {
  const rule = RULES.get(finding.rule);
  return [
    h("p", { class: "remedy" }, h("b", {}, "Do"), " ", h("span", { class: "remedy-text" }, remedy(finding.remedy))),
    rule ? h("p", { class: "why" }, h("b", {}, "Why"), " ", visible(rule.explanation)) : null,
    finding.waived ? h("p", { class: "waiver" }, h("b", {}, "Waived"), " until ", finding.waived.until, " by ", name(finding.waived.owner), ": ", visible(finding.waived.reason)) : null,
    facts([
      finding.addresses.length ? [OF_RANGE.test(finding.rule) && finding.addresses.length === 2 ? "Range" : "Address",
        OF_RANGE.test(finding.rule) && finding.addresses.length === 2 ? spanLink(...finding.addresses)
          : finding.addresses.slice(0, 12).map((address) => [mac(address), " "])] : null,
      finding.vms.length ? ["VMs", some(finding.vms, vmLink)] : null,
      finding.others.length ? ["Also", some(finding.others, (text) => name(text))] : null,
      finding.hosts.length ? ["Hosts", some(finding.hosts, hostLink)] : null,
    ]),
  ];
}

function some(items, render, most = 12) {
  const first = items.slice(0, most).map((item) => h("li", {}, render(item)));
  if (items.length > most) first.push(h("li", { class: "muted" }, `and ${number(items.length - most)} more`));
  return h("ul", { class: "inline" }, first);
}

function findingItem(finding, opened = false) {
  const body = h("div", { class: "finding-body" });
  const build = () => {
    if (body.childNodes.length) return;
    add(body, [findingBody(finding), h("p", { class: "tools" },
      copier("Copy finding", () => findingText(finding)),
      copier("Copy remedy", () => visible(finding.remedy)),
      finding.waived ? null : copier("Copy as waiver", () => waiverText(finding)),
      h("a", { class: "small", href: `#/finding/${finding.at}` }, "Link to this finding"))]);
  };
  const item = h("details", { class: `finding sev-${SEVERITIES[finding.severity]}${finding.waived ? " is-waived" : ""}`, open: opened },
    h("summary", {},
      pill(finding.severity),
      h("span", { class: "evidence" }, sentence(finding.evidence)),
      h("span", { class: "rule" }, finding.rule, finding.waived ? " \u00b7 waived" : "")),
    body);
  item.addEventListener("toggle", build);
  if (opened) build();
  return item;
}

function findingList(findings, none = "No findings.", first = FIRST) {
  const box = h("div", { class: "findings" });
  let shown = 0;
  const more = h("button", { type: "button", class: "wide", onclick: () => { const at = shown; grow(); box.children[at].querySelector("summary").focus(); } });
  const element = h("div", {}, box, more);
  let current = findings;
  function grow() {
    const step = shown ? FIRST : first;
    box.append(...current.slice(shown, shown + step).map((finding) => findingItem(finding)));
    shown = Math.min(current.length, shown + step);
    const rest = current.length - shown;
    more.hidden = !rest;
    more.textContent = `Show ${number(Math.min(FIRST, rest))} more of ${number(rest)}`;
  }
  function show(list) {
    current = list;
    shown = 0;
    box.replaceChildren();
    if (!list.length) box.append(h("p", { class: "muted none" }, none));
    grow();
  }
  show(findings);
  return { element, show };
}

// The text that is searched, created at the first search.
let searched = null;
function searchTexts() {
  searched ||= FINDINGS.map((finding) => [
    finding.rule, ruleTitle(finding.rule), finding.evidence, finding.remedy, ...finding.others,
    ...finding.vms.map((vm) => `${vm.name} ${vm.id || ""}`), ...finding.hosts.map((host) => host.name),
  ].join(" ").toLowerCase());
  return searched;
}

let selected = open(FINDINGS);

function findingsView(params, remember) {
  const state = {
    q: params.get("q") || "", rule: params.get("rule") || "", host: params.get("host") || "",
    waived: params.get("waived") || "no",
    sev: new Set((params.get("sev") || "").split(",").filter((item) => SEVERITIES.includes(item))),
  };
  const counts = new Map(), hosts = new Set();
  for (const finding of FINDINGS) {
    counts.set(finding.rule, (counts.get(finding.rule) || 0) + 1);
    for (const host of finding.hosts) hosts.add(host);
  }
  const list = findingList([]);
  const told = h("p", { class: "told", role: "status", "aria-live": "polite" });
  const search = h("input", { type: "search", id: "q", autocomplete: "off", spellcheck: "false", placeholder: "Words, names, part of an address" });
  search.value = state.q;
  search.addEventListener("input", later(() => { state.q = search.value; apply(); }));
  const toggles = SEVERITIES.map((severity) => h("button", {
    type: "button", class: `toggle sev-${severity}`, "aria-pressed": String(state.sev.has(severity)), "data-sev": severity,
    onclick: (event) => {
      if (!state.sev.delete(severity)) state.sev.add(severity);
      event.currentTarget.setAttribute("aria-pressed", String(state.sev.has(severity)));
      apply();
    },
  }));
  const clear = h("button", { type: "button", class: "small", onclick: () => {
    Object.assign(state, { q: "", rule: "", host: "", waived: "no", sev: new Set() });
    search.value = "";
    for (const select of filters.querySelectorAll("select")) select.selectedIndex = 0;
    for (const toggle of toggles) toggle.setAttribute("aria-pressed", "false");
    apply();
    search.focus();
  } }, "Clear filters");
  const pick = (key) => (value) => { state[key] = value; apply(); };
  const filters = h("div", { class: "filters", role: "search", "aria-label": "Filter findings" },
    h("label", { class: "field grow" }, h("span", {}, "Search"), search),
    h("div", { class: "field" }, h("span", { id: "sev-label" }, "Severity"), h("div", { class: "toggles", role: "group", "aria-labelledby": "sev-label" }, toggles)),
    chosen("Rule", [["", "all rules"], ...[...counts].sort().map(([rule, found]) => [rule, `${rule} (${number(found)})`])], state.rule, pick("rule")),
    chosen("Host", [["", "all hosts"], ...[...hosts].sort((a, b) => compare(a.name, b.name)).map((host) => [String(host.at), clip(visible(host.name))])], state.host, pick("host")),
    chosen("Waived", [["no", "not waived"], ["yes", "only waived"], ["all", "all"]], state.waived, pick("waived")));

  function apply() {
    const fits = matcher(state.q), texts = state.q ? searchTexts() : null;
    const totals = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0]));
    const host = state.host === "" ? null : HOSTS[Number(state.host)];
    selected = FINDINGS.filter((finding) => {
      if (state.waived !== "all" && Boolean(finding.waived) !== (state.waived === "yes")) return false;
      if (state.rule && finding.rule !== state.rule) return false;
      if (host && !finding.hosts.includes(host)) return false;
      if (texts && !fits(texts[finding.at], finding.addresses)) return false;
      const severity = SEVERITIES[finding.severity];
      totals[severity] += 1;
      return !state.sev.size || state.sev.has(severity);
    });
    toggles.forEach((toggle) => {
      const severity = toggle.dataset.sev;
      toggle.replaceChildren(severity, " ", h("b", {}, number(totals[severity])));
    });
    list.show(selected);
    told.replaceChildren(`${number(selected.length)} of ${count(FINDINGS.length, "finding")} `, clear);
    const kept = { q: state.q, rule: state.rule, host: state.host, waived: state.waived === "no" ? "" : state.waived, sev: [...state.sev].join(",") };
    remember(new URLSearchParams(Object.entries(kept).filter(([, value]) => value)));
    clear.hidden = !Object.values(kept).some(Boolean);
  }
  const all = (opened) => () => { for (const item of list.element.querySelectorAll("details")) item.open = opened; };
  apply();
  return [h("h1", { tabindex: "-1" }, "Findings"), filters,
    h("div", { class: "told-row" }, told, h("p", { class: "tools" },
      h("button", { type: "button", class: "small", onclick: all(true) }, "Open all shown"),
      h("button", { type: "button", class: "small", onclick: all(false) }, "Close all"),
      copier("Copy these as text", () => selected.map(findingText).join("\n")))),
    list.element];
}

function findingView(at) {
  const finding = FINDINGS[at];
  if (!finding) return missing("finding");
  return [h("h1", { tabindex: "-1" }, ruleTitle(finding.rule)), findingItem(finding, true),
    h("p", {}, h("a", { href: `#/findings?rule=${finding.rule}` }, `All findings of ${finding.rule}`))];
}

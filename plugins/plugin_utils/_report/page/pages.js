// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The views: what is under the summary, the map, hosts, VMs, addresses, sources, changes.

const missing = (what) => [h("h1", { tabindex: "-1" }, `No such ${what}`), h("p", {}, "The link is from another report.")];
const mapLink = (view) => `#/map?from=${hex(view.start)}&to=${hex(view.end)}`;
const hrefOf = (view) => (same(view, SPACE) ? "#/map" : mapLink(view));

function timeLeft(row) {
  if (row.perDay === null) return h("span", { class: "muted" }, "unknown");
  const rate = h("span", { class: "muted" }, ` ${row.perDay > 0 ? "+" : ""}${row.perDay} a day`);
  if (row.daysLeft === null) return ["not in sight", rate];
  return [h(row.daysLeft <= 30 ? "b" : "span", {}, count(row.daysLeft, "day")), rate];
}

function usageTable(rows) {
  return table({
    caption: "Usage of ranges and pools", size: 12, rows, none: "No range and no pool is known.",
    columns: [
      { label: "Range or pool", cell: (row) => [h("span", { class: "muted" }, { pool: "pool ", nc_pool: "pool of the Network Controller " }[row.kind] || "hosts "), name(row.name)], key: (row) => row.name },
      { label: "Addresses", cell: (row) => spanLink(row.start, row.end), key: (row) => row.start },
      { label: "Used", cell: usageBar, key: (row) => row.percent },
      ...(DATA.ledger ? [{ label: "Claimed", cell: (row) => number(row.claimed), key: (row) => row.claimed, numeric: true }] : []),
      ...(USAGE.some((row) => row.perDay !== null) ? [{ label: "Full in", cell: timeLeft, key: (row) => row.daysLeft ?? Number.MAX_SAFE_INTEGER }] : []),
    ],
  }).element;
}

function summaryView() {
  const told = h("p", { class: "map-told", "aria-hidden": "true" }, "Point at a piece to see whose it is, click it to zoom in.");
  const space = band(SPACE, { go: (view) => { location.hash = hrefOf(view); }, tell: (land) => { told.textContent = landWords(land); } });
  const full = USAGE.slice().sort((a, b) => b.percent / b.warnAt - a.percent / a.warnAt || compare(a.name, b.name));
  return [
    LAND.length || ADDRESSES.length ? section("The address space", space.element, told,
      h("p", { class: "muted" }, "Not to scale: stretches that nobody uses are folded. ", h("a", { href: "#/map" }, "Open the map"))) : null,
    USAGE.length ? section("Fullest first", usageTable(full)) : null,
  ];
}

function mapView(params) {
  const at = addressNumber(params.get("at") || "");
  let from = addressNumber(params.get("from") || ""), to = addressNumber(params.get("to") || "");
  if (at !== null && from === null) {
    const home = LAND.filter((land) => land.start <= at && land.end >= at && sizeOf(land) <= 4096).sort((a, b) => sizeOf(a) - sizeOf(b))[0];
    from = home ? home.start : Math.floor(at / 256) * 256;
    to = home ? home.end : from + 255;
  }
  let view = from !== null && to !== null && from <= to ? { start: from, end: to } : SPACE;
  if (sizeOf(view) < 16) view = { start: Math.floor(view.start / 16) * 16, end: Math.floor(view.start / 16) * 16 + 15 };
  const go = (next) => { location.hash = hrefOf(next); };
  const detail = h("div", { class: "map-detail" });
  let held = null;
  // What was picked stays on display while the pointer wanders, until the focus moves on.
  const tell = (what, moved) => {
    if (moved && what !== held) held = null;
    if (held === null) detail.replaceChildren(...describe(what));
  };
  const pick = (what) => {
    if (typeof what !== "number") return go(what);
    held = null;
    tell(what);
    held = what;
    for (const old of document.querySelectorAll(".grid .here")) old.classList.remove("here");
    if (document.activeElement.closest(".grid")) document.activeElement.classList.add("here");
    say(addressWords(what));
    return undefined;
  };
  const { element, axis } = band(view, { go, tell: (what) => tell(what, true) });
  const cells = sizeOf(view) <= LARGEST_GRID ? grid(view, { tell, pick, at }) : null;
  if (at !== null) {
    tell(at);
    held = at;
  } else if (!same(view, SPACE)) tell({ ...view, kind: "view" });
  const jump = h("input", { type: "text", id: "jump", class: "mac", size: 20, autocomplete: "off", spellcheck: "false", placeholder: "00-15-5D-00-00-00" });
  const zoomed = !same(view, SPACE);
  const tools = h("form", { class: "map-tools", onsubmit: (event) => {
    event.preventDefault();
    const wanted = addressNumber(jump.value);
    if (wanted === null) say("That is no address: 12 hexadecimal digits are needed");
    else location.hash = `#/map?at=${hex(wanted)}`;
    jump.setAttribute("aria-invalid", String(wanted === null));
  } },
    h("button", { type: "button", onclick: () => go(outOf(view)), disabled: !zoomed, title: "minus key" }, "Zoom out"),
    h("button", { type: "button", onclick: () => go(SPACE), disabled: !zoomed, title: "0 key" }, "Whole space"),
    zoomed ? [
      h("button", { type: "button", onclick: () => go(shifted(view, -1)), "aria-label": "Move to lower addresses" }, "\u2190"),
      h("button", { type: "button", onclick: () => go(shifted(view, 1)), "aria-label": "Move to higher addresses" }, "\u2192")] : null,
    h("label", { class: "jump", for: "jump" }, "Go to "), jump, h("button", { type: "submit" }, "Show"));
  return [
    h("h1", { tabindex: "-1" }, "Map"),
    tools,
    h("p", { class: "crumb" }, zoomed ? [spanOf(view.start, view.end), ` \u00b7 ${count(sizeOf(view), "address")}, ${number(carriedIn(view.start, view.end))} carried`]
      : "The whole space. Stretches that nobody uses are folded; the rest has room by the logarithm of its size."),
    element,
    h("p", { class: "muted hint" }, "Click or Enter zooms in, dragging chooses a stretch, Ctrl and the wheel zoom around the pointer; arrow keys move, minus zooms out, 0 shows the whole space."),
    h("div", { class: "map-lower" }, cells ? h("div", {}, h("p", { class: "muted" }, cells.size === 1 ? "One cell is one address." : `One cell is ${count(cells.size, "address")}. Click it to zoom in.`), cells.element,
      cells.size === 1 ? legend() : null) : null, detail),
    axis.lands.length + axis.clusters.length > 1 ? section("In this stretch", landTable([...axis.lands, ...axis.clusters])) : null,
  ];
}

const landTable = (lands) => table({
  caption: "Land in this stretch", rows: lands.slice().sort((a, b) => a.start - b.start || a.end - b.end), size: 16,
  columns: [
    { label: "Whose", cell: (land) => (land.kind === "stray" ? h("span", { class: "muted" }, "nobody's") : name(land.name)), key: (land) => land.name },
    { label: "What", cell: (land) => [KINDS[land.kind], land.shared ? h("span", { class: "bad-words" }, ", overlaps") : null], key: (land) => KINDS[land.kind] },
    { label: "Addresses", cell: (land) => spanLink(land.start, land.end), key: (land) => land.start },
    { label: "Size", cell: (land) => number(sizeOf(land)), key: sizeOf, numeric: true },
    { label: "Carried", cell: (land) => number(carriedIn(land.start, land.end)), key: (land) => carriedIn(land.start, land.end), numeric: true },
  ],
}).element;

function shifted(view, direction) {
  const size = sizeOf(view);
  const start = Math.max(0, Math.min(SPACE.end - size + 1, view.start + direction * size));
  return { start, end: start + size - 1 };
}

// What the map says of a piece of land, of a view, or of one address (a number).
function describe(what) {
  if (typeof what === "number") {
    const { carriers, claim } = look(what);
    const findings = open(FINDINGS.filter((finding) => !OF_LAND.test(finding.rule) && finding.addresses.includes(what)));
    const lands = LAND.filter((land) => land.start <= what && land.end >= what);
    return [h("h2", { class: "mac" }, dashed(what)),
      h("p", { class: "tools" }, copier("Copy address", () => dashed(what))),
      carriers.length ? h("ul", {}, carriers.map((carrier) => h("li", {}, carrierLink(carrier), " on ", hostLink(carrier.host), h("span", { class: "muted" }, ` ${wayWords(carrier)}`)))) : h("p", {}, "Nobody carries it."),
      claim ? h("p", {}, "Promised to ", name(claim.owner), ` (${visible(claim.state)}${claim.pool ? `, pool ${told(claim.pool)}` : ""})`) : null,
      lands.length ? h("p", { class: "muted" }, "Inside ", lands.map((land, place) => [place ? ", " : "", told(land.name), ` (${KINDS[land.kind]})`])) : null,
      findings.slice(0, 6).map((finding) => findingItem(finding)),
    ].filter(Boolean).flat();
  }
  const carried = carriedIn(what.start, what.end);
  const lands = what.kind === "view" ? LAND.filter((land) => same(land, what)) : LAND.includes(what) ? [what] : [];
  return [
    h("h2", {}, lands.length ? name(lands[0].name) : what.kind === "stray" ? "Outside all known land" : "This stretch"),
    lands.length ? h("p", {}, lands.map((land) => KINDS[land.kind]).join(", ")) : null,
    h("p", {}, spanOf(what.start, what.end)),
    h("p", {}, `${number(carried)} of ${count(what.end - what.start + 1, "address")} carried`),
    lands.some((land) => land.shared) ? h("p", { class: "bad-words" }, "Overlaps the range of another host.") : null,
    lands.flatMap((land) => land.hosts).length ? h("p", {}, "Hosts ", lands.flatMap((land) => land.hosts).slice(0, 8).map((host, place) => [place ? ", " : "", hostLink(host)])) : null,
    what.kind === "view" && same(what, SPACE) ? null : strayList(what),
  ].filter(Boolean).flat();
}

// The first carriers of a stretch by name.
function strayList(view) {
  const from = placeOf(view.start), shown = [];
  for (let at = from; at < ADDRESSES.length && ADDRESSES[at] <= view.end && shown.length < 8; at++) shown.push(ADDRESSES[at]);
  if (!shown.length) return null;
  return h("ul", { class: "carried-list" }, shown.map((address) => h("li", {}, mac(address), " ", CARRIERS.get(address).slice(0, 3).map((carrier, place) => [place ? ", " : "", carrierLink(carrier)]))),
    carriedIn(view.start, view.end) > shown.length ? h("li", { class: "muted" }, `and ${number(carriedIn(view.start, view.end) - shown.length)} more`) : null);
}

const usageOf = (range) => USAGE.find((usage) => usage.kind === "host_range" && usage.start === range[0] && usage.end === range[1]);

function hostsView() {
  return [h("h1", { tabindex: "-1" }, "Hosts"), table({
    caption: "Hosts", rows: HOSTS.slice().sort((a, b) => compare(a.name, b.name)), none: "No host was read.",
    columns: [
      { label: "Host", cell: hostLink, key: (host) => host.name },
      { label: "Cluster", cell: (host) => (host.cluster ? name(host.cluster) : h("span", { class: "muted" }, "none")), key: (host) => host.cluster || "" },
      { label: "Worst", cell: (host) => worstPill(host.findings), key: (host) => worstOf(host.findings) },
      { label: "Findings", cell: (host) => number(open(host.findings).length), key: (host) => open(host.findings).length, numeric: true },
      { label: "VMs", cell: (host) => number(host.vms.length), key: (host) => host.vms.length, numeric: true },
      { label: "Range", cell: (host) => (host.range ? spanLink(...host.range) : h("span", { class: "muted" }, host.read ? "none" : "not read")), key: (host) => (host.range ? host.range[0] : -1) },
      { label: "Used", cell: (host) => (host.range && usageOf(host.range) ? usageBar(usageOf(host.range)) : ""), key: (host) => (host.range && usageOf(host.range) ? usageOf(host.range).percent : -1) },
    ],
  }).element];
}

function adapterColumns() {
  return [
    { label: "Address", cell: (row) => mac(row.address), key: (row) => (typeof row.address === "number" ? row.address : -1) },
    { label: "Carried by", cell: carrierLink, key: (row) => (row.vm ? row.vm.name : row.host.name) },
    { label: "Adapter", cell: (row) => name(row.name), key: (row) => row.name },
    { label: "Host", cell: (row) => hostLink(row.host), key: (row) => row.host.name },
    { label: "Way", cell: wayWords, key: wayWords },
    { label: "Switch", cell: (row) => (row.network ? name(row.network) : h("span", { class: "muted" }, "none")), key: (row) => row.network },
    { label: "VLAN", cell: (row) => shortly(row.vlan), key: (row) => row.vlan },
    { label: "State", cell: (row) => (row.vm ? shortly(row.vm.state) : ""), key: (row) => (row.vm ? row.vm.state : "") },
    { label: "Worst", cell: (row) => { const worst = WORST_AT.get(row.address); return worst === undefined ? h("span", { class: "muted" }, "\u2013") : pill(worst); },
      key: (row) => WORST_AT.get(row.address) ?? SEVERITIES.length },
  ];
}

function addressesView(params, remember) {
  const all = [...VMS.flatMap((vm) => vm.adapters), ...OWN];
  const texts = all.map((row) => [row.vm ? `${row.vm.name} ${row.vm.id || ""} ${row.vm.state}` : "", row.name, row.host.name, row.network, row.vlan, wayWords(row), typeof row.address === "string" ? row.address : ""].join(" ").toLowerCase());
  const list = table({ caption: "Addresses", columns: adapterColumns(), rows: all, none: "Nothing fits." });
  const told = h("p", { class: "told", role: "status", "aria-live": "polite" });
  const search = h("input", { type: "search", id: "q", autocomplete: "off", spellcheck: "false", placeholder: "Address in any notation, VM, host, switch" });
  search.value = params.get("q") || "";
  const apply = () => {
    const fits = matcher(search.value);
    const rows = search.value ? all.filter((row, at) => fits(texts[at], typeof row.address === "number" ? [row.address] : [])) : all;
    list.show(rows);
    told.textContent = `${number(rows.length)} of ${count(all.length, "adapter")}`;
    remember(new URLSearchParams(search.value ? { q: search.value } : {}));
  };
  search.addEventListener("input", later(apply));
  apply();
  return [h("h1", { tabindex: "-1" }, "Addresses"),
    h("div", { class: "filters", role: "search", "aria-label": "Search addresses" }, h("label", { class: "field grow" }, h("span", {}, "Search"), search)), told, list.element];
}

const ownGrid = (range) => {
  const view = { start: range[0], end: range[1] };
  if (sizeOf(view) > MOST_CELLS) return h("p", {}, h("a", { href: mapLink(view) }, "Show the range on the map"));
  const told = h("p", { class: "map-told", "aria-hidden": "true" }, "\u00a0");
  const cells = grid(view, { tell: (address) => { told.textContent = addressWords(address); }, pick: (address) => { location.hash = `#/map?at=${hex(address)}`; } });
  return [cells.element, told, legend()];
};

function hostView(at) {
  const host = HOSTS[at];
  if (!host) return missing("host");
  const usage = host.range ? usageOf(host.range) : null;
  const sources = DATA.sources.filter((source) => source[1].toLowerCase() === host.name.toLowerCase());
  return [
    h("p", { class: "crumb" }, h("a", { href: "#/hosts" }, "Hosts")),
    h("h1", { tabindex: "-1" }, name(host.name, true)),
    host.read || host.range || host.vms.length ? null : h("p", { class: "bad-words" }, "This host was not read. What it carries is unknown."),
    facts([
      ["Cluster", host.cluster ? name(host.cluster) : "none known"],
      ["Range", host.range ? spanLink(...host.range) : "none known"],
      usage ? ["Used", usageBar(usage)] : null,
      host.ipv4.length ? ["IPv4", host.ipv4.slice(0, 8).map(visible).join(", ")] : null,
      host.read ? ["Read", `${clock(host.read)}, ${ago(DATA.made - host.read)} before this report`] : null,
      host.hyperv ? null : ["Hyper-V", "not installed"],
    ]),
    sources.flatMap((source) => source[5]).length ? section("Warnings", h("ul", {}, sources.flatMap((source) => source[5]).map((line) => h("li", {}, visible(line))))) : null,
    section("Findings", findingList(host.findings, "No findings about this host.", 10).element),
    host.range ? section("Its range", ownGrid(host.range)) : null,
    section("VMs", vmTable(host.vms)),
    host.own.length ? section("Its own adapters", table({
      caption: "Adapters of the host itself", rows: host.own,
      columns: [
        { label: "Address", cell: (row) => mac(row.address), key: (row) => row.address },
        { label: "Adapter", cell: (row) => name(row.name), key: (row) => row.name },
        { label: "What", cell: (row) => (row.kind === "physical" ? "physical" : "management OS"), key: (row) => row.kind },
        { label: "Switch or team", cell: (row) => (row.network ? name(row.network) : ""), key: (row) => row.network },
        { label: "Link", cell: (row) => (row.kind === "physical" ? (row.up ? "up" : "not up") : ""), key: (row) => Number(row.up) },
      ],
    }).element) : null,
  ];
}

const vmTable = (vms) => table({
  caption: "VMs", rows: vms, none: "No VMs.",
  columns: [
    { label: "VM", cell: (vm) => [vmLink(vm), vm.replica ? h("span", { class: "muted" }, " replica") : null], key: (vm) => vm.name },
    { label: "State", cell: (vm) => shortly(vm.state), key: (vm) => vm.state },
    { label: "Clustered", cell: (vm) => (vm.clustered ? "yes" : "no"), key: (vm) => Number(vm.clustered) },
    { label: "Addresses", cell: (vm) => vm.adapters.slice(0, 4).map((adapter, at) => [at ? h("br") : null, mac(adapter.address)]).concat(vm.adapters.length > 4 ? [h("span", { class: "muted" }, ` and ${vm.adapters.length - 4} more`)] : []), key: (vm) => (vm.adapters.length && typeof vm.adapters[0].address === "number" ? vm.adapters[0].address : -1) },
    { label: "Worst", cell: (vm) => worstPill(vm.findings), key: (vm) => worstOf(vm.findings) },
  ],
}).element;

function vmView(at) {
  const vm = VMS[at];
  if (!vm) return missing("VM");
  return [
    h("p", { class: "crumb" }, h("a", { href: "#/addresses" }, "Addresses"), " \u203a ", hostLink(vm.host)),
    h("h1", { tabindex: "-1", class: "vm-name" }, name(vm.name, true)),
    facts([
      ["Host", hostLink(vm.host)], ["State", shortly(vm.state)],
      ["Clustered", vm.clustered ? "yes: it can move to every node" : "no"],
      vm.replica ? ["Replica", "of a VM elsewhere, with the same id"] : null,
      ["Id", vm.id ? h("span", { class: "mac" }, visible(vm.id)) : "unknown"],
    ]),
    section("Findings", findingList(vm.findings, "No findings about this VM.").element),
    section("Adapters", table({
      caption: "Adapters", rows: vm.adapters, none: "No adapters.",
      columns: [
        { label: "Address", cell: (row) => mac(row.address), key: (row) => row.address },
        { label: "Adapter", cell: (row) => name(row.name), key: (row) => row.name },
        { label: "Way", cell: wayWords, key: wayWords },
        { label: "Switch", cell: (row) => (row.network ? name(row.network) : h("span", { class: "muted" }, "none")), key: (row) => row.network },
        { label: "VLAN", cell: (row) => shortly(row.vlan), key: (row) => row.vlan },
        { label: "Spoofing", cell: (row) => (row.spoofing ? "on: it may use other addresses too" : "off"), key: (row) => Number(row.spoofing) },
        ...(DATA.ledger ? [{ label: "Promise", cell: (row) => { const claim = CLAIMS.get(row.address); return claim ? [name(claim.owner), h("span", { class: "muted" }, ` ${visible(claim.state)}`)] : h("span", { class: "muted" }, "none"); }, key: (row) => (CLAIMS.get(row.address) || { owner: "" }).owner }] : []),
      ],
    }).element),
    vm.checkpoints.length ? section("Checkpoints", table({
      caption: "Adapters that come back with a checkpoint", rows: vm.checkpoints.flatMap((point) => point.adapters.map((card) => ({ point, card }))),
      columns: [
        { label: "Checkpoint", cell: (row) => name(row.point.name), key: (row) => row.point.name },
        { label: "Adapter", cell: (row) => name(row.card.name), key: (row) => row.card.name },
        { label: "Address", cell: (row) => mac(row.card.address), key: (row) => row.card.address },
      ],
    }).element) : null,
  ];
}

const SOURCE_KINDS = { hyperv_host: "Hyper-V host", network_controller: "Network Controller", scvmm: "Virtual Machine Manager", unusable_file: "file" };

function sourcesView() {
  const gaps = open(FINDINGS).filter((finding) => finding.rule === "incomplete");
  const named = (items) => items.slice(0, 20).map((line) => h("li", {}, visible(line)));
  return [h("h1", { tabindex: "-1" }, "What was read when"),
    h("p", {}, DATA.complete ? "Everything that is known to exist was read." : "The picture is incomplete: what is not listed may still be wrong."),
    gaps.length ? section("Gaps", findingList(gaps).element) : null,
    DATA.misread.length ? section("Files that were not understood", h("ul", {}, named(DATA.misread))) : null,
    section("Observations", table({
      caption: "Observations", rows: DATA.sources, none: "Nothing was read.",
      columns: [
        { label: "Of", cell: (row) => (row[1] ? name(row[1]) : h("span", { class: "muted" }, "unknown")), key: (row) => row[1] },
        { label: "Kind", cell: (row) => SOURCE_KINDS[row[0]] || shortly(row[0]), key: (row) => row[0] },
        { label: "Read", cell: (row) => (row[2] ? shortly(row[2]) : h("span", { class: "muted" }, "unknown")), key: (row) => row[2] || "" },
        { label: "Before the report", cell: (row) => (row[3] === null ? "" : ago(row[3])), key: (row) => row[3] ?? -1, numeric: true },
        { label: "Remarks", cell: (row) => {
          const remarks = [row[7] ? `not usable: ${visible(row[7])}` : null, row[6] ? "superseded by a newer one" : null,
            row[4].length ? `not gathered: ${row[4].map(visible).join(", ")}` : null, ...row[5].map(visible)].filter(Boolean);
          return remarks.length ? h("ul", {}, named(remarks)) : "";
        } },
      ],
    }).element)];
}

function changesView() {
  const kinds = { new_address: "new address", may_collide: "may collide" };
  return [h("h1", { tabindex: "-1" }, "What would change"), table({
    caption: "Changes", rows: DATA.changes, none: "Nothing would change.",
    columns: [
      { label: "Address", cell: (row) => mac(row[2]), key: (row) => row[2] },
      { label: "What", cell: (row) => kinds[row[0]] || shortly(row[0]), key: (row) => row[0] },
      { label: "Carried by", cell: (row) => [name(row[3]), h("br"), h("span", { class: "muted" }, name(row[4]))], key: (row) => row[3] },
      { label: "On", cell: (row) => hostLink(HOSTS[row[5]]), key: (row) => HOSTS[row[5]].name },
      { label: "When", cell: (row) => visible(row[1]), key: (row) => row[1] },
      { label: "Why", cell: (row) => sentence(row[6]) },
    ],
  }).element];
}

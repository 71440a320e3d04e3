// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The report's rows by name, and the look-ups that every view shares.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SEVERITIES = DATA.severities;
const RULES = new Map(DATA.rules.map(([id, title, explanation]) => [id, { id, title, explanation }]));
const ruleTitle = (id) => (RULES.has(id) ? RULES.get(id).title : id);

const HOSTS = DATA.hosts.map(([label, cluster, range, ipv4, read, hyperv], at) => ({
  at, name: label, cluster, range, ipv4, read, hyperv, vms: [], own: [], findings: [],
}));

const VMS = DATA.vms.map(([label, id, host, state, flags, adapters, checkpoints], at) => {
  const vm = {
    at, name: label, id, host: HOSTS[host], state: DATA.texts[state],
    running: Boolean(flags & 1), clustered: Boolean(flags & 2), replica: Boolean(flags & 4), findings: [],
    checkpoints: checkpoints.map(([point, cards]) => ({
      name: point, adapters: cards.map(([card, address]) => ({ name: card, address })),
    })),
  };
  vm.adapters = adapters.map(([card, address, dynamic, network, vlan, spoofing]) => ({
    vm, host: vm.host, name: card, address, dynamic, network: DATA.texts[network], vlan: DATA.texts[vlan],
    spoofing: Boolean(spoofing), kind: vm.replica ? "replica" : "vm",
  }));
  vm.host.vms.push(vm);
  return vm;
});

const OWN = DATA.own.map(([host, physical, label, address, network, up]) => {
  const carrier = {
    vm: null, host: HOSTS[host], name: label, address, dynamic: -1, network: DATA.texts[network], vlan: "",
    spoofing: false, kind: physical ? "physical" : "host", up: Boolean(up),
  };
  carrier.host.own.push(carrier);
  return carrier;
});

const FINDINGS = DATA.findings.map(([rule, severity, addresses, hosts, vms, evidence, text, waived, others], at) => {
  const finding = {
    at, rule, severity, addresses, hosts: hosts.map((place) => HOSTS[place]), vms: vms.map((place) => VMS[place]),
    evidence, remedy: DATA.texts[text], others,
    waived: waived ? { subject: waived[0], reason: waived[1], owner: waived[2], until: waived[3] } : null,
  };
  for (const host of finding.hosts) host.findings.push(finding);
  for (const vm of finding.vms) vm.findings.push(finding);
  return finding;
});

const LAND = DATA.land.map(([kind, label, start, end, hosts]) => ({
  kind, name: label, start, end, hosts: hosts.map((place) => HOSTS[place]), shared: false,
}));
const CLAIMS = new Map(DATA.claims.map(([address, owner, pool, state]) => [address, { owner, pool, state }]));
const USAGE = DATA.usage.map(([kind, label, start, end, size, used, claimed, percent, warnAt, perDay, daysLeft]) => ({
  kind, name: label, start, end, size, used, claimed, percent, warnAt, perDay, daysLeft,
}));

// Every carrier by address, checkpoints included: they come back when somebody applies them.
const CARRIERS = new Map();
function carry(address, carrier) {
  if (typeof address !== "number" || !address) return;
  const known = CARRIERS.get(address);
  if (known) known.push(carrier);
  else CARRIERS.set(address, [carrier]);
}
for (const vm of VMS) {
  for (const adapter of vm.adapters) carry(adapter.address, adapter);
}
for (const carrier of OWN) carry(carrier.address, carrier);
for (const vm of VMS) {
  for (const point of vm.checkpoints) {
    for (const card of point.adapters) {
      const known = CARRIERS.get(card.address);
      if (known && known.some((carrier) => carrier.vm === vm)) continue;
      carry(card.address, {
        vm, host: vm.host, name: card.name, address: card.address, dynamic: -1, network: "", vlan: "", spoofing: false,
        kind: "checkpoint", point: point.name,
      });
    }
  }
}
const ADDRESSES = Float64Array.from(CARRIERS.keys()).sort();

// First place in ADDRESSES that is not below an address.
function placeOf(address) {
  let low = 0, high = ADDRESSES.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ADDRESSES[middle] < address) low = middle + 1;
    else high = middle;
  }
  return low;
}
const carriedIn = (start, end) => placeOf(end + 1) - placeOf(start);

// Rules that speak of a stretch of land name its ends, which says nothing about the two addresses.
const OF_LAND = /^(range-|default-range|nc-pool)/;
const WORST_AT = new Map();
for (const finding of FINDINGS) {
  if (finding.waived || OF_LAND.test(finding.rule)) continue;
  for (const address of finding.addresses) {
    if (!WORST_AT.has(address) || WORST_AT.get(address) > finding.severity) WORST_AT.set(address, finding.severity);
  }
}

const open = (findings) => findings.filter((finding) => !finding.waived);
const worstOf = (findings) => open(findings).reduce((worst, finding) => Math.min(worst, finding.severity), SEVERITIES.length);

// Sweep over the host ranges: what two of them have in common may be handed out twice.
(() => {
  const ranges = LAND.filter((land) => land.kind === "range").sort((a, b) => a.start - b.start || a.end - b.end);
  let reach = null;
  for (const range of ranges) {
    if (range.hosts.length > 1) range.shared = true;
    if (reach && range.start <= reach.end) range.shared = reach.shared = true;
    if (!reach || range.end > reach.end) reach = range;
  }
})();

const told = (text) => clip(visible(text)) || "(no name)";

function carrierWords(carrier) {
  const where = `on ${told(carrier.host.name)}`;
  if (carrier.kind === "host") return `host adapter ${told(carrier.name)} ${where}`;
  if (carrier.kind === "physical") return `physical adapter ${told(carrier.name)} ${where}`;
  const point = carrier.kind === "checkpoint" ? `checkpoint "${told(carrier.point)}" of ` : "";
  return `${carrier.kind === "replica" ? "replica of " : point}VM ${told(carrier.vm.name)} ${where}`;
}

const WAY = { "1": "dynamic", "0": "static" };
function wayWords(carrier) {
  if (carrier.kind === "host") return "host's own";
  if (carrier.kind === "physical") return "physical";
  if (carrier.kind === "checkpoint") return "checkpoint";
  return WAY[carrier.dynamic] || "unknown";
}

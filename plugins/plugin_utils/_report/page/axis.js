// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The axis of the map. The address space has 281 trillion addresses, and a cluster uses a few thousand of them, far
// apart. Therefore the axis is cut wherever a range begins or ends, the width of each piece is the logarithm of its size,
// and unused pieces are folded to a narrow strip. Inside a piece the axis is to scale.

const SPACE = { start: 0, end: 2 ** 48 - 1 };
const MOST_CLUSTERS = 48;
const FOLD = 1.6;

const sizeOf = (view) => view.end - view.start + 1;
const within = (view, range) => range.end >= view.start && range.start <= view.end;
const same = (a, b) => a.start === b.start && a.end === b.end;

// Addresses in use outside all ranges, in groups: of 256 addresses if these are few enough, otherwise of larger blocks.
function clustersIn(view, ranges) {
  const strays = [];
  const sorted = ranges.slice().sort((a, b) => a.start - b.start);
  let at = 0, reach = -1;
  for (let place = placeOf(view.start); place < ADDRESSES.length && ADDRESSES[place] <= view.end; place++) {
    const address = ADDRESSES[place];
    while (at < sorted.length && sorted[at].start <= address) reach = Math.max(reach, sorted[at++].end);
    if (address > reach) strays.push(address);
  }
  for (const bits of [8, 16, 24, 32, 40]) {
    const block = 2 ** bits, groups = new Map();
    for (const address of strays) {
      const key = Math.floor(address / block);
      groups.set(key, (groups.get(key) || 0) + 1);
    }
    if (groups.size <= MOST_CLUSTERS || bits === 40) {
      return [...groups].map(([key, count]) => ({ kind: "stray", name: "", start: key * block, end: (key + 1) * block - 1, count, hosts: [] }));
    }
  }
  return [];
}

// Pieces of a view: { start, end, used, from, to } with places between 0 and 1.
function layout(view) {
  const ranges = RANGES.filter((range) => within(view, range));
  const clusters = clustersIn(view, ranges);
  const all = [...ranges, ...clusters];
  const cuts = new Set([view.start, view.end + 1]);
  const opens = new Map();
  const mark = (at, step) => opens.set(at, (opens.get(at) || 0) + step);
  const strays = new Set(clusters);
  for (const range of all) {
    const start = Math.max(view.start, range.start), end = Math.min(view.end, range.end) + 1;
    cuts.add(start).add(end);
    // A range counts fully, a group of strays only a little: the groups are large only to be few.
    const step = strays.has(range) ? 1 / 1024 : 1;
    mark(start, step);
    mark(end, -step);
  }
  const bounds = [...cuts].sort((a, b) => a - b);
  const pieces = [];
  let depth = 0, total = 0;
  for (let at = 0; at + 1 < bounds.length; at++) {
    depth += opens.get(bounds[at]) || 0;
    const start = bounds[at], end = bounds[at + 1] - 1;
    const weight = depth >= 1 ? 2 + Math.log2(end - start + 1) : depth ? 3 + Math.log2(1 + usedIn(start, end)) : FOLD;
    pieces.push({ start, end, used: depth > 0, from: total, to: total + weight });
    total += weight;
  }
  for (const piece of pieces) {
    piece.from /= total;
    piece.to /= total;
  }
  const pieceAt = (test) => {
    let low = 0, high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (test(pieces[middle])) low = middle;
      else high = middle - 1;
    }
    return pieces[low];
  };
  return {
    view, ranges, clusters, pieces,
    // The place of an address, from 0 to 1.
    place(address) {
      const piece = pieceAt((item) => item.start <= address);
      return piece.from + ((piece.to - piece.from) * (address - piece.start)) / (piece.end - piece.start + 1);
    },
    // The address at a place.
    address(place) {
      const piece = pieceAt((item) => item.from <= place);
      const inside = Math.max(0, Math.min(1, (place - piece.from) / (piece.to - piece.from)));
      return Math.min(piece.end, Math.floor(piece.start + inside * (piece.end - piece.start + 1)));
    },
  };
}

// The next larger view: a range around the view, otherwise sixteen times as much, otherwise the whole address space.
function outOf(view) {
  const around = RANGES.filter((range) => range.start <= view.start && range.end >= view.end && !same(range, view))
    .sort((a, b) => sizeOf(a) - sizeOf(b))[0];
  const size = sizeOf(view);
  const block = 2 ** (4 * (Math.floor(Math.log2(size) / 4) + 1));
  const start = Math.floor(view.start / block) * block;
  const end = Math.max(start + block - 1, view.end);
  if (around && sizeOf(around) <= end - start + 1) return { start: around.start, end: around.end };
  // Above the block of a vendor prefix, the next view is the whole space.
  if (block > 2 ** 24) return SPACE;
  return { start, end };
}

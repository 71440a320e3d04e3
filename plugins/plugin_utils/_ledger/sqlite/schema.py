# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a SQLite ledger. Nothing newer than SQLite 3.34.

The laws hold in here too: one claim an address, one live claim an owner, no lease over another, a history that only
grows. Whatever a program error asks for, the database refuses.
"""

from __future__ import annotations

SCHEMA = """
CREATE TABLE ledger (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  id TEXT NOT NULL,
  scope TEXT NOT NULL,
  created INTEGER NOT NULL
);
CREATE TRIGGER ledger_is_fixed BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id and scope'); END;
CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id and scope'); END;

CREATE TABLE claims (
  address INTEGER PRIMARY KEY CHECK (address > 0 AND address < 281474976710656 AND (address >> 40) & 1 = 0),
  owner TEXT NOT NULL,
  owner_key TEXT NOT NULL,
  pool TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'applied', 'releasing', 'quarantined', 'held')),
  generation INTEGER NOT NULL CHECK (generation > 0),
  since INTEGER NOT NULL,
  until INTEGER,
  job TEXT NOT NULL,
  evidence TEXT NOT NULL,
  note TEXT NOT NULL,
  cluster TEXT,
  vm_id TEXT,
  adapter_id TEXT,
  aliases TEXT NOT NULL,
  pushing TEXT,
  CHECK (state = 'held' OR owner <> ''),
  CHECK ((vm_id IS NULL) = (adapter_id IS NULL))
);
CREATE UNIQUE INDEX one_live_claim_an_owner ON claims (owner_key) WHERE state IN ('reserved', 'applied');
CREATE INDEX past_claims_of_an_owner ON claims (owner_key) WHERE state IN ('releasing', 'quarantined');
CREATE UNIQUE INDEX one_live_claim_an_adapter ON claims (vm_id, adapter_id)
  WHERE vm_id IS NOT NULL AND state IN ('reserved', 'applied');
CREATE INDEX past_claims_of_an_adapter ON claims (vm_id, adapter_id)
  WHERE vm_id IS NOT NULL AND state IN ('releasing', 'quarantined');
CREATE TABLE aliases (
  name_key TEXT NOT NULL,
  address INTEGER NOT NULL,
  PRIMARY KEY (name_key, address)
) WITHOUT ROWID;

CREATE TABLE leases (
  start INTEGER PRIMARY KEY,
  "end" INTEGER NOT NULL,
  dynamic_end INTEGER NOT NULL,
  host TEXT NOT NULL,
  host_key TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
  generation INTEGER NOT NULL CHECK (generation > 0),
  since INTEGER NOT NULL,
  CHECK (start >= 0 AND start <= dynamic_end AND dynamic_end <= "end" AND "end" < 281474976710656)
);
CREATE UNIQUE INDEX one_active_lease_a_host ON leases (host_key) WHERE state = 'active';
CREATE TRIGGER leases_stay_apart BEFORE INSERT ON leases
  WHEN EXISTS (SELECT 1 FROM leases WHERE start <= NEW."end" AND "end" >= NEW.start)
  BEGIN SELECT RAISE(ABORT, 'a lease overlaps another'); END;
CREATE TRIGGER leases_stay_put BEFORE UPDATE OF start, "end" ON leases
  BEGIN SELECT RAISE(ABORT, 'a lease keeps its block'); END;

CREATE TABLE plans (
  generation INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  since INTEGER NOT NULL,
  job TEXT NOT NULL
);

CREATE TABLE intents (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  vm_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  note TEXT NOT NULL,
  since INTEGER NOT NULL,
  job TEXT NOT NULL
);

CREATE TABLE hosts (
  host_key TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  observed_at INTEGER,
  complete INTEGER NOT NULL,
  complete_at INTEGER,
  why_incomplete TEXT NOT NULL,
  range_start INTEGER,
  range_end INTEGER,
  ipv4 TEXT NOT NULL,
  cluster TEXT NOT NULL,
  cluster_nodes TEXT NOT NULL,
  owners TEXT NOT NULL,
  facts_at INTEGER
) WITHOUT ROWID;
CREATE TABLE sightings (
  address INTEGER NOT NULL,
  host_key TEXT NOT NULL,
  observed_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  vm_id TEXT NOT NULL,
  vm_name TEXT NOT NULL,
  adapter_id TEXT NOT NULL,
  adapter_name TEXT NOT NULL,
  dynamic INTEGER,
  running INTEGER
);
CREATE INDEX sightings_by_address ON sightings (address);
CREATE UNIQUE INDEX one_sighting_a_carrier
  ON sightings (host_key, address, kind, vm_id, adapter_id, vm_name, adapter_name);
CREATE INDEX sightings_by_vm ON sightings (vm_id);

CREATE TABLE history (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  address INTEGER,
  owner_key TEXT NOT NULL,
  owner TEXT NOT NULL,
  job TEXT NOT NULL,
  user TEXT NOT NULL,
  after TEXT NOT NULL,
  digest TEXT NOT NULL
);
CREATE INDEX history_of_an_address ON history (address) WHERE address IS NOT NULL;
CREATE TRIGGER history_only_grows BEFORE INSERT ON history
  WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM history)
  BEGIN SELECT RAISE(ABORT, 'history has no gaps'); END;
CREATE TRIGGER history_is_fixed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
CREATE TRIGGER history_stays BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history only grows'); END;
"""

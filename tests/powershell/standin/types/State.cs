// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The state of the whole cluster: one JSON file (STANDIN_STATE), snake_case names, unknown names refused.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading;

namespace StandIn
{
    public class State
    {
        public double Delay { get; set; }                    // seconds from a start until a dynamic MAC shows (fact 103)
        public double StopDelay { get; set; }                // seconds a guest takes to shut down; the VM is Stopping meanwhile
        public Dictionary<string, Node> Nodes { get; set; } = new();
        public List<Vm> Vms { get; set; } = new();
        public Cluster Cluster { get; set; }
        public Vmm Vmm { get; set; }

        // While this state does not change, that is outside the behaviours: the VM of each adapter, and whether time changes anything.
        Dictionary<string, Vm> owners;
        internal bool? Quiet;
        internal Vm OwnerOf(string adapterId, bool changing) => changing ? Vms.FirstOrDefault(v => v.Adapters.Any(a => a.Id == adapterId))
            : (owners ??= Vms.SelectMany(v => v.Adapters.Select(a => (a.Id, v))).DistinctBy(p => p.Id).ToDictionary(p => p.Id, p => p.v)).GetValueOrDefault(adapterId);

        public Node NodeOf(string name) => Nodes.FirstOrDefault(n => Same(n.Key, name)).Value;
        public Vm Vm(string id) => Vms.FirstOrDefault(v => Same(v.Id, id) && Same(v.Node, Store.NodeName)) ?? Vms.FirstOrDefault(v => Same(v.Id, id));
        public IEnumerable<Vm> On(string node) => Vms.Where(v => Same(v.Node, node));
        public static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

        // Every address in use on a node: VMs in any state, and the host's own virtual adapters (facts 13, 14).
        public IEnumerable<string> MacsOn(string node, Adapter except = null) =>
            On(node).SelectMany(v => v.Adapters).Concat(NodeOf(node).HostAdapters)
                .Where(a => a != except).SelectMany(a => new[] { a.Mac, a.PendingMac })
                .Where(m => m != null && m != Adapter.Zero);
    }

    public class Node
    {
        public string Name { get; set; }
        public bool Hyperv { get; set; } = true;
        public bool FailoverClusters { get; set; } = true;   // the PowerShell module is installed
        public bool ClusterMember { get; set; } = true;
        public bool VmmConsole { get; set; }
        public bool VmmManaged { get; set; } = true;         // VMM lists it and its VMs
        public string VmmHostGroup { get; set; }             // path; null: the first host group
        public string State { get; set; } = "Up";
        public string VmmsStatus { get; set; } = "Running";
        public string Ip { get; set; } = "192.0.2.1";        // the one that the first range is made from
        public List<string> Ips { get; set; }                // all of them; null: the one
        public string Domain { get; set; } = "lab.example";
        public string OsVersion { get; set; } = "10.0.20348";
        public string OsCaption { get; set; } = "Microsoft Windows Server 2022 Datacenter";
        public string[] Range { get; set; }                  // what VMMS works with; the registry may differ (fact 8)
        public string NextMac { get; set; }
        public Dictionary<string, Dictionary<string, RegistryValue>> Registry { get; set; }
        public List<Switch> Switches { get; set; } = new();
        public List<Adapter> HostAdapters { get; set; } = new();
        public List<Nic> Nics { get; set; } = new();
        public List<Team> LbfoTeams { get; set; } = new();
        public bool Hns { get; set; } = true;                // the module HostNetworkingService is there
        public List<HnsNetwork> HnsNetworks { get; set; } = new();
    }

    public class RegistryValue { public string Kind { get; set; } public string Data { get; set; } }

    public class Switch
    {
        public string Id { get; set; }
        public string Name { get; set; }
        public string Type { get; set; } = "External";
        public List<string> Nics { get; set; } = new();      // names of physical adapters
        public bool Teaming { get; set; }
        public bool AllowManagementOs { get; set; } = true;
    }

    public class Nic
    {
        public string Name { get; set; }
        public string Description { get; set; }
        public string Mac { get; set; }
        public string PermanentMac { get; set; }             // null: its mac
        public string Status { get; set; } = "Up";
        public int Index { get; set; }
        public bool Physical { get; set; } = true;
        public string Guid { get; set; }
    }

    public class HnsNetwork
    {
        public string Id { get; set; }
        public string Name { get; set; }
        public string Type { get; set; } = "nat";
        public string[] MacPool { get; set; }                // of a network that has one
        public List<string[]> MacPools { get; set; }         // all of them; null: the one
    }

    public class Team { public string Name { get; set; } public List<string> Members { get; set; } = new(); }

    public class Vm
    {
        public string Id { get; set; }
        public string Name { get; set; }
        public string Node { get; set; }
        public string State { get; set; } = "Off";
        public int Generation { get; set; } = 2;
        public bool Clustered { get; set; }
        public string Group { get; set; }                    // cluster group name, the VM's name at the time it was clustered
        public double OffAt { get; set; }                    // when a Stopping VM is off
        public int OfflineAction { get; set; } = 1;          // what the cluster does on offline: 0 turn off, 1 save, 2 shut down, 3 forced
        public int ShutdownAction { get; set; }              // what it makes of a stop from outside: 0 offline, 1 failed
        public bool ShutdownComponent { get; set; } = true;  // the guest answers a shutdown request
        public double? StopSeconds { get; set; }             // of this guest; null: the state's stop_delay
        public string ClusterVmId { get; set; }              // what VmID of its resource says; null: its id
        public double RoleKnownAt { get; set; }              // until then IsClustered says what it said before the role was made or removed
        public string GroupState { get; set; }               // state of its group, when not derived
        public string Broken { get; set; }                   // the error that reading its adapters or checkpoints gives
        public List<string> Unreadable { get; set; } = new();    // properties whose getters fail, which a script sees as null
        public string Notes { get; set; } = "";
        public VmmRecord VmmRecord { get; set; }             // what VMM's database says until the VM is refreshed; null: up to date
        public List<Adapter> Adapters { get; set; } = new();
        public List<Checkpoint> Checkpoints { get; set; } = new();
        public Replication Replication { get; set; } = new();

        // Into a role, or out of one.
        public void SetRole(Cluster cluster, string group)
        {
            Clustered = group != null;
            Group = group;
            RoleKnownAt = cluster.Lag > 0 ? Store.Now + cluster.Lag : 0;
        }
    }

    public class VmmRecord { public string State { get; set; } public List<VmmAdapter> Adapters { get; set; } = new(); }

    public class VmmAdapter { public string Mac { get; set; } public bool? Dynamic { get; set; } public string Type { get; set; } }      // by place; null: as it is

    public class Replication { public string Mode { get; set; } = "None"; }

    public class Checkpoint
    {
        public string Id { get; set; }
        public string Name { get; set; }
        public string Type { get; set; } = "Standard";
        public List<Adapter> Adapters { get; set; } = new();
    }

    public class Adapter
    {
        public const string Zero = "000000000000";
        public string Id { get; set; }
        public string Name { get; set; } = "Network Adapter";
        public string Mac { get; set; } = Zero;
        public bool Dynamic { get; set; } = true;
        public string PendingMac { get; set; }               // given at start, visible from PendingAt on
        public double PendingAt { get; set; }
        public bool Legacy { get; set; }
        public string Switch { get; set; }
        public bool Spoofing { get; set; }
        public bool ClusterMonitored { get; set; } = true;
        public Vlan Vlan { get; set; } = new();
        public List<PortFeature> Features { get; set; } = new();
        public List<string> Unreadable { get; set; } = new();    // properties whose getters fail
    }

    public class Vlan
    {
        public string Mode { get; set; } = "Untagged";
        public int Access { get; set; }
        public int Native { get; set; }
        public List<int> Allowed { get; set; } = new();
        public string PrivateMode { get; set; } = "Isolated";
        public int Primary { get; set; }
        public int Secondary { get; set; }
        public List<int> SecondaryList { get; set; } = new();
    }

    public class PortFeature
    {
        public string FeatureId { get; set; }
        public Dictionary<string, string> Setting { get; set; } = new();
    }

    public class Cluster
    {
        public string Name { get; set; }
        public string Id { get; set; }
        public string Domain { get; set; } = "lab.example";
        public double Lag { get; set; }                      // seconds until IsClustered of a VM follows a role that was made or removed
        public List<OtherResource> Resources { get; set; } = new();
    }

    // What a role holds beside VMs: a disk, an address. A role may hold nothing else.
    public class OtherResource
    {
        public string Name { get; set; }
        public string Type { get; set; } = "Physical Disk";
        public string Group { get; set; }
        public string State { get; set; } = "Online";
    }

    public class Vmm
    {
        public string Server { get; set; } = "vmm1";
        public List<MacPool> Pools { get; set; } = new();
        public List<GrantedMac> Granted { get; set; } = new();
        public List<string> HostGroups { get; set; } = new() { "All Hosts" };     // paths
        // What the documentation leaves open, the other way round:
        public bool LosesKeptAddresses { get; set; }         // an address revoked without return is listed no more
        public bool MissingIsError { get; set; }             // -ID of what does not exist is an error
        public bool FormerObjects { get; set; }              // pools have VMHostGroups, granted addresses no VirtualNetworkAdapter
    }

    public class MacPool
    {
        public string Id { get; set; }
        public string Name { get; set; }
        public string Description { get; set; } = "";
        public string Start { get; set; }
        public string End { get; set; }
        public string Platform { get; set; } = "HyperV";
        public List<string> HostGroups { get; set; } = new() { "All Hosts" };
    }

    public class GrantedMac
    {
        public string Id { get; set; }
        public string Mac { get; set; }
        public string Pool { get; set; }                     // pool id
        public string Adapter { get; set; }                  // adapter id; null: no adapter holds it; one that no VM has: inactive
        public string Description { get; set; } = "";
    }

    // Reads are lock-free (the file is replaced whole); changes happen under one lock per file, re-entrant in a thread.
    public sealed class Store : IDisposable
    {
        public const string HostKey = @"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization";
        static readonly JsonSerializerOptions Json = new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            WriteIndented = true,
        };
        static readonly object Gate = new();
        static Store current;
        static State cached;
        static DateTime cachedAt;
        static long cachedLength;

        /// <summary>Forget what was read, for the next run in this process.</summary>
        public static void Reset() => cached = null;

        public static string FilePath => Environment.GetEnvironmentVariable("STANDIN_STATE") ?? throw new InvalidOperationException("STANDIN_STATE is not set");
        public static string NodeName => Environment.GetEnvironmentVariable("STANDIN_NODE") ?? throw new InvalidOperationException("STANDIN_NODE is not set");
        public static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

        public State State { get; private set; }
        string before;
        int depth;
        FileStream file;

        public static Store Open()
        {
            Monitor.Enter(Gate);
            if (current != null) { current.depth++; Settle(current.State); return current; }
            var store = new Store { depth = 1 };
            try
            {
                for (int i = 0; store.file == null; i++)
                {
                    try { store.file = new FileStream(FilePath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
                    catch (IOException) when (i < 6000) { Thread.Sleep(5); }
                }
                store.before = File.ReadAllText(FilePath);
                store.State = Complete(Parse(store.before));
                Settle(store.State);
                return current = store;
            }
            catch { store.file?.Dispose(); Monitor.Exit(Gate); throw; }
        }

        public void Commit()
        {
            Settle(State);
            string after = JsonSerializer.Serialize(State, Json);
            if (after == before) return;
            Replace(after);
            before = after;
        }

        public static void Replace(string text)
        {
            string temporary = FilePath + "." + Environment.ProcessId;
            File.WriteAllText(temporary, text);
            File.Move(temporary, FilePath, true);
        }

        public void Dispose()
        {
            if (--depth == 0) { current = null; file.Dispose(); }
            Monitor.Exit(Gate);
        }

        public static State Read()
        {
            lock (Gate)
            {
                if (current != null) return current.State;        // settled when it was opened
                var info = new FileInfo(FilePath);
                if (cached == null || info.LastWriteTimeUtc != cachedAt || info.Length != cachedLength)
                {
                    cachedAt = info.LastWriteTimeUtc;
                    cachedLength = info.Length;
                    cached = Complete(Parse(File.ReadAllText(FilePath)));
                }
                cached.Quiet ??= !cached.Vms.Any(v => v.OffAt > 0 || v.Adapters.Any(a => a.PendingMac != null));
                if (cached.Quiet == false) Settle(cached);
                return cached;
            }
        }

        internal static bool Changing { get { lock (Gate) return current != null; } }

        static State Parse(string text) => JsonSerializer.Deserialize<State>(text, Json);

        static void Settle(State state)
        {
            foreach (var adapter in state.Vms.SelectMany(v => v.Adapters).Where(a => a.PendingMac != null && a.PendingAt <= Now))
            {
                adapter.Mac = adapter.PendingMac;
                adapter.PendingMac = null;
                adapter.PendingAt = 0;
            }
            foreach (var vm in state.Vms.Where(v => v.State == "Stopping" && v.OffAt > 0 && v.OffAt <= Now))
            {
                vm.State = "Off";
                vm.OffAt = 0;
            }
        }

        // Fills what a hand-written state may leave out; ids are derived, so that every process fills in the same ones.
        static State Complete(State state)
        {
            foreach (var (name, node) in state.Nodes)
            {
                node.Name = name;
                node.Ips ??= new() { node.Ip };
                foreach (var network in node.HnsNetworks) network.MacPools ??= network.MacPool == null ? new() : new() { network.MacPool };
                node.Range = node.Range?.Select(m => Canonical(m, "range of " + name)).ToArray() ?? DefaultRange(node);
                node.Registry ??= FirstRegistry(node);
                for (int i = 0; i < node.Nics.Count; i++)
                {
                    var nic = node.Nics[i];
                    nic.Description ??= "Lab Gigabit Network Adapter #" + (i + 1);
                    nic.Guid ??= "{" + Derive("nic", name, nic.Name).ToUpperInvariant() + "}";
                    if (nic.Index == 0) nic.Index = i + 2;
                }
                foreach (var s in node.Switches) s.Id ??= Derive("switch", name, s.Name);
                Number(node.HostAdapters, @"Microsoft:" + Derive("host", name) + @"\");
                foreach (var a in node.HostAdapters) a.Dynamic = false;
            }
            for (int i = 0; i < state.Vms.Count; i++)
            {
                var vm = state.Vms[i];
                vm.Node = state.NodeOf(vm.Node ?? "")?.Name ?? throw new InvalidDataException($"VM {vm.Name} is on node '{vm.Node}', which the state does not describe.");
                vm.Id ??= Derive("vm", vm.Name, i.ToString());
                if (vm.Clustered) vm.Group ??= vm.Name;
                Number(vm.Adapters, @"Microsoft:" + vm.Id.ToUpperInvariant() + @"\");
                foreach (var c in vm.Checkpoints)
                {
                    c.Id ??= Derive("checkpoint", vm.Id, c.Name);
                    Number(c.Adapters, @"Microsoft:" + c.Id.ToUpperInvariant() + @"\");
                }
            }
            if (state.Cluster != null) state.Cluster.Id ??= Derive("cluster", state.Cluster.Name);
            foreach (var p in state.Vmm?.Pools ?? new())
            {
                p.Id ??= Derive("pool", p.Name);
                p.Start = Canonical(p.Start, p.Name);
                p.End = Canonical(p.End, p.Name);
            }
            foreach (var g in state.Vmm?.Granted ?? new()) g.Id ??= Derive("granted", g.Mac);
            return state;
        }

        static void Number(List<Adapter> adapters, string prefix)
        {
            for (int i = 0; i < adapters.Count; i++)
            {
                adapters[i].Id ??= prefix + Derive(prefix, adapters[i].Name, i.ToString()).ToUpperInvariant();
                adapters[i].Mac = Canonical(adapters[i].Mac, adapters[i].Name);
            }
        }

        static string Canonical(string mac, string owner) =>
            MacText.Plain(mac) is { Length: 12 } plain ? plain : throw new InvalidDataException($"{owner} has '{mac}', which is not a MAC address.");

        public static string Derive(params string[] parts) =>
            new Guid(MD5.HashData(Encoding.UTF8.GetBytes(string.Join("|", parts)))).ToString();

        // 00-15-5D, the last two octets of the address in hexadecimal, 00..FF (fact 11).
        public static string[] DefaultRange(Node node)
        {
            var octets = node.Ip.Split('.');
            string prefix = $"00155D{int.Parse(octets[2]):X2}{int.Parse(octets[3]):X2}";
            return new[] { prefix + "00", prefix + "FF" };
        }

        static Dictionary<string, Dictionary<string, RegistryValue>> FirstRegistry(Node node)
        {
            var keys = new Dictionary<string, Dictionary<string, RegistryValue>>(StringComparer.OrdinalIgnoreCase)
            {
                [@"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion"] = new()
                {
                    ["ProductName"] = new() { Kind = "String", Data = node.OsCaption },
                    ["CurrentBuild"] = new() { Kind = "String", Data = node.OsVersion.Split('.')[2] },
                },
            };
            if (node.Hyperv)
            {
                keys[HostKey] = new();
                WriteRange(keys[HostKey], node.Range);
            }
            return keys;
        }

        public static void WriteRange(Dictionary<string, RegistryValue> values, string[] range)
        {
            values["MinimumMacAddress"] = new() { Kind = "Binary", Data = range[0] };
            values["MaximumMacAddress"] = new() { Kind = "Binary", Data = range[1] };
        }

        // Next free address of the node's range: ascending from the cursor, wrapping at the end (fact 12); null when none is free.
        public static string NextDynamicMac(State state, Node node, Adapter adapter)
        {
            long first = Convert.ToInt64(node.Range[0], 16), last = Convert.ToInt64(node.Range[1], 16), count = last - first + 1;
            if (count <= 0) return null;
            var taken = state.MacsOn(node.Name, adapter).ToHashSet(StringComparer.OrdinalIgnoreCase);
            long start = node.NextMac == null ? 0 : Convert.ToInt64(node.NextMac, 16) - first;
            if (start < 0 || start >= count) start = 0;
            for (long i = 0; i < Math.Min(count, taken.Count + 1L); i++)
            {
                long value = first + (start + i) % count;
                string mac = value.ToString("X12");
                if (taken.Contains(mac)) continue;
                node.NextMac = value == last ? node.Range[0] : (value + 1).ToString("X12");
                return mac;
            }
            return null;
        }
    }
}

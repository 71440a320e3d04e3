// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The objects of the real modules. Properties written here follow the state file whenever they are read, as the real ones follow
// WMI; generate.py adds every other property of contracts/objects.json with its default value.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using StandIn;
using Clusters = Microsoft.FailoverClusters.PowerShell;
using HyperV = Microsoft.HyperV.PowerShell;
using Scvmm = Microsoft.SystemCenter.VirtualMachineManager;

namespace StandIn
{
    public static class MacText
    {
        public static string Plain(string mac) => mac == null ? "" : string.Concat(mac.Where(Uri.IsHexDigit)).ToUpperInvariant();
        public static string Dashed(string mac) => string.Join("-", Plain(mac).Chunk(2).Select(c => new string(c)));
    }

    public class Service
    {
        readonly string node;
        public Service(string node, string name) { this.node = node; Name = name; }
        bool Cluster => Name == "ClusSvc";
        bool Vmms => Name == "vmms";
        bool Member => Store.Read() is { Cluster: not null } state && state.NodeOf(node).ClusterMember;
        public string Name { get; }
        public string ServiceName => Name;
        public string DisplayName => Name switch { "ClusSvc" => "Cluster Service", "vmms" => "Hyper-V Virtual Machine Management", "hns" => "Host Network Service", _ => "Remote Procedure Call (RPC)" };
        public ServiceControllerStatus Status => Enum.Parse<ServiceControllerStatus>(Vmms ? Store.Read().NodeOf(node).VmmsStatus : !Cluster || Member ? "Running" : "Stopped");
        public string StartType => Cluster && !Member ? "Disabled" : "Automatic";
        public override string ToString() => Name;
    }

    public enum ServiceControllerStatus { Stopped = 1, StartPending = 2, StopPending = 3, Running = 4, ContinuePending = 5, PausePending = 6, Paused = 7 }

    // What the behaviours may know of an object and a script may not.
    public static class Peek
    {
        public static Vm Data(HyperV.VirtualMachineBase o) => o.Data;
        public static Adapter Data(HyperV.VMNetworkAdapterBase o) => o.Data;
        public static Switch Data(HyperV.VMSwitch o) => o.Data;
        public static Vm Data(Clusters.ClusterGroup o) => o.Data;
        public static Vm Data(Clusters.ClusterResource o) => o.Data;
        public static Vm Data(Scvmm.VM o) => o.Data;
        public static Adapter Data(Scvmm.VirtualNetworkAdapter o) => o.Data;
        public static MacPool Data(Scvmm.MACAddressPool o) => o.Data;
        public static GrantedMac Data(Scvmm.AllocatedMACAddress o) => o.granted;
        public static string Node(HyperV.VMNetworkAdapterBase o) => o.Node;
        public static Vm Owner(HyperV.VMNetworkAdapterBase o) => (o as HyperV.VMNetworkAdapter)?.Vm;
        public static bool InCheckpoint(HyperV.VMNetworkAdapterBase o) => o is HyperV.VMNetworkAdapter { InCheckpoint: true };
        public static bool IsConfiguration(Clusters.ClusterResource o) => o.IsConfiguration;
        public static HyperV.VMNetworkAdapterBase Adapter(HyperV.VMSwitchExtensionPortFeature o) => o.Adapter;

        public static HyperV.VMSwitchExtensionPortFeature Feature(HyperV.VMNetworkAdapterBase adapter, PortFeature stored)
        {
            var feature = new HyperV.VMSwitchExtensionPortFeature { Adapter = adapter, Id = Guid.Parse(stored.FeatureId) };
            foreach (var p in typeof(HyperV.PortProfileSetting).GetProperties())
                if (stored.Setting.TryGetValue(p.Name, out var text)) p.SetValue(feature.SettingData, LanguagePrimitives.ConvertTo(text, p.PropertyType));
            return feature;
        }

        public static PortFeature Stored(HyperV.VMSwitchExtensionPortFeature feature) => new()
        {
            FeatureId = feature.Id.ToString(),
            Setting = typeof(HyperV.PortProfileSetting).GetProperties().Where(p => p.GetValue(feature.SettingData) != null)
                .ToDictionary(p => p.Name, p => p.GetValue(feature.SettingData).ToString()),
        };
    }
}

namespace Microsoft.HyperV.PowerShell
{
    public enum VMState { Other = 1, Running = 2, Off = 3, Stopping = 4, Saved = 6, Paused = 9, Starting = 10, Reset = 11, Saving = 32773, Pausing = 32776, Resuming = 32777, FastSaved = 32779, FastSaving = 32780, ForceShutdown = 32781, ForceReboot = 32782, Hibernated = 32783, ComponentServicing = 32784, RunningCritical = 32785, OffCritical = 32786, StoppingCritical = 32787, SavedCritical = 32788, PausedCritical = 32789, StartingCritical = 32790, ResetCritical = 32791, SavingCritical = 32792, PausingCritical = 32793, ResumingCritical = 32794, FastSavedCritical = 32795, FastSavingCritical = 32796 }
    public enum OnOffState { On = 0, Off = 1 }
    public enum VMReplicationMode { None, Primary, Replica, TestReplica, ExtendedReplica }
    public enum VirtualMachineType { RealizedVirtualMachine = 3, PlannedVirtualMachine = 4 }
    public enum VirtualMachineSubType { Unknown, Generation1, Generation2 }
    public enum VMNetworkAdapterVlanMode { Untagged, Access, Trunk, Private }
    public enum VMNetworkAdapterPrivateVlanMode { Isolated = 1, Community = 2, Promiscuous = 3 }
    public enum VMNetworkAdapterPortMirroringMode { None, Destination, Source }
    public enum VMNetworkAdapterOperationalStatus { Unknown, Other, Ok, Degraded, Stressed, PredictiveFailure, Error, NonRecoverableError, Starting, Stopping, Stopped, InService, NoContact, LostCommunication, Aborted, Dormant, SupportingEntity, Completed, PowerMode, ProtocolVersion = 32775 }
    public enum VMSwitchType { Private, Internal, External }
    public enum VMSwitchBandwidthMode { Default, Weight, Absolute, None }
    public enum VMOperationalStatus { Ok = 2, Degraded = 3, PredictiveFailure = 5, InService = 11, Dormant = 15, SupportingEntityInError = 16 }
    public enum VMHeartbeatStatus { Unknown, Disabled, NoContact, Error, LostCommunication, OkApplicationsUnknown, OkApplicationsHealthy, OkApplicationsCritical, Paused }
    public enum SnapshotType { Standard = 0, Recovery = 1, Planned = 2, Missing = 5, Replica = 6, AppConsistentReplica = 7, SyncedReplica = 8 }
    public enum CheckpointType { Disabled = 2, Production = 3, ProductionOnly = 4, Standard = 5 }
    public enum StartAction { Nothing = 2, StartIfRunning = 3, Start = 4 }
    public enum StopAction { TurnOff = 2, Save = 3, ShutDown = 4 }
    public enum CriticalErrorAction { None, Pause }
    public enum EnhancedSessionTransportType { VMBus, HvSocket }
    public enum IovInterruptModerationValue { Default = 0, Adaptive = 1, Off = 2, Low = 100, Medium = 200, High = 300 }
    public enum VrssQueueSchedulingModeType { Dynamic, StaticVmq, StaticVrss }
    public enum VrssVmbusChannelAffinityPolicyType { None = 1, Weak = 2, Strong = 3, Strict = 4 }
    public enum MigrationAuthenticationType { CredSSP, Kerberos }
    public enum VMMigrationPerformance { TCPIP, Compression, SMB }
    public enum BootDevice { Floppy, CD, IDE, LegacyNetworkAdapter, NetworkAdapter, VHD }

    public class VirtualizationException : Exception { public VirtualizationException(string message) : base(message) { } }

    public abstract class VirtualizationObject
    {
        public object CimSession { get; set; }
        public virtual string ComputerName { get; set; }
        public virtual bool IsDeleted => false;
    }

    public abstract partial class VirtualMachineBase : VirtualizationObject
    {
        protected readonly string key;
        Vm last;
        readonly string node;                                // an object stays with the host it was read from: there a VM that moved away is gone
        protected VirtualMachineBase(string key) { this.key = key; last = Store.Read().Vm(key); node = last?.Node; }
        internal Vm Data => last = Store.Read().Vm(key) ?? last;
        public override bool IsDeleted => Store.Read().Vm(key)?.Node != node;
        public override string ComputerName => Data.Node.ToUpperInvariant();
        public int Generation => Read(Data.Generation);
        public bool IsClustered => Read(Data.RoleKnownAt > Store.Now ? !Data.Clustered : Data.Clustered);
        protected T Read<T>(T value, [CallerMemberName] string property = "") => Data.Unreadable.Contains(property) ? throw new VirtualizationException($"{property} cannot be read.") : value;
        public override string ToString() => $"{GetType().Name} (Name = '{Data.Name}') [Id = '{Data.Id}']";
    }

    public partial class VirtualMachine : VirtualMachineBase
    {
        public VirtualMachine(string id) : base(id) { }
        public Guid Id => Read(Guid.Parse(key));
        public Guid VMId => Id;                              // the module's types.ps1xml adds these two
        public string VMName => Name;
        public string Name => Read(Data.Name);
        public string Notes => Data.Notes;
        public VMState State => Read(Enum.Parse<VMState>(Data.State));
        public string Status => "Operating normally";
        public VMOperationalStatus[] OperationalStatus => new[] { VMOperationalStatus.Ok };
        public VMReplicationMode ReplicationMode => Read(Enum.Parse<VMReplicationMode>(Data.Replication.Mode));
        public VirtualMachineType VirtualMachineType => VirtualMachineType.RealizedVirtualMachine;
        public VirtualMachineSubType VirtualMachineSubType => (VirtualMachineSubType)Data.Generation;
        public string Version => "10.0";
        public string Path => @"C:\ClusterStorage\Volume1\" + Data.Name;
        public List<VMNetworkAdapter> NetworkAdapters => Data.Broken == null ? Data.Adapters.Select(a => new VMNetworkAdapter(key, a.Id)).ToList() : throw new VirtualizationException(Data.Broken);
        public CheckpointType CheckpointType => CheckpointType.Production;
        public StartAction AutomaticStartAction => StartAction.StartIfRunning;
        public StopAction AutomaticStopAction => StopAction.Save;
    }

    public partial class VMSnapshot : VirtualMachineBase
    {
        readonly string id;
        public VMSnapshot(string vm, string id) : base(vm) { this.id = id; }
        internal Checkpoint Checkpoint => Data.Checkpoints.First(c => c.Id == id);
        public Guid Id => Guid.Parse(id);
        public string Name => Checkpoint.Name;
        public Guid VMId => Guid.Parse(key);
        public string VMName => Data.Name;
        public SnapshotType SnapshotType => Enum.Parse<SnapshotType>(Checkpoint.Type);
        public VMState State => VMState.Off;
        public List<VMNetworkAdapter> NetworkAdapters => Checkpoint.Adapters.Select(a => new VMNetworkAdapter(key, id, a.Id)).ToList();
    }

    public partial class VMHost : VirtualizationObject
    {
        readonly string node;
        public VMHost(string node) { this.node = node; }
        Node Data => Store.Read().NodeOf(node);
        public string Name => Data.Name.ToUpperInvariant();
        public override string ComputerName => Name;
        public string FullyQualifiedDomainName => Data.Name + "." + Data.Domain;
        public string MacAddressMinimum => Data.Range[0];
        public string MacAddressMaximum => Data.Range[1];
        public List<VMInternalNetworkAdapter> InternalNetworkAdapters => Data.HostAdapters.Select(a => new VMInternalNetworkAdapter(node, a.Id)).ToList();
        public int LogicalProcessorCount => 16;
        public long MemoryCapacity => 137438953472;
        public string VirtualHardDiskPath => @"C:\ClusterStorage\Volume1";
        public string VirtualMachinePath => @"C:\ClusterStorage\Volume1";
        public bool VirtualMachineMigrationEnabled => true;
        public override string ToString() => Name;
    }

    public abstract partial class VMNetworkAdapterBase : VirtualizationObject
    {
        Adapter last;
        protected abstract Adapter Find();
        internal Adapter Data => last = Find() ?? last;
        internal abstract string Node { get; }
        public override bool IsDeleted => Find() == null;
        public override string ComputerName => Node.ToUpperInvariant();
        protected T Read<T>(T value, [CallerMemberName] string property = "") => Data.Unreadable.Contains(property) ? throw new VirtualizationException($"{property} cannot be read.") : value;
        public virtual bool IsManagementOs => false;
        public bool IsExternalAdapter => false;
        public bool IsTemplate => false;
        public string Id => Read(Data.Id);
        public string Name => Read(Data.Name);
        public string MacAddress => Read(Data.Mac);
        public string SwitchName => Read(Data.Switch);
        public Guid? SwitchId => Store.Read().NodeOf(Node).Switches.FirstOrDefault(s => State.Same(s.Name, Data.Switch)) is { } found ? Guid.Parse(found.Id) : null;
        public string AdapterId => Data.Id.Split('\\').Last();
        public OnOffState MacAddressSpoofing => Read(Data.Spoofing ? OnOffState.On : OnOffState.Off);
        public VMNetworkAdapterVlanSetting VlanSetting => new(this);
        public OnOffState DhcpGuard => OnOffState.Off;
        public OnOffState RouterGuard => OnOffState.Off;
        public OnOffState IeeePriorityTag => OnOffState.Off;
        public OnOffState AllowTeaming => OnOffState.Off;
        public OnOffState FixSpeed10G => OnOffState.Off;
        public VMNetworkAdapterOperationalStatus[] Status => new[] { VMNetworkAdapterOperationalStatus.Ok };
    }

    public partial class VMNetworkAdapter : VMNetworkAdapterBase
    {
        readonly string vm, checkpoint, id;
        public VMNetworkAdapter(string vm, string id) : this(vm, null, id) { }
        public VMNetworkAdapter(string vm, string checkpoint, string id) { this.vm = vm; this.checkpoint = checkpoint; this.id = id; _ = Data; node = Vm.Node; }
        readonly string node;
        public override bool IsDeleted => Vm.Node != node || base.IsDeleted;
        Vm lastVm;
        internal Vm Vm => lastVm = Store.Read().Vm(vm) ?? lastVm;
        protected override Adapter Find() => Store.Read().Vm(vm) is not Vm v ? null
            : (checkpoint == null ? v.Adapters : v.Checkpoints.FirstOrDefault(c => c.Id == checkpoint)?.Adapters)?.FirstOrDefault(a => a.Id == id);
        internal override string Node => Vm.Node;
        internal bool InCheckpoint => checkpoint != null;
        public bool DynamicMacAddressEnabled => Read(Data.Dynamic);
        public bool IsLegacy => Read(Data.Legacy);
        public bool IsSynthetic => !Data.Legacy;
        public bool ClusterMonitored => Data.ClusterMonitored;
        public bool Connected => Data.Switch != null;
        public string PoolName => Data.Switch == null ? "Primordial" : "";
        public string[] IPAddresses => Array.Empty<string>();
        public string[] MandatoryFeatureId => Array.Empty<string>();
        public string[] MandatoryFeatureName => Array.Empty<string>();
        public OnOffState DeviceNaming => OnOffState.Off;
        public Guid VMId => Read(Guid.Parse(vm));
        public string VMName => Vm.Name;
        public Guid VMSnapshotId => checkpoint == null ? Guid.Empty : Guid.Parse(checkpoint);
        public string VMSnapshotName => checkpoint == null ? "" : Vm.Checkpoints.First(c => c.Id == checkpoint).Name;
        public override string ToString() => $"VMNetworkAdapter (Name = '{Name}', VMName = '{VMName}') [VMId = '{vm}']";
    }

    public partial class VMInternalNetworkAdapter : VMNetworkAdapterBase
    {
        readonly string node, id;
        public VMInternalNetworkAdapter(string node, string id) { this.node = node; this.id = id; _ = Data; }
        protected override Adapter Find() => Store.Read().NodeOf(node).HostAdapters.FirstOrDefault(a => a.Id == id);
        internal override string Node => node;
        public override bool IsManagementOs => true;
        public string DeviceId => "{" + AdapterId + "}";
        public override string ToString() => $"VMInternalNetworkAdapter, Name = '{Name}'";
    }

    public partial class VMNetworkAdapterVlanSetting : VirtualizationObject
    {
        readonly VMNetworkAdapterBase adapter;
        public VMNetworkAdapterVlanSetting(VMNetworkAdapterBase adapter) { this.adapter = adapter; }
        Vlan Data => adapter.Data.Vlan;
        public VMNetworkAdapterBase ParentAdapter => adapter;
        public override string ComputerName => adapter.ComputerName;
        public VMNetworkAdapterVlanMode OperationMode => Enum.Parse<VMNetworkAdapterVlanMode>(Data.Mode);
        public int AccessVlanId => Data.Access;
        public int NativeVlanId => Data.Native;
        public List<int> AllowedVlanIdList => Data.Allowed;
        public string AllowedVlanIdListString => string.Join(",", Data.Allowed);
        public VMNetworkAdapterPrivateVlanMode PrivateVlanMode => Data.Mode == "Private" ? Enum.Parse<VMNetworkAdapterPrivateVlanMode>(Data.PrivateMode) : 0;
        public int PrimaryVlanId => Data.Primary;
        public int SecondaryVlanId => Data.Secondary;
        public List<int> SecondaryVlanIdList => Data.SecondaryList;
        public string SecondaryVlanIdListString => string.Join(",", Data.SecondaryList);
    }

    public partial class VMSwitch : VirtualizationObject
    {
        readonly string node, name;
        public VMSwitch(string node, string name) { this.node = node; this.name = name; }
        Node Host => Store.Read().NodeOf(node);
        internal Switch Data => Host.Switches.First(s => State.Same(s.Name, name));
        IEnumerable<Nic> Nics => Data.Nics.Select(n => Host.Nics.First(x => State.Same(x.Name, n)));
        public Guid Id => Guid.Parse(Data.Id);
        public string Name => Data.Name;
        public string Notes => "";
        public override string ComputerName => Host.Name.ToUpperInvariant();
        public VMSwitchType SwitchType => Enum.Parse<VMSwitchType>(Data.Type);
        public bool AllowManagementOS => Data.AllowManagementOs;
        public bool EmbeddedTeamingEnabled => Data.Teaming;
        public string NetAdapterInterfaceDescription => Data.Type != "External" ? "" : Data.Teaming ? "Teamed-Interface" : Nics.FirstOrDefault()?.Description;
        public string[] NetAdapterInterfaceDescriptions => Nics.Select(n => n.Description).ToArray();
        public Guid[] NetAdapterInterfaceGuid => Nics.Select(n => Guid.Parse(n.Guid)).ToArray();
        public override string ToString() => $"VMSwitch (Name = '{Name}') [Id = '{Id}']";
    }

    // A copy that the script fills; the state changes by Add- and Set-VMSwitchExtensionPortFeature only.
    public partial class VMSwitchExtensionPortFeature : VirtualizationObject
    {
        internal const string PortProfile = "9940cd46-8b06-43bb-b9d5-93d50381fd56";
        internal VMNetworkAdapterBase Adapter;
        public Guid? Id { get; set; }
        public string Name { get; set; } = "Ethernet Switch Port Profile Settings";
        public string ExtensionId { get; set; } = "00000000-0000-0000-0000-000000000000";
        public string ExtensionName { get; set; } = "";
        public PortProfileSetting SettingData { get; set; } = new();
    }

    public class PortProfileSetting
    {
        public string ProfileId { get; set; }
        public string ProfileName { get; set; }
        public uint ProfileData { get; set; }
        public string VendorId { get; set; }
        public string VendorName { get; set; }
        public string NetCfgInstanceId { get; set; }
        public string CdnLabelString { get; set; }
        public uint CdnLabelId { get; set; }
    }
}

namespace Microsoft.FailoverClusters.NativeHelp
{
    public static class NativeGroupHelp { public enum VmMigrationType { TurnOff = 0, Quick = 1, Shutdown = 2, ShutdownForce = 3, Live = 4 } }
}

namespace Microsoft.FailoverClusters.PowerShell
{
    public enum ClusterNodeState { Up = 0, Down = 1, Paused = 2, Joining = 3, Unknown = -1 }
    public enum ClusterGroupState { Online = 0, Offline = 1, Failed = 2, PartialOnline = 3, Pending = 4, Unknown = -1 }
    public enum ClusterResourceState { Inherited = 0, Initializing = 1, Online = 2, Offline = 3, Failed = 4, Pending = 128, OnlinePending = 129, OfflinePending = 130, Unknown = -1 }
    public enum ClusterParameterType { Unknown = 0, ByteArray = 1, UInt32 = 2, String = 3, ExpandString = 4, StringCollection = 5, UInt64 = 6, Int32 = 7, ExpandedString = 8, Int64 = 10, UInt16 = 11, DateTime = 12 }
    public enum NodeType { Node = 0, StorageNode = 1 }
    public enum GroupType { Cluster = 1, AvailableStorage = 2, Temporary = 3, ClusterSharedVolume = 4, ClusterStoragePool = 5, FileServer = 100, GenericService = 108, VirtualMachine = 111, VMReplicaBroker = 115, Unknown = 9999 }

    public class ClusterCmdletException : Exception { public ClusterCmdletException(string message) : base(message) { } }

    public abstract class ClusterObject
    {
        public override string ToString() => (string)GetType().GetProperty("Name").GetValue(this);
    }

    public partial class Cluster : ClusterObject
    {
        StandIn.Cluster Data => Store.Read().Cluster;
        public string Name => Data.Name;
        public string Id => Data.Id;
        public string Domain => Data.Domain;
        public uint ClusterFunctionalLevel => 11;
    }

    public partial class ClusterNode : ClusterObject
    {
        readonly string node;
        public ClusterNode(string node) { this.node = node; }
        Node Data => Store.Read().NodeOf(node);
        public string Name => Data.Name;
        public string NodeName => Data.Name;
        public string Id => (Store.Read().Nodes.Keys.ToList().IndexOf(Data.Name) + 1).ToString();
        public ClusterNodeState State => Enum.Parse<ClusterNodeState>(Data.State);
        public Cluster Cluster => new();
    }

    public partial class ClusterGroup : ClusterObject
    {
        readonly string vm, name;
        readonly GroupType core;
        Vm last;
        public ClusterGroup(string vm) { this.vm = vm; _ = Data; }
        public ClusterGroup(GroupType core) { this.core = core; }
        ClusterGroup(string vm, string name) { this.vm = vm; this.name = name; }
        // A role without a VM.
        public static ClusterGroup Named(string name) => new(null, name);
        internal Vm Data => vm == null ? null : last = Store.Read().Vm(vm) ?? last;
        public string Name => vm != null ? Data.Group : name ?? (core == GroupType.Cluster ? "Cluster Group" : "Available Storage");
        public string Id => Store.Derive("group", vm ?? name ?? core.ToString());
        public GroupType GroupType => vm != null ? GroupType.VirtualMachine : name != null ? GroupType.Unknown : core;
        public bool IsCoreGroup => vm == null && name == null;
        public ClusterNode OwnerNode => new(vm != null ? Data.Node : Store.Read().Nodes.First(n => n.Value.State == "Up" && n.Value.ClusterMember).Key);
        public Cluster Cluster => new();

        // A VM's configuration resource is online while the VM is off, and does not count.
        public ClusterGroupState State
        {
            get
            {
                if (IsCoreGroup) return ClusterGroupState.Online;
                if (Data?.GroupState is { } given) return Enum.Parse<ClusterGroupState>(given);
                var state = Store.Read();
                var parts = state.Vms.Where(v => v.Clustered && StandIn.State.Same(v.Group, Name)).Select(ClusterResource.StateOf)
                    .Concat(state.Cluster.Resources.Where(r => StandIn.State.Same(r.Group, Name)).Select(r => Enum.Parse<ClusterResourceState>(r.State))).ToHashSet();
                if (parts.Contains(ClusterResourceState.Failed)) return ClusterGroupState.Failed;
                if (parts.Contains(ClusterResourceState.Pending)) return ClusterGroupState.Pending;
                if (parts.Count > 1) return ClusterGroupState.PartialOnline;
                return parts.Contains(ClusterResourceState.Online) ? ClusterGroupState.Online : ClusterGroupState.Offline;
            }
        }
    }

    public partial class ClusterResourceType : ClusterObject
    {
        public string Name { get; set; }
    }

    public partial class ClusterResource : ClusterObject
    {
        readonly string vm, other;
        internal readonly bool IsConfiguration;
        Vm last;
        OtherResource lastOther;
        public ClusterResource(string vm, bool configuration) { this.vm = vm; IsConfiguration = configuration; _ = Data; }
        public ClusterResource(string other) { this.other = other; _ = Other; }
        internal Vm Data => vm == null ? null : last = Store.Read().Vm(vm) ?? last;
        OtherResource Other => lastOther = Store.Read().Cluster.Resources.FirstOrDefault(r => StandIn.State.Same(r.Name, other)) ?? lastOther;
        // The second VM of a role has its own name there.
        string Label => Store.Read().Vms.First(v => v.Clustered && StandIn.State.Same(v.Group, Data.Group)).Id == Data.Id ? Data.Group : Data.Name;
        public string Name => vm == null ? Other.Name : (IsConfiguration ? "Virtual Machine Configuration " : "Virtual Machine ") + Label;
        public string Id => vm == null ? Store.Derive("resource", Name) : Store.Derive("resource", vm, IsConfiguration.ToString());
        public ClusterResourceType ResourceType => new() { Name = vm == null ? Other.Type : IsConfiguration ? "Virtual Machine Configuration" : "Virtual Machine" };
        public ClusterGroup OwnerGroup
        {
            get
            {
                if (vm != null) return new(vm);
                var holder = Store.Read().Vms.FirstOrDefault(v => v.Clustered && StandIn.State.Same(v.Group, Other.Group));
                return holder == null ? ClusterGroup.Named(Other.Group) : new(holder.Id);
            }
        }
        public ClusterNode OwnerNode => OwnerGroup.OwnerNode;
        public bool IsCoreResource => false;
        public ClusterResourceState State => vm == null ? Enum.Parse<ClusterResourceState>(Other.State) : IsConfiguration ? ClusterResourceState.Online : StateOf(Data);
        internal static ClusterResourceState StateOf(Vm vm) => vm.State switch
        {
            "Running" or "Paused" => ClusterResourceState.Online,
            "Off" or "Saved" or "FastSaved" or "Hibernated" => ClusterResourceState.Offline,
            _ => ClusterResourceState.Pending,
        };
        public Cluster Cluster => new();
    }

    public partial class ClusterParameter
    {
        public ClusterObject ClusterObject { get; set; }
        public string Name { get; set; }
        public bool IsReadOnly { get; set; }
        public ClusterParameterType ParameterType { get; set; }
        public object Value { get; set; }
    }
}

namespace Microsoft.VirtualManager.Utils
{
    public class CarmineException : Exception { public CarmineException(string message) : base(message) { } }
}

namespace Microsoft.SystemCenter.VirtualMachineManager
{
    // Property lists beyond those used in the documentation's examples are not known here.
    public enum VirtualizationPlatform { Unknown = 0, HyperV = 2, VMWareESX = 4 }
    public enum EthernetAddressType { Dynamic = 0, Static = 1 }

    public abstract class ClientObject { public override string ToString() => (string)GetType().GetProperty("Name")?.GetValue(this) ?? base.ToString(); }
    public class ServerConnection : ClientObject { public ServerConnection(string name) { Name = name; } public string Name { get; } public string FQDN => Name; public bool IsConnected => true; public string ProductVersion => "10.22.1287.0"; }
    // Path: "All Hosts\West"; the name is its last part.
    public class HostGroup : ClientObject { public string Name { get; set; } public Guid ID { get; set; } public string Path { get; set; } }
    public class Host : ClientObject { public string Name { get; set; } public string ComputerName { get; set; } public string FQDN => Name; public Guid ID { get; set; } public HostGroup VMHostGroup { get; set; } public VirtualizationPlatform VirtualizationPlatform => VirtualizationPlatform.HyperV; public string OverallState { get; set; } }

    public class MACAddressPool : ClientObject
    {
        readonly string id;
        MacPool last;
        public MACAddressPool(string id) { this.id = id; _ = Data; }
        internal MacPool Data => last = Store.Read().Vmm.Pools.FirstOrDefault(p => p.Id == id) ?? last;
        internal static string Colons(string mac) => string.Join(":", mac.Chunk(2).Select(c => new string(c)));
        public Guid ID => Guid.Parse(id);
        public string Name => Data.Name;
        public string Description => Data.Description;
        public string MACAddressRangeStart => Colons(Data.Start);
        public string MACAddressRangeEnd => Colons(Data.End);
        internal static HostGroup Group(string path) => new() { Name = path.Split('\\').Last(), ID = Guid.Parse(Store.Derive("hostgroup", path)), Path = path };
        protected HostGroup[] Groups => Data.HostGroups.Select(Group).ToArray();
        public VirtualizationPlatform[] SupportedVirtualizationPlatforms => new[] { Enum.Parse<VirtualizationPlatform>(Data.Platform) };
    }

    // Two names of one property, and one that may not exist: nothing tells which VMM has which (FormerObjects of the state).
    public class PoolOfNow : MACAddressPool { public PoolOfNow(string id) : base(id) { } public HostGroup[] HostGroups => Groups; }
    public class PoolOfOld : MACAddressPool { public PoolOfOld(string id) : base(id) { } public HostGroup[] VMHostGroups => Groups; }
    public class AddressOfNow : AllocatedMACAddress { public AddressOfNow(GrantedMac granted) : base(granted) { } public VirtualNetworkAdapter VirtualNetworkAdapter => Holder is { } vm ? new(vm.Id, granted.Adapter) : null; }

    public class AllocatedMACAddress : ClientObject
    {
        internal readonly GrantedMac granted;
        public AllocatedMACAddress(GrantedMac granted) { this.granted = granted; }
        // Only what Microsoft's pages name: Address, VirtualNetworkAdapter, State. Its pool and holder are asked for with Get-SCMACAddress.
        public Guid ID => Guid.Parse(granted.Id);
        public string Name => Address;
        public string Address => MACAddressPool.Colons(granted.Mac);
        public string Description => granted.Description;
        protected Vm Holder => granted.Adapter == null ? null : Store.Read().OwnerOf(granted.Adapter, Store.Changing);
        public string State => granted.Adapter == null ? "Unassigned" : Holder == null ? "Inactive" : "Assigned";
    }

    public class VirtualNetworkAdapter : ClientObject
    {
        readonly string vm, id;
        public VirtualNetworkAdapter(string vm, string id) { this.vm = vm; this.id = id; }
        internal Adapter Data => Store.Read().Vm(vm)?.Adapters.FirstOrDefault(a => a.Id == id);
        internal static Guid GuidOf(string adapterId) => Guid.Parse(adapterId.Split('\\').Last());
        public Guid ID => GuidOf(id);
        public string Name => Store.Read().Vm(vm).Name;      // VMM names an adapter after its VM
        public string DeviceID => id;
        public int SlotId => Store.Read().Vm(vm).Adapters.FindIndex(a => a.Id == id);
        // VMM's database may be older than the host.
        VmmAdapter Record => Store.Read().Vm(vm).VmmRecord?.Adapters.ElementAtOrDefault(SlotId);
        public string MACAddress => MACAddressPool.Colons(MacText.Plain(Record?.Mac) is { Length: 12 } old ? old : Data.Mac);
        public string MACAddressType => Record?.Type ?? (Record?.Dynamic ?? Data.Dynamic ? "Dynamic" : "Static");
        public string PhysicalAddress => MACAddress;
        public string PhysicalAddressType => MACAddressType;
        public string EthernetAddress => MACAddress;
        public string EthernetAddressType => MACAddressType;
        public bool MACAddressSpoofingEnabled => Data.Spoofing;
        public string VirtualNetwork => Data.Switch;
        public bool VLanEnabled => Data.Vlan.Mode == "Access";
        public int VLanID => Data.Vlan.Access;
        public bool IsSynthetic => !Data.Legacy;
        public VM VM => new(vm);
    }

    public class VM : ClientObject
    {
        readonly string id;
        public VM(string id) { this.id = id; }
        internal Vm Data => Store.Read().Vm(id);
        public Guid ID => Guid.Parse(Store.Derive("scvm", id));
        public Guid VMId => Guid.Parse(id);
        public string Name => Data.Name;
        public string VMHost => Data.Node + "." + Store.Read().NodeOf(Data.Node).Domain;
        public string HostName => VMHost;
        string Shown => Data.VmmRecord?.State ?? Data.State;
        public string StatusString => Shown switch { "Off" => "Stopped", "Saved" => "Saved State", _ => Shown };
        public string VirtualMachineState => Shown switch { "Off" => "PowerOff", "Stopping" => "PoweringOff", _ => Shown };
        public string Status => VirtualMachineState;
        public bool IsHighlyAvailable => Data.Clustered;
        public VirtualNetworkAdapter[] VirtualNetworkAdapters => Data.Broken != null ? throw new Microsoft.VirtualManager.Utils.CarmineException(Data.Broken) : Data.Adapters.Select(a => new VirtualNetworkAdapter(id, a.Id)).ToArray();
    }
}

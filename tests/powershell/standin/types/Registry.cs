// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The registry provider with the drive HKLM:, as far as scripts use it on a node; values live in the state file.
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Provider;

namespace StandIn
{
    public enum RegistryValueKind { Unknown = 0, String = 1, ExpandString = 2, Binary = 3, DWord = 4, MultiString = 7, QWord = 11, None = -1 }

    public class RegistryKey
    {
        readonly Dictionary<string, RegistryValue> values;
        internal RegistryKey(string name, Dictionary<string, RegistryValue> values, string[] subKeys) { Name = name; this.values = values; this.subKeys = subKeys; }
        readonly string[] subKeys;
        public string Name { get; }
        public string[] Property => values.Keys.ToArray();
        public int ValueCount => values.Count;
        public int SubKeyCount => subKeys.Length;
        public string[] GetSubKeyNames() => subKeys;
        public string[] GetValueNames() => values.Keys.ToArray();
        public object GetValue(string name) => GetValue(name, null);
        public object GetValue(string name, object fallback) => values.TryGetValue(name, out var v) ? RegistryProvider.Decode(v) : fallback;
        public RegistryValueKind GetValueKind(string name) => Enum.Parse<RegistryValueKind>(values[name].Kind);
        public void Close() { }
        public void Dispose() { }
        public override string ToString() => Name;
    }

    public class KindParameter
    {
        [Parameter] public RegistryValueKind Type { get; set; }
    }

    [CmdletProvider("Registry", ProviderCapabilities.ShouldProcess)]
    public class RegistryProvider : NavigationCmdletProvider, IPropertyCmdletProvider, IDynamicPropertyCmdletProvider
    {
        const string Root = "HKEY_LOCAL_MACHINE";

        public override char ItemSeparator => '\\';
        public override char AltItemSeparator => '/';

        protected override Collection<PSDriveInfo> InitializeDefaultDrives() =>
            new() { new PSDriveInfo("HKLM", ProviderInfo, Root, "The configuration settings for the local computer", null) };

        protected override bool IsValidPath(string path) => !string.IsNullOrEmpty(path);
        protected override bool ItemExists(string path) => Exists(Store.Read(), Clean(path));
        protected override bool IsItemContainer(string path) => ItemExists(path);
        protected override bool HasChildItems(string path) => Children(Store.Read(), Clean(path)).Length > 0;

        protected override void GetItem(string path)
        {
            var state = Store.Read();
            string key = Clean(path);
            if (!Exists(state, key)) { NotFound(path); return; }
            var item = new PSObject(new RegistryKey(key, Keys(state).GetValueOrDefault(key) ?? new(), Children(state, key)));
            item.TypeNames.Insert(0, "Microsoft.Win32.RegistryKey");
            WriteItemObject(item, key, true);
        }

        protected override void GetChildItems(string path, bool recurse)
        {
            foreach (var child in Children(Store.Read(), Clean(path)))
            {
                GetItem(MakePath(path, child));
                if (recurse) GetChildItems(MakePath(path, child), true);
            }
        }

        protected override void GetChildNames(string path, ReturnContainers returnContainers)
        {
            foreach (var child in Children(Store.Read(), Clean(path))) WriteItemObject(child, MakePath(path, child), true);
        }

        protected override void NewItem(string path, string itemTypeName, object newItemValue)
        {
            string key = Clean(path);
            if (!ShouldProcess(key, "New Key")) return;
            Change(state =>
            {
                if (Exists(state, key) && !Force) { Fail(new System.IO.IOException("A key in this path already exists."), "System.IO.IOException", ErrorCategory.ResourceExists, key); return; }
                string parent = key[..key.LastIndexOf('\\')];
                if (!Exists(state, parent) && !Force) { Fail(new System.IO.IOException("The registry key at the specified path does not exist."), "System.ArgumentException", ErrorCategory.InvalidArgument, key); return; }
                Keys(state)[key] = new(StringComparer.OrdinalIgnoreCase);
                if (newItemValue != null) Keys(state)[key]["(default)"] = Encode(newItemValue, RegistryValueKind.String);
            });
            GetItem(path);
        }

        protected override void RemoveItem(string path, bool recurse)
        {
            string key = Clean(path);
            if (ShouldProcess(key, "Remove Key"))
                Change(state => { foreach (var k in Keys(state).Keys.Where(k => State.Same(k, key) || Under(k, key)).ToArray()) Keys(state).Remove(k); });
        }

        public void GetProperty(string path, Collection<string> names)
        {
            if (Find(path) is not { } values) return;
            var result = new PSObject();
            foreach (var (name, value) in values.Where(v => names == null || names.Count == 0 || names.Any(n => new WildcardPattern(n, WildcardOptions.IgnoreCase).IsMatch(v.Key))))
                result.Properties.Add(new PSNoteProperty(name, Decode(value)));
            foreach (var name in (names ?? new()).Where(n => !WildcardPattern.ContainsWildcardCharacters(n) && !values.Keys.Contains(n, StringComparer.OrdinalIgnoreCase)))
                Missing(name, path);
            if (result.Properties.Any()) WritePropertyObject(result, Clean(path));
        }

        public void SetProperty(string path, PSObject properties)
        {
            if (Find(path) == null) return;
            var kind = (DynamicParameters as KindParameter)?.Type ?? RegistryValueKind.Unknown;
            foreach (var property in properties.Properties)
                if (ShouldProcess($"Item: {Clean(path)} Property: {property.Name}", "Set Property")) Put(path, property.Name, property.Value, kind, true);
        }

        public void NewProperty(string path, string name, string type, object value)
        {
            if (Find(path) is not { } values) return;
            if (!Enum.TryParse<RegistryValueKind>(type ?? "Unknown", true, out var kind)) { Fail(new ArgumentException($"The type specified is not a registry value type: {type}"), "PropertyTypeInvalid", ErrorCategory.InvalidArgument, type); return; }
            if (values.Keys.Contains(name, StringComparer.OrdinalIgnoreCase) && !Force) { Fail(new System.IO.IOException("The property already exists."), "System.IO.IOException", ErrorCategory.ResourceExists, Clean(path)); return; }
            if (ShouldProcess($"Item: {Clean(path)} Property: {name}", "New Property")) Put(path, name, value, kind, false);
        }

        public void RemoveProperty(string path, string name)
        {
            if (Find(path) is not { } values) return;
            var found = values.Keys.Where(k => new WildcardPattern(name, WildcardOptions.IgnoreCase).IsMatch(k)).ToArray();
            if (found.Length == 0) Missing(name, path);
            foreach (var key in found)
                if (ShouldProcess($"Item: {Clean(path)} Property: {key}", "Remove Property")) Change(state => Keys(state)[Clean(path)].Remove(key));
        }

        public void ClearProperty(string path, Collection<string> names) => throw new PSNotSupportedException();
        public void CopyProperty(string a, string b, string c, string d) => throw new PSNotSupportedException();
        public void MoveProperty(string a, string b, string c, string d) => throw new PSNotSupportedException();
        public void RenameProperty(string a, string b, string c) => throw new PSNotSupportedException();
        public object GetPropertyDynamicParameters(string path, Collection<string> names) => null;
        public object SetPropertyDynamicParameters(string path, PSObject value) => new KindParameter();
        public object ClearPropertyDynamicParameters(string path, Collection<string> names) => null;
        public object NewPropertyDynamicParameters(string path, string name, string type, object value) => null;
        public object RemovePropertyDynamicParameters(string path, string name) => null;
        public object CopyPropertyDynamicParameters(string a, string b, string c, string d) => null;
        public object MovePropertyDynamicParameters(string a, string b, string c, string d) => null;
        public object RenamePropertyDynamicParameters(string a, string b, string c) => null;

        void Put(string path, string name, object value, RegistryValueKind kind, bool keepKind)
        {
            RegistryValue stored = null;
            Change(state =>
            {
                var values = Keys(state)[Clean(path)];
                string key = values.Keys.FirstOrDefault(k => State.Same(k, name)) ?? name;
                if (kind == RegistryValueKind.Unknown) kind = keepKind && values.TryGetValue(key, out var old) ? Enum.Parse<RegistryValueKind>(old.Kind) : Guess(value);
                values[key] = stored = Encode(value, kind);
            });
            var result = new PSObject();
            result.Properties.Add(new PSNoteProperty(name, Decode(stored)));
            WritePropertyObject(result, Clean(path));
        }

        static RegistryValueKind Guess(object value) => Unwrap(value) switch
        {
            byte[] => RegistryValueKind.Binary,
            int => RegistryValueKind.DWord,
            long => RegistryValueKind.QWord,
            string[] => RegistryValueKind.MultiString,
            _ => RegistryValueKind.String,
        };

        static object Unwrap(object value) => value is PSObject p ? p.BaseObject : value;

        static RegistryValue Encode(object value, RegistryValueKind kind) => new()
        {
            Kind = kind.ToString(),
            Data = kind switch
            {
                RegistryValueKind.Binary => Convert.ToHexString((byte[])LanguagePrimitives.ConvertTo(value ?? Array.Empty<byte>(), typeof(byte[]))),
                RegistryValueKind.DWord => ((int)LanguagePrimitives.ConvertTo(value ?? 0, typeof(int))).ToString(),
                RegistryValueKind.QWord => ((long)LanguagePrimitives.ConvertTo(value ?? 0L, typeof(long))).ToString(),
                RegistryValueKind.MultiString => string.Join("\0", (string[])LanguagePrimitives.ConvertTo(value ?? Array.Empty<string>(), typeof(string[]))),
                _ => (string)LanguagePrimitives.ConvertTo(value ?? "", typeof(string)),
            },
        };

        internal static object Decode(RegistryValue value) => value.Kind switch
        {
            "Binary" => Convert.FromHexString(value.Data),
            "DWord" => int.Parse(value.Data),
            "QWord" => long.Parse(value.Data),
            "MultiString" => value.Data.Split('\0'),
            _ => value.Data,
        };

        static void Change(Action<State> change)
        {
            using var store = Store.Open();
            change(store.State);
            store.Commit();
        }

        static Dictionary<string, Dictionary<string, RegistryValue>> Keys(State state)
        {
            var node = state.NodeOf(Store.NodeName);
            if (node.Registry.Comparer != StringComparer.OrdinalIgnoreCase) node.Registry = new(node.Registry, StringComparer.OrdinalIgnoreCase);
            return node.Registry;
        }

        // Both spellings of the hive, with or without separators at the ends.
        static string Clean(string path)
        {
            path = path.Replace('/', '\\').Trim('\\');
            return path.StartsWith("HKLM\\", StringComparison.OrdinalIgnoreCase) || State.Same(path, "HKLM") ? Root + path[4..] : path;
        }

        static bool Under(string key, string parent) => key.StartsWith(parent + "\\", StringComparison.OrdinalIgnoreCase);
        static bool Exists(State state, string key) => State.Same(key, Root) || Keys(state).Keys.Any(k => State.Same(k, key) || Under(k, key));
        static string[] Children(State state, string key) => Keys(state).Keys.Where(k => Under(k, key)).Select(k => k[(key.Length + 1)..].Split('\\')[0]).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();

        Dictionary<string, RegistryValue> Find(string path)
        {
            var state = Store.Read();
            string key = Clean(path);
            if (!Exists(state, key)) { NotFound(path); return null; }
            return Keys(state).GetValueOrDefault(key) ?? new();
        }

        void Missing(string name, string path) =>
            Fail(new PSArgumentException($"Property {name} does not exist at path {Clean(path)}."), "System.Management.Automation.PSArgumentException", ErrorCategory.InvalidArgument, name);
        void NotFound(string path) =>
            Fail(new ItemNotFoundException($"Cannot find path '{Clean(path)}' because it does not exist."), "PathNotFound", ErrorCategory.ObjectNotFound, path);
        void Fail(Exception e, string id, ErrorCategory category, object target) => WriteError(new ErrorRecord(e, id, category, target));
    }
}

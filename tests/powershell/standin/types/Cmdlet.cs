// Copyright (c) 2026, the macpool.hyperv contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// What every generated cmdlet does: log the call, obey an injected fault, run its behaviour on the locked state, then hand out
// what the behaviour wrote. Output leaves after the lock is released, so that a pipeline never holds the state.
using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace StandIn
{
    public abstract class StandInCmdlet : PSCmdlet
    {
        public string CommandName
        {
            get
            {
                var attribute = (CmdletAttribute)Attribute.GetCustomAttribute(GetType(), typeof(CmdletAttribute));
                return attribute.VerbName + "-" + attribute.NounName;
            }
        }

        protected override void ProcessRecord()
        {
            var call = new Call(this);
            Journal.Write(CommandName, MyInvocation.BoundParameters);
            var fault = Fault.Due(CommandName);
            if (fault != null)
            {
                if (fault.Silent) return;
                var record = call.Record(fault);
                if (fault.Terminating) ThrowTerminatingError(record);
                WriteError(record);
                return;
            }
            var behaviour = Behaviour.Find(this);
            foreach (var name in MyInvocation.BoundParameters.Keys)
                if (!CommonParameters.Contains(name) && !OptionalCommonParameters.Contains(name) && !Behaviour.Mentions(name))
                    throw new NotImplementedException($"StandIn does not model {CommandName} -{name}.");
            using (var store = Store.Open())
            {
                call.State = store.State;
                try { behaviour.Invoke(call); }
                catch (Exception e) when (Abort.In(e)) { }
                catch (RuntimeException e) when (e is not PipelineStoppedException)
                {
                    throw new InvalidOperationException($"StandIn: {CommandName} broke: {e.Message} {e.ErrorRecord?.ScriptStackTrace}", e);
                }
                store.Commit();
            }
            foreach (var item in call.Output)
            {
                if (item is ErrorRecord error) WriteError(error);
                else WriteObject(item);
            }
        }
    }

    // What a behaviour sees of its invocation.
    public class Call
    {
        readonly StandInCmdlet cmdlet;
        readonly Dictionary<string, object> bound;

        public Call(StandInCmdlet cmdlet)
        {
            this.cmdlet = cmdlet;
            bound = new Dictionary<string, object>(cmdlet.MyInvocation.BoundParameters, StringComparer.OrdinalIgnoreCase);
        }

        public State State { get; internal set; }
        public List<object> Output { get; } = new();
        public string Cmdlet => cmdlet.CommandName;
        public string Set => cmdlet.ParameterSetName;
        public bool Has(string name) => bound.ContainsKey(name);
        public object this[string name] => bound.TryGetValue(name, out var value) ? value is PSObject p && p.BaseObject is not PSCustomObject ? p.BaseObject : value : null;
        public bool On(string name) => this[name] is SwitchParameter s ? s.IsPresent : this[name] is true;

        public void Write(object value) => Output.Add(value);
        public void Warn(string message) => cmdlet.WriteWarning(message);
        // Shape of the message as Hyper-V's cmdlets pass it: one description, no separate target.
        public bool Should(string description) => cmdlet.ShouldProcess(description, $"Are you sure you want to perform this action?\n{description}", "Confirm");

        // Hyper-V's cmdlets report a host that cannot ask as an error of the operation.
        public bool Ask(string question)
        {
            try { return cmdlet.ShouldContinue(question, "Confirm"); }
            catch (HostException e) { Error(e.Message, "Unspecified", ErrorCategory.NotSpecified, null); return false; }
        }

        // Non-terminating, as the real cmdlets report; under ErrorAction Stop nothing after it happens.
        public void Error(string message, string id, ErrorCategory category, object target)
        {
            Output.Add(new ErrorRecord(Exception(message), id, category, target));
            if (Preference == ActionPreference.Stop) throw new Abort();
        }

        // The same, and nothing more of this record.
        public void Fail(string message, string id, ErrorCategory category, object target)
        {
            Error(message, id, category, target);
            throw new Abort();
        }

        // Each module has its own id and category for denied access; other faults are told by none.
        internal ErrorRecord Record(Fault fault)
        {
            var (id, category) = !fault.Denied ? ("OperationFailed", ErrorCategory.NotSpecified) : (cmdlet.GetType().Namespace, cmdlet.CommandName) switch
            {
                ("Microsoft.HyperV.PowerShell.Commands", _) => ("AccessDenied", ErrorCategory.PermissionDenied),
                ("Microsoft.FailoverClusters.PowerShell", _) => ("ClusterAccessDenied", ErrorCategory.AuthenticationError),
                (_, "Get-Service") => ("CouldNotAccessService", ErrorCategory.PermissionDenied),
                _ => ("MI RESULT 2", ErrorCategory.PermissionDenied),
            };
            if (fault.Category != null) category = Enum.Parse<ErrorCategory>(fault.Category);
            return new ErrorRecord(Exception(fault.Message), fault.Id ?? id, category, null);
        }

        internal Exception Exception(string message) => cmdlet.GetType().Namespace switch
        {
            "Microsoft.HyperV.PowerShell.Commands" => new Microsoft.HyperV.PowerShell.VirtualizationException(message),
            "Microsoft.FailoverClusters.PowerShell" => new Microsoft.FailoverClusters.PowerShell.ClusterCmdletException(message),
            "Microsoft.SystemCenter.VirtualMachineManager.Cmdlets" => new Microsoft.VirtualManager.Utils.CarmineException(message),
            _ => new InvalidOperationException(message),
        };

        ActionPreference Preference
        {
            get
            {
                object value = bound.TryGetValue("ErrorAction", out var given) ? given : cmdlet.GetVariableValue("ErrorActionPreference", ActionPreference.Continue);
                return (ActionPreference)LanguagePrimitives.ConvertTo(value, typeof(ActionPreference));
            }
        }
    }

    class Abort : Exception
    {
        public static bool In(Exception e)
        {
            for (; e != null; e = e.InnerException) if (e is Abort) return true;
            return false;
        }
    }

    // Behaviours are script blocks, one table per runspace: a script block belongs to the runspace that made it.
    public static class Behaviour
    {
        static readonly Dictionary<Guid, Dictionary<string, ScriptBlock>> Tables = new();
        static readonly string Script = Path.Combine(Path.GetDirectoryName(typeof(Behaviour).Assembly.Location), "Behaviour.psm1");
        static readonly Lazy<HashSet<string>> Words = new(() => Regex.Matches(File.ReadAllText(Script), @"\w+").Select(m => m.Value).ToHashSet(StringComparer.OrdinalIgnoreCase));

        // Parsed once for all runspaces of a process: a module gets a copy, which shares what has been compiled.
        static readonly Lazy<ScriptBlock> Bodies = new(() => Parser.ParseFile(Script, out _, out _).GetScriptBlock());

        // A parameter that no behaviour so much as names has no effect here: better refused than ignored.
        public static bool Mentions(string parameter) => Words.Value.Contains(parameter);

        public static void Register(string name, ScriptBlock body)
        {
            lock (Tables) Tables[Runspace.DefaultRunspace.InstanceId][name] = body;
        }

        public static ScriptBlock Find(StandInCmdlet cmdlet)
        {
            Dictionary<string, ScriptBlock> table;
            lock (Tables) Tables.TryGetValue(Runspace.DefaultRunspace.InstanceId, out table);
            if (table == null)
            {
                lock (Tables) Tables[Runspace.DefaultRunspace.InstanceId] = table = new(StringComparer.OrdinalIgnoreCase);
                cmdlet.InvokeCommand.InvokeScript("param($b) Microsoft.PowerShell.Core\\New-Module -Name StandIn.Behaviour -ScriptBlock $b | Microsoft.PowerShell.Core\\Import-Module -Scope Local -DisableNameChecking", true, PipelineResultTypes.None, null, Bodies.Value);
            }
            return table.TryGetValue(cmdlet.CommandName, out var body) ? body
                : throw new NotImplementedException($"StandIn has no behaviour for {cmdlet.CommandName}.");
        }
    }

    // STANDIN_FAULTS: cmdlet -> an error text, a fault, or a list of faults.
    // {"message": "...", "id": "...", "category": "...", "terminating": true}: an error
    // {"denied": true}: the error of this module when access is denied
    // {"silent": true}: the cmdlet does nothing and reports nothing
    // {"change": {"web01": {"node": "node2"}, "db01": null}}: the call goes on, on a state that has just been changed from outside
    // with "nth": 2 at the second call only; with "delay": 3 after 3 seconds, alone or with any of these
    public class Fault
    {
        static readonly Dictionary<string, int> Calls = new(StringComparer.OrdinalIgnoreCase);

        /// <summary>Start counting the calls again, for the next run in this process.</summary>
        public static void Reset()
        {
            lock (Calls) Calls.Clear();
        }

        public string Message;
        public string Id;
        public string Category;
        public bool Denied;
        public bool Terminating;
        public bool Silent;

        public static Fault Due(string command)
        {
            string text = Environment.GetEnvironmentVariable("STANDIN_FAULTS");
            if (string.IsNullOrEmpty(text)) return null;
            using var document = JsonDocument.Parse(text);
            int call;
            lock (Calls) call = Calls[command] = Calls.GetValueOrDefault(command) + 1;
            foreach (var entry in document.RootElement.EnumerateObject().Where(p => State.Same(p.Name, command)).SelectMany(p => Listed(p.Value)))
                if (Happens(entry, call) is { } fault) return fault;
            return null;
        }

        static IEnumerable<JsonElement> Listed(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : new[] { value };

        static Fault Happens(JsonElement entry, int call)
        {
            if (entry.ValueKind == JsonValueKind.String) return new Fault { Message = entry.GetString() };
            if (entry.TryGetProperty("nth", out var nth) && nth.GetInt32() != call) return null;
            if (entry.TryGetProperty("delay", out var delay)) System.Threading.Thread.Sleep((int)(delay.GetDouble() * 1000));
            if (entry.TryGetProperty("change", out var change)) Change(change);
            bool denied = On(entry, "denied"), silent = On(entry, "silent");
            if (!denied && !silent && !entry.TryGetProperty("message", out _)) return null;
            return new Fault
            {
                Message = Text(entry, "message") ?? "Access is denied.", Id = Text(entry, "id"), Category = Text(entry, "category"),
                Denied = denied, Silent = silent, Terminating = On(entry, "terminating"),
            };
        }

        static bool On(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) && value.GetBoolean();
        static string Text(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) ? value.GetString() : null;

        // What happens from outside just before this call: VMs by name, with the fields that change; null deletes the VM; "@vmm": fields of the VMM server.
        static void Change(JsonElement change)
        {
            var state = JsonNode.Parse(File.ReadAllText(Store.FilePath));
            var vms = state["vms"].AsArray();
            foreach (var wanted in change.EnumerateObject())
            {
                if (wanted.Name == "@vmm")
                {
                    foreach (var field in wanted.Value.EnumerateObject()) state["vmm"][field.Name] = JsonNode.Parse(field.Value.GetRawText());
                    continue;
                }
                var vm = vms.First(v => State.Same((string)v["name"], wanted.Name)).AsObject();
                if (wanted.Value.ValueKind == JsonValueKind.Null) vms.Remove(vm);
                else foreach (var field in wanted.Value.EnumerateObject()) vm[field.Name] = JsonNode.Parse(field.Value.GetRawText());
            }
            Store.Replace(state.ToJsonString());
        }
    }

    // STANDIN_LOG: one JSON line per call.
    static class Journal
    {
        public static void Write(string command, IDictionary<string, object> arguments)
        {
            string path = Environment.GetEnvironmentVariable("STANDIN_LOG");
            if (string.IsNullOrEmpty(path)) return;
            string line = JsonSerializer.Serialize(new { cmdlet = command, node = Store.NodeName, args = arguments.ToDictionary(a => a.Key, a => Plain(a.Value)) });
            lock (typeof(Journal)) File.AppendAllText(path, line + "\n");
        }

        static object Plain(object value)
        {
            if (value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject) value = wrapped.BaseObject;
            return value switch
            {
                null or string or bool or int or uint or long or ulong or ushort or short or double => value,
                SwitchParameter s => s.IsPresent,
                PSCredential => "(credential)",
                IDictionary d => d.Keys.Cast<object>().ToDictionary(k => k.ToString(), k => Plain(d[k])),
                IEnumerable e => e.Cast<object>().Select(Plain).ToArray(),
                _ => value.ToString(),
            };
        }
    }
}

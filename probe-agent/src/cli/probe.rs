//! `vedetta-agent probe`: one check, once, explained. Nothing of it is stored or delivered.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use collector_api::{Assignment, Evidence, Record, Verdict};
use config::{AgentConfig, ApController, CheckSpec, Probe};
use serde_json::{Map, Value, json};

use crate::probe::access_point::{AccessPoint, Listed};
use crate::probe::{Check, Outcome, Surroundings, Transcript};

#[derive(Debug, Args)]
pub(super) struct ProbeArguments {
    /// The check's id, as `--list` shows it.
    #[arg(required_unless_present = "list")]
    check: Option<String>,
    /// Show the checks of the kept assignment instead; with the name of a component of access points, what its
    /// controller knows, as rows of a CSV file of targets.
    #[arg(long)]
    list: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn probe(
    config: &AgentConfig,
    arguments: &ProbeArguments,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let assignment = super::kept_assignment(config)?;
    let Some(wanted) = &arguments.check else {
        list(&assignment, arguments.json, out)?;
        return Ok(ExitCode::SUCCESS);
    };
    if arguments.list {
        list_access_points(&assignment, wanted, &*crate::surroundings(config)?, out).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let check = find(&assignment, wanted)?;
    let surroundings = crate::surroundings(config)?;
    let (outcome, transcript) = check.run_recorded(&surroundings).await;
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &as_json(&check, &outcome, &transcript))?;
        writeln!(out)?;
    } else {
        explain(&check, &outcome, out)?;
        retell(&transcript, out)?;
    }
    let is_up = matches!(outcome.verdict, Verdict::Up | Verdict::Degraded);
    Ok(if is_up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find(assignment: &Assignment, wanted: &str) -> anyhow::Result<Check> {
    for text in &assignment.checks {
        let value: Value = serde_json::from_str(text).context("a check of the assignment is not JSON")?;
        if value.get("id").and_then(Value::as_str) == Some(wanted) {
            let spec: CheckSpec =
                serde_json::from_value(value).with_context(|| format!("this agent cannot run `{wanted}`"))?;
            return Check::new(spec).map_err(anyhow::Error::msg);
        }
    }
    bail!("no check `{wanted}` in assignment {}; see `vedetta-agent probe --list`", assignment.revision)
}

fn list(assignment: &Assignment, as_json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut listed = Vec::new();
    for text in &assignment.checks {
        let (id, kind, target) = match serde_json::from_str::<CheckSpec>(text) {
            Ok(spec) => (spec.id.to_string(), spec.probe.kind(), spec.probe.target()),
            Err(error) => (id_of(text), "?", error.to_string()),
        };
        listed.push((id, kind, target));
    }
    if as_json {
        let checks: Vec<Value> = listed
            .iter()
            .map(|(id, kind, target)| json!({ "check": id, "kind": kind, "target": target }))
            .collect();
        let whole = json!({ "revision": assignment.revision, "checks": checks });
        serde_json::to_writer_pretty(&mut *out, &whole)?;
        return Ok(writeln!(out)?);
    }
    let width = listed.iter().map(|(id, ..)| id.len()).max().unwrap_or(0);
    for (id, kind, target) in listed {
        writeln!(out, "{id:width$}  {kind:4}  {target}")?;
    }
    Ok(())
}

/// The table of a component's controller. The component is named by its last name, or by as many before it as tell it
/// from others.
async fn list_access_points(
    assignment: &Assignment,
    component: &str,
    surroundings: &Surroundings,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let specs = assignment.checks.iter().filter_map(|text| serde_json::from_str::<CheckSpec>(text).ok());
    let mut found: Vec<(String, AccessPoint, ApController)> = Vec::new();
    for spec in specs {
        let Probe::AccessPoint(params) = spec.probe else { continue };
        let parent = spec.id.as_str().rsplit_once('.').map_or("", |(parent, _)| parent).to_owned();
        let is_it = parent == component || parent.ends_with(&format!(".{component}"));
        if is_it && found.iter().all(|(known, ..)| *known != parent) {
            let controller = params.controller.clone();
            let point = AccessPoint::new(*params, &spec.timing).map_err(anyhow::Error::msg)?;
            found.push((parent, point, controller));
        }
    }
    let Some((_, point, controller)) = found.first() else {
        bail!("no component `{component}` of access points in assignment {}", assignment.revision)
    };
    if found.iter().any(|(_, _, other)| other != controller) {
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        bail!("`{component}` is several components; name one of {}", names.join(", "));
    }
    let listed =
        point.list(surroundings).await.map_err(|fault| anyhow!("{}: {}", fault.reason, fault.detail))?;
    writeln!(out, "name;address;area;behind;weight;since;until;note")?;
    for Listed { name, address, note } in listed {
        writeln!(out, "{name};{};;;;;;{}", cell(&address), cell(&note))?;
    }
    Ok(())
}

/// A text of a controller as one cell: in quotes where it would be several, or a formula of a spreadsheet.
fn cell(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let is_plain = !text.contains([';', '"', ',']) && !text.starts_with(['=', '+', '-', '@', '#']);
    if is_plain { text } else { format!("\"'{}\"", text.replace('"', "\"\"")) }
}

/// The id of a check whose kind this build does not know.
fn id_of(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    value.get("id").and_then(Value::as_str).unwrap_or("?").to_owned()
}

fn explain(check: &Check, outcome: &Outcome, out: &mut dyn Write) -> anyhow::Result<()> {
    let Evidence { detail, phases, attempts, remote, phase_failed, tls, facts } = &*outcome.evidence;
    writeln!(out, "{}  {}", check.id, outcome.verdict)?;
    writeln!(out, "  reason    {} ({})", outcome.reason, outcome.reason.describe())?;
    if !detail.is_empty() {
        writeln!(out, "  seen      {detail}")?;
    }
    writeln!(out, "  target    {} {}", check.kind(), check.target())?;
    if !remote.is_empty() {
        writeln!(out, "  remote    {remote}")?;
    }
    writeln!(out, "  took      {}", milliseconds(outcome.duration_micros))?;
    for phase in phases {
        let mark = if *phase_failed == phase.name { "  failed here" } else { "" };
        writeln!(out, "  phase     {:10} {}{mark}", phase.name, milliseconds(phase.micros))?;
    }
    for attempt in attempts {
        let record = Record { outcome: attempt.outcome, ..Record::default() };
        writeln!(
            out,
            "  attempt   {} {} {}",
            record.verdict(),
            record.reason(),
            milliseconds(attempt.micros)
        )?;
    }
    if let Some(tls) = tls {
        let verified = if tls.verified { "verified" } else { "not verified" };
        writeln!(out, "  tls       {} {verified}, valid until {}", tls.version, instant(tls.not_after_ms))?;
        if tls.path_not_after_ms > 0 && tls.path_not_after_ms != tls.not_after_ms {
            writeln!(out, "  issuers   valid until {}", instant(tls.path_not_after_ms))?;
        }
        writeln!(out, "  issuer    {}", tls.issuer)?;
    }
    for fact in facts {
        writeln!(out, "  {:9} {}", fact.name, fact.value)?;
    }
    Ok(())
}

/// The lines as they were said, each attempt under its number if there were several.
fn retell(transcript: &Transcript, out: &mut dyn Write) -> anyhow::Result<()> {
    let lines = transcript.lines();
    let Some(last) = lines.last() else { return Ok(()) };
    writeln!(out, "  transcript, times since the first attempt")?;
    let mut attempt = 0;
    for line in lines {
        if line.attempt != attempt && last.attempt > 1 {
            attempt = line.attempt;
            writeln!(out, "    attempt {attempt}")?;
        }
        writeln!(out, "    {:>14} {} {}", milliseconds(line.micros), line.direction.sign(), line.text)?;
    }
    if transcript.left_out() > 0 {
        writeln!(out, "    … {} more lines", transcript.left_out())?;
    }
    Ok(())
}

fn as_json(check: &Check, outcome: &Outcome, transcript: &Transcript) -> Value {
    let evidence = &outcome.evidence;
    let attempts: Vec<Value> = evidence
        .attempts
        .iter()
        .map(|attempt| {
            let record = Record { outcome: attempt.outcome, ..Record::default() };
            json!({
                "verdict": record.verdict().name(),
                "reason": record.reason().name(),
                "micros": attempt.micros,
            })
        })
        .collect();
    let facts: Map<String, Value> =
        evidence.facts.iter().map(|fact| (fact.name.clone(), Value::from(fact.value.clone()))).collect();
    let phases: Vec<Value> =
        evidence.phases.iter().map(|phase| json!({ "name": phase.name, "micros": phase.micros })).collect();
    let tls = evidence.tls.as_ref().map(|tls| {
        json!({
            "version": tls.version,
            "verified": tls.verified,
            "not_after": instant(tls.not_after_ms),
            "path_not_after": (tls.path_not_after_ms > 0).then(|| instant(tls.path_not_after_ms)),
            "issuer": tls.issuer,
            "fingerprint": collector_api::hex_encode(&tls.fingerprint),
        })
    });
    let lines: Vec<Value> = transcript
        .lines()
        .iter()
        .map(|line| {
            json!({
                "attempt": line.attempt,
                "micros": line.micros,
                "direction": line.direction.name(),
                "text": line.text,
            })
        })
        .collect();
    json!({
        "check": check.id.as_str(),
        "kind": check.kind(),
        "target": check.target(),
        "verdict": outcome.verdict.name(),
        "reason": outcome.reason.name(),
        "detail": evidence.detail,
        "micros": outcome.duration_micros,
        "remote": evidence.remote,
        "phase_failed": evidence.phase_failed,
        "phases": phases,
        "attempts": attempts,
        "facts": facts,
        "tls": tls,
        "transcript": lines,
        "transcript_left_out": transcript.left_out(),
    })
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

fn instant(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms).map_or_else(|_| unix_ms.to_string(), |at| at.to_string())
}

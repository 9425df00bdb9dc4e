//! From a path to what the file means: read, parse, resolve, report.
//!
//! The only place that opens a configuration file. The size is checked before the file is read, so
//! that a wrong path (a log, a disk image) costs nothing.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::problem::{Place, Source};
use crate::resolve;
use crate::text::{Text, io_reason, say};
use crate::yaml::agent::AgentKeys;
use crate::yaml::file::FileKeys;
use crate::yaml::node::{self, Value};
use crate::yaml::shape::{Report, Shape};
use crate::yaml::signs;
use crate::{AgentConfig, LoadError, Problem, Vedetta};
use crate::{include, secrets};

/// Largest file read, bytes: 120 access points with notes take about 20 kB.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What a file means, and what is doubtful in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// With every default applied.
    pub vedetta: Vedetta,
    /// In the file's order; none of them stops the file from being used.
    pub warnings: Vec<Problem>,
    /// The text as read, and that of every file it names, for the record of the revision.
    pub source: String,
}

/// Reads `vedetta.yaml`. Relative paths in it start from its own folder.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let (name, text) = read(path)?;
    whole(&text, &name, Some(path))
}

/// Reads `agent.yaml`. Relative paths in it start from its own folder.
pub fn load_agent(path: &Path) -> Result<AgentConfig, LoadError> {
    let (name, text) = read(path)?;
    let source = Source { name: &name, text: &text };
    let node = node::parse(source)?;
    if node.value == Value::Nothing {
        return Ok(AgentConfig::default());
    }
    let mut report = Report::new(source);
    secrets::refuse(&node, &mut report);
    report = report.ready()?;
    let agent =
        AgentKeys::read(&node, &mut report).map(|keys| resolve::agent(&keys, &folder(path), &mut report));
    report.finish()?;
    agent.ok_or_else(|| source.refuse(Place::WHOLE, unsaid()))
}

/// Reads the text of a `vedetta.yaml` without touching any file: keys that name a file are refused,
/// relative paths stay relative. `name` stands in problems.
pub fn parse(text: &str, name: &str) -> Result<Loaded, LoadError> {
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Source { name, text: "" }.refuse(Place::WHOLE, too_large()));
    }
    whole(text, name, None)
}

fn too_large() -> Text {
    say!(
        "larger than 1 MiB, which no configuration is; is it the right file?",
        "più grande di 1 MiB, come nessuna configurazione; è il file giusto?"
    )
}

/// A defect of this crate, kept from becoming a panic: something was left out without saying why.
fn unsaid() -> Text {
    say!(
        "the file was refused without a reason; please report this",
        "il file è stato rifiutato senza un motivo; è un difetto di Vedetta, va segnalato"
    )
}

fn whole(text: &str, name: &str, path: Option<&Path>) -> Result<Loaded, LoadError> {
    let source = Source { name, text };
    let mut report = Report::new(source);
    let folder = path.map(folder);
    let folder = folder.as_deref();
    let node = include::expand(node::parse(source)?, path, folder, &mut report);
    secrets::refuse(&node, &mut report);
    // A part is missing, or must not be repeated: what else could be said would be wrong or too much.
    report = report.ready()?;
    signs::warn(&node, &mut report);
    let vedetta =
        FileKeys::read(&node, &mut report).and_then(|keys| resolve::vedetta(&keys, folder, &mut report));
    let source_kept = report.sources();
    let warnings = report.finish()?;
    let vedetta = vedetta.ok_or_else(|| source.refuse(Place::WHOLE, unsaid()))?;
    Ok(Loaded { vedetta, warnings, source: source_kept })
}

pub(crate) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The name for problems, and the text.
pub(crate) fn read(path: &Path) -> Result<(String, String), LoadError> {
    let name = path.display().to_string();
    let refuse = |message: Text| Source { name: &name, text: "" }.refuse(Place::WHOLE, message);
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            let why = io_reason(&error);
            refuse(say!("cannot read the file: {why}", "il file non si può leggere: {why}"; why))
        },
    )?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refuse(too_large()));
    }
    let text = utf8(bytes).map_err(|line| {
        refuse(say!(
            "not UTF-8 at line {line}; save it as UTF-8",
            "non è UTF-8 alla riga {line}; salvalo come UTF-8"
        ))
    })?;
    Ok((name, text))
}

/// The text, or the line from which on it is none.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String, usize> {
    String::from_utf8(bytes).map_err(|error| {
        let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        sound.split(|byte| *byte == b'\n').count()
    })
}

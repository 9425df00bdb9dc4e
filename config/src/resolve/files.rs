//! Files that the charter names: read once, at load, from beside the file that names them.
//!
//! A charter is shown to people and copied between machines; so it can pull in nothing from elsewhere
//! on the disk: no absolute path, no `..`, no symbolic link that leads out of its folder.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::load::FILE_BYTES_MAX;
use crate::text::{Text, io_reason, say};

/// A chain of authorities is a few kB.
const PEM_BYTES_MAX: u64 = 64 * 1024;

/// Ten thousand rows.
const CSV_BYTES_MAX: u64 = 1024 * 1024;

/// The text of a PEM file with certificates, or why not.
pub(super) fn certificates(name: &str, folder: Option<&Path>) -> Result<String, Text> {
    let text = beside(name, folder, PEM_BYTES_MAX)?;
    if text.contains("PRIVATE KEY-----") {
        return Err(say!(
            "`{name}` holds a private key; an authority is certificates only",
            "`{name}` contiene una chiave privata; un'autorità è fatta di soli certificati"
        ));
    }
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(say!(
            "`{name}` holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)",
            "`{name}` non contiene un certificato in forma PEM (`-----BEGIN CERTIFICATE-----`)"
        ));
    }
    Ok(text)
}

/// The text of a CSV file, or why not.
pub(super) fn table(name: &str, folder: Option<&Path>) -> Result<String, Text> {
    beside(name, folder, CSV_BYTES_MAX)
}

/// The path, made absolute, and the text of a file that is part of the configuration, or why not.
pub(crate) fn included(name: &str, folder: Option<&Path>) -> Result<(PathBuf, String), Text> {
    read_beside(name, folder, FILE_BYTES_MAX)
}

fn beside(name: &str, folder: Option<&Path>, bytes_max: u64) -> Result<String, Text> {
    read_beside(name, folder, bytes_max).map(|(_, text)| text)
}

fn read_beside(name: &str, folder: Option<&Path>, bytes_max: u64) -> Result<(PathBuf, String), Text> {
    let Some(folder) = folder else {
        return Err(say!(
            "`{name}` cannot be read here: this text is not a file in a folder",
            "`{name}` non si può leggere qui: questo testo non è un file in una cartella"
        ));
    };
    let path = Path::new(name);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(say!(
            "`{name}` must be a path below the folder of this file, without `..`",
            "`{name}` deve essere un percorso sotto la cartella di questo file, senza `..`"
        ));
    }
    let failed = |error: std::io::Error| {
        let why = io_reason(&error);
        say!("cannot read `{name}`: {why}", "`{name}` non si può leggere: {why}"; why)
    };
    let folder = folder.canonicalize().map_err(failed)?;
    let path = folder.join(path).canonicalize().map_err(failed)?;
    if !path.starts_with(&folder) {
        return Err(say!(
            "`{name}` leads out of the folder of this file; copy the file there",
            "`{name}` porta fuori dalla cartella di questo file; copia lì il file"
        ));
    }
    if !path.is_file() {
        return Err(say!("`{name}` is not a file", "`{name}` non è un file"));
    }
    let mut text = String::new();
    File::open(&path).and_then(|file| file.take(bytes_max + 1).read_to_string(&mut text)).map_err(failed)?;
    if text.len() as u64 > bytes_max {
        let kib = bytes_max / 1024;
        return Err(say!("`{name}` is larger than {kib} KiB", "`{name}` è più grande di {kib} KiB"));
    }
    Ok((path, text))
}

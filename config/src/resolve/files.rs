//! Files that the charter names: read once, at load, from beside the file that names them.
//!
//! A charter is shown to people and copied between machines; so it can pull in nothing from elsewhere
//! on the disk: no absolute path, no `..`, no symbolic link that leads out of its folder.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::load::{FILE_BYTES_MAX, utf8};
use crate::text::{Text, io_reason, say};

/// A chain of authorities is a few kB.
const PEM_BYTES_MAX: u64 = 64 * 1024;

/// What a certificate in DER form begins with: a sequence whose length takes two bytes (X.690, 8.1.3.5).
const DER_SEQUENCE: [u8; 2] = [0x30, 0x82];

/// Ten thousand rows.
const CSV_BYTES_MAX: u64 = 1024 * 1024;

/// The text of a PEM file with certificates, or why not.
pub(super) fn certificates(name: &str, folder: Option<&Path>) -> Result<String, Text> {
    let (_, bytes) = bytes_beside(name, folder, PEM_BYTES_MAX)?;
    if bytes.starts_with(&DER_SEQUENCE) {
        return Err(say!(
            "`{name}` is a certificate in DER form; PEM is needed: `openssl x509 -inform der -in {name}`",
            "`{name}` è un certificato in forma DER; serve PEM: `openssl x509 -inform der -in {name}`"
        ));
    }
    let text = text_of(name, bytes)?;
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
    read_beside(name, folder, CSV_BYTES_MAX).map(|(_, text)| text)
}

/// The path, made absolute, and the text of a file that is part of the configuration, or why not.
pub(crate) fn included(name: &str, folder: Option<&Path>) -> Result<(PathBuf, String), Text> {
    read_beside(name, folder, FILE_BYTES_MAX)
}

fn read_beside(name: &str, folder: Option<&Path>, bytes_max: u64) -> Result<(PathBuf, String), Text> {
    let (path, bytes) = bytes_beside(name, folder, bytes_max)?;
    Ok((path, text_of(name, bytes)?))
}

fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, Text> {
    utf8(bytes).map_err(|line| {
        say!(
            "`{name}` is not UTF-8 at line {line}; save it as UTF-8",
            "`{name}` non è UTF-8 alla riga {line}; salvalo come UTF-8"
        )
    })
}

fn bytes_beside(name: &str, folder: Option<&Path>, bytes_max: u64) -> Result<(PathBuf, Vec<u8>), Text> {
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
    let tried = folder.strip_prefix(".").unwrap_or(folder).join(path);
    let failed = |error: std::io::Error| {
        let (why, tried) = (io_reason(&error), tried.display());
        say!(
            "cannot read `{name}`: {why} (looked for it at `{tried}`)",
            "`{name}` non si può leggere: {why} (cercato in `{tried}`)"; why
        )
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
    let mut bytes = Vec::new();
    File::open(&path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        let kib = bytes_max / 1024;
        return Err(say!("`{name}` is larger than {kib} KiB", "`{name}` è più grande di {kib} KiB"));
    }
    Ok((path, bytes))
}

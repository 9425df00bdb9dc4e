//! Small files of the state directory, replaced whole: a reader sees the old one or the new one.
//!
//! Written to a temporary file, synced, renamed, and the directory synced, so that a power cut leaves
//! one of the two as well. The price is two syncs; only rare things are kept this way.
//!
//! Root who looks after an agent (`vedetta-agent probe`) leaves the agent its files: what root writes is the
//! directory's owner's, or the agent could not read it again.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::Path;

/// Makes `directory` (mode 0700) unless it is there, and takes others' rights away if it is.
pub fn make_directory(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().recursive(true).mode(0o700).create(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let mode = directory.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(directory, Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// Replaces `directory/name` by `bytes`, mode 0600, durably.
pub fn replace(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    replace_with(directory, name, bytes, true)
}

/// Replaces `directory/name` by `bytes`, mode 0600; after a power cut it may be an older one.
pub fn replace_unsynced(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    replace_with(directory, name, bytes, false)
}

/// The bytes of `directory/name`, `None` if there is no such file; at most `bytes_max`.
pub fn read(directory: &Path, name: &str, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(directory.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name} is over {bytes_max} bytes")));
    }
    Ok(Some(bytes))
}

fn replace_with(directory: &Path, name: &str, bytes: &[u8], durably: bool) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.tmp"));
    // One left behind by a crash may have other rights.
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    if nix::unistd::geteuid().is_root() {
        let owner = directory.metadata()?;
        // By its descriptor: the file has just been made here, and is no link.
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.write_all(bytes)?;
    if durably {
        file.sync_all()?;
    }
    std::fs::rename(&temporary, directory.join(name))?;
    if durably {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_is_nobody_elses() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("state");
        make_directory(&directory).unwrap();
        assert_eq!(read(&directory, "a", 10).unwrap(), None);
        replace(&directory, "a", b"one").unwrap();
        std::fs::write(directory.join("a.tmp"), b"left by a crash").unwrap();
        replace(&directory, "a", b"two").unwrap();
        assert_eq!(read(&directory, "a", 10).unwrap().as_deref(), Some(&b"two"[..]));
        assert!(read(&directory, "a", 2).is_err());
        for (path, mode) in [(directory.join("a"), 0o600), (directory.clone(), 0o700)] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
        }
        assert!(!directory.join("a.tmp").exists());
    }

    #[test]
    fn what_root_writes_is_the_directorys_owners() {
        let home = tempfile::tempdir().unwrap();
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        // `nobody` and `nogroup` of Debian.
        std::os::unix::fs::chown(home.path(), Some(65_534), Some(65_534)).unwrap();
        replace(home.path(), "a", b"one").unwrap();
        let found = home.path().join("a").metadata().unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (65_534, 65_534, 0o600));
    }

    #[test]
    fn a_directory_loses_the_rights_of_others() {
        let home = tempfile::tempdir().unwrap();
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        make_directory(home.path()).unwrap();
        assert_eq!(home.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}

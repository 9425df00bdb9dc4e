//! A disk of a few MiB in the place of a folder; needs root.
//!
//! It is mounted in a mount namespace of the story's own thread, which the daemons that this thread starts
//! are in too: nobody else sees it, and it ends with them.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::Uid;

use crate::binaries::skip;
use crate::place::succeeded;

/// What a file on a tmpfs grows by.
const BLOCK_BYTES: usize = 4096;

/// A mount namespace that this thread is in.
#[derive(Debug)]
pub struct Mounts(());

impl Mounts {
    /// Puts this thread into one; `None` when that is not allowed.
    pub fn own() -> Option<Self> {
        if !Uid::effective().is_root() {
            skip("mounting a small disk needs root");
            return None;
        }
        match unshare(CloneFlags::CLONE_NEWNS) {
            Err(Errno::EPERM) => {
                skip("this root may not make a mount namespace");
                return None;
            }
            other => other.unwrap(),
        }
        let none: Option<&Path> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        Some(Self(()))
    }

    /// Moves what is in `folder` onto a disk of so many bytes that takes its place.
    pub fn small_disk(&self, folder: &Path, bytes: u64) -> SmallDisk {
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside).unwrap();
        fs::create_dir(folder).unwrap();
        let options = format!("size={bytes},mode=0700");
        let none: Option<&Path> = None;
        mount(none, folder, Some("tmpfs"), MsFlags::empty(), Some(options.as_str())).unwrap();
        let disk = SmallDisk { folder: folder.to_owned() };
        succeeded(Command::new("cp").arg("-a").arg(aside.join(".")).arg(folder));
        disk
    }
}

/// A mounted disk; gone when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Writes until nothing more fits, then gives `bytes` of it back.
    pub fn fill_but(&self, bytes: u64) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        let full = loop {
            if let Err(error) = ballast.write_all(&[7; BLOCK_BYTES]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(bytes)).unwrap();
    }

    /// Gives back all that [`SmallDisk::fill_but`] took.
    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

/// Lazily, because a daemon may still be in it.
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(&self.folder, MntFlags::MNT_DETACH);
    }
}

//! A disk in memory that forgets what was not synced, so that tests can pull the plug anywhere.
//!
//! What it models: contents are durable after `sync_data`, names after `sync_names`; before that, each
//! 512-byte sector written and each name changed (in order) may or may not have arrived. A sync that
//! fails leaves the pages readable and clean, as Linux does: they never arrive, and no error comes again.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::{Disk, DiskFile};

const SECTOR: usize = 512;

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryDisk(Arc<Mutex<Platter>>);

/// An open file of it.
#[derive(Debug)]
pub(super) struct MemoryFile {
    disk: MemoryDisk,
    inode: usize,
}

#[derive(Debug, Default)]
struct Platter {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Names changed since the last sync: new name → inode, or gone.
    changes: Vec<Vec<(String, Option<usize>)>>,
    operations: u64,
    crash_after: Option<u64>,
    failing_syncs: u32,
    bytes_max: Option<usize>,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    current: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<(usize, Vec<u8>)>,
}

impl MemoryDisk {
    /// Mutating operations so far.
    pub(super) fn operations(&self) -> u64 {
        self.platter().operations
    }

    /// Everything fails after this many operations from now on.
    pub(super) fn crash_after(&self, operations: u64) {
        let mut platter = self.platter();
        platter.crash_after = Some(platter.operations + operations);
    }

    /// The next syncs of contents fail, and lose what they should have made durable.
    pub(super) fn fail_syncs(&self, count: u32) {
        self.platter().failing_syncs = count;
    }

    /// The disk takes at most so many bytes.
    pub(super) fn set_bytes_max(&self, bytes_max: Option<usize>) {
        self.platter().bytes_max = bytes_max;
    }

    /// Bytes in files.
    pub(super) fn bytes(&self) -> usize {
        let platter = self.platter();
        platter.names.values().map(|&inode| platter.inodes[inode].current.len()).sum()
    }

    /// What a machine finds that starts again after the power went: `chance` decides what arrived.
    pub(super) fn after_power_cut(&self, mut chance: impl FnMut() -> bool) -> Self {
        let platter = self.platter();
        let mut names = platter.durable_names.clone();
        for change in &platter.changes {
            if !chance() {
                break;
            }
            apply(&mut names, change);
        }
        let inodes = platter.inodes.iter().map(|inode| inode.after_power_cut(&mut chance)).collect();
        let after = Platter { inodes, durable_names: names.clone(), names, ..Platter::default() };
        Self(Arc::new(Mutex::new(after)))
    }

    /// What a process finds that starts again after a kill: all that was written.
    pub(super) fn after_kill(&self) -> Self {
        let platter = self.platter();
        let after = Platter {
            inodes: platter.inodes.clone(),
            names: platter.names.clone(),
            durable_names: platter.durable_names.clone(),
            changes: platter.changes.clone(),
            ..Platter::default()
        };
        Self(Arc::new(Mutex::new(after)))
    }

    /// Flips bits of a byte, as a disk that rots.
    pub(super) fn flip(&self, name: &str, at: usize, bits: u8) {
        let mut platter = self.platter();
        let inode = platter.names[name];
        platter.inodes[inode].current[at] ^= bits;
        platter.inodes[inode].durable[at] ^= bits;
    }

    /// Length of a file.
    pub(super) fn length(&self, name: &str) -> usize {
        let platter = self.platter();
        platter.inodes[platter.names[name]].current.len()
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// Counts an operation that changes something.
    fn operate(&self) -> io::Result<MutexGuard<'_, Platter>> {
        let mut platter = self.platter();
        if platter.crash_after.is_some_and(|crash| platter.operations >= crash) {
            return Err(io::Error::other("the power is gone"));
        }
        platter.operations += 1;
        Ok(platter)
    }

    fn rename_all(&self, change: Vec<(String, Option<usize>)>) -> io::Result<()> {
        let mut platter = self.operate()?;
        apply(&mut platter.names, &change);
        platter.changes.push(change);
        Ok(())
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.platter().names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Inode {
    fn after_power_cut(&self, chance: &mut impl FnMut() -> bool) -> Self {
        let mut bytes = self.durable.clone();
        if chance() {
            bytes.resize(self.current.len(), 0);
        }
        for (at, sector) in &self.dirty {
            if chance() {
                write(&mut bytes, *at, sector);
            }
        }
        Self { current: bytes.clone(), durable: bytes, dirty: Vec::new() }
    }
}

fn apply(names: &mut BTreeMap<String, usize>, change: &[(String, Option<usize>)]) {
    for (name, inode) in change {
        match inode {
            Some(inode) => names.insert(name.clone(), *inode),
            None => names.remove(name),
        };
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    if bytes.len() < at + piece.len() {
        bytes.resize(at + piece.len(), 0);
    }
    bytes[at..at + piece.len()].copy_from_slice(piece);
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.platter().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        let inode = {
            let mut platter = self.platter();
            platter.inodes.push(Inode::default());
            platter.inodes.len() - 1
        };
        self.rename_all(vec![(name.to_owned(), Some(inode))])?;
        Ok(MemoryFile { disk: self.clone(), inode })
    }

    fn open(&self, name: &str) -> io::Result<MemoryFile> {
        Ok(MemoryFile { disk: self.clone(), inode: self.find(name)? })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let inode = self.find(from)?;
        self.rename_all(vec![(from.to_owned(), None), (to.to_owned(), Some(inode))])
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.find(name)?;
        self.rename_all(vec![(name.to_owned(), None)])
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut platter = self.operate()?;
        platter.durable_names = platter.names.clone();
        platter.changes.clear();
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.platter().inodes[self.inode].current.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let platter = self.disk.platter();
        let bytes = &platter.inodes[self.inode].current;
        let from = usize::try_from(offset).unwrap().min(bytes.len());
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut platter = self.disk.operate()?;
        let inode = &mut platter.inodes[self.inode];
        let mut at = usize::try_from(offset).unwrap();
        write(&mut inode.current, at, bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            inode.dirty.push((at, sector.to_vec()));
            (at, rest) = (at + sector.len(), after);
        }
        Ok(())
    }

    fn allocate(&mut self, length: u64) -> io::Result<()> {
        let used = self.disk.bytes();
        let free = self.disk.platter().bytes_max.map(|max| max.saturating_sub(used));
        let mut platter = self.disk.operate()?;
        let length = usize::try_from(length).unwrap();
        let bytes = &mut platter.inodes[self.inode].current;
        let more = length.saturating_sub(bytes.len());
        if free.is_some_and(|free| more > free) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.resize(bytes.len() + more, 0);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut platter = self.disk.operate()?;
        let length = usize::try_from(length).unwrap();
        platter.inodes[self.inode].current.truncate(length);
        Ok(())
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let mut platter = self.disk.operate()?;
        let fails = platter.failing_syncs > 0;
        platter.failing_syncs = platter.failing_syncs.saturating_sub(1);
        let inode = &mut platter.inodes[self.inode];
        let dirty = std::mem::take(&mut inode.dirty);
        if fails {
            return Err(io::Error::other("input/output error"));
        }
        inode.durable.resize(inode.current.len(), 0);
        for (at, sector) in dirty {
            write(&mut inode.durable, at, &sector);
        }
        inode.durable.truncate(inode.current.len());
        Ok(())
    }
}

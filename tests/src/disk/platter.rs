//! A disk in memory that forgets, at a crash, what was not synced: all of it, or some of it, torn.

use super::faults::{Event, Fault, Phase, Visits};
use crate::simulation::rng::Rng;
use rpc_core::redb::StorageBackend;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is written at once, or not at all.
const SECTOR: usize = 512;

/// A handle on the disk; clones are the same disk.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Platter>>);

/// What is on it.
pub struct Platter {
    /// What a crash leaves in any case.
    synced: Vec<u8>,
    /// What was done since, in order.
    unsynced: Vec<Operation>,
    /// What a reader sees: all of it.
    seen: Vec<u8>,
    rng: Rng,
    /// What fails, and after how many operations of its kind.
    fuse: Option<(Fault, u64)>,
    /// What has failed since the last start.
    blown: Option<Fault>,
    /// Nothing works until the next start.
    off: bool,
    full: bool,
    /// What the store does at the moment.
    pub phase: Phase,
    /// What was seen so far.
    pub visits: Visits,
    /// Changes with every operation: two runs of a seed must do the same.
    pub digest: u64,
}

#[derive(Clone)]
enum Operation {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Disk {
    /// An empty disk.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Platter {
            synced: Vec::new(),
            unsynced: Vec::new(),
            seen: Vec::new(),
            rng: Rng::new(seed ^ 0xD15C),
            fuse: None,
            blown: None,
            off: false,
            full: false,
            phase: Phase::Creating,
            visits: Visits::default(),
            digest: 0,
        })))
    }

    /// The disk itself.
    pub fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platter {
    /// A process starts: everything works, until the fuse blows.
    pub fn start(&mut self, fuse: Option<(Fault, u64)>) {
        self.fuse = fuse;
        (self.blown, self.off, self.full) = (None, false, false);
        self.phase = if self.seen.is_empty() {
            Phase::Creating
        } else {
            Phase::Opening
        };
    }

    /// What has failed since the last start.
    pub fn blown(&self) -> Option<Fault> {
        self.blown
    }

    /// The process is gone, and can write no more. What it wrote is still there to be read and to be synced.
    pub fn kill(&mut self) {
        self.off = true;
    }

    /// A file that was not made to its end goes. A directory's store is given its name only when it is whole.
    pub fn discard(&mut self) {
        self.synced.clear();
        self.seen.clear();
        self.unsynced.clear();
    }

    /// The power fails, and is there again.
    pub fn crash(&mut self) {
        self.off = true;
        let mode = self.rng.below(4);
        let (kept, whole) = (self.rng.range(50, 950) as u32, self.rng.chance(300));
        let unsynced = std::mem::take(&mut self.unsynced);
        match mode {
            _ if unsynced.is_empty() => {}
            0 => self.visits.event(Event::AllLost),
            1 => {
                self.visits.event(Event::AllThere);
                unsynced
                    .iter()
                    .for_each(|operation| operation.carry_out(&mut self.synced));
            }
            _ if whole => {
                for operation in &unsynced {
                    if self.rng.chance(kept) {
                        operation.carry_out(&mut self.synced);
                    }
                }
            }
            _ => self.keep_sectors(&unsynced, kept),
        }
        self.seen = self.synced.clone();
    }

    /// Keeps so many in a thousand of the sectors that were written.
    fn keep_sectors(&mut self, unsynced: &[Operation], kept: u32) {
        for operation in unsynced {
            let Operation::Write(offset, data) = operation else {
                if self.rng.chance(kept) {
                    operation.carry_out(&mut self.synced);
                }
                continue;
            };
            let mut at = 0;
            let mut parts = 0;
            while at < data.len() {
                let sector_end = (offset + at + 1).next_multiple_of(SECTOR);
                let end = (sector_end - offset).min(data.len());
                if self.rng.chance(kept) {
                    put(&mut self.synced, offset + at, &data[at..end]);
                    parts += end - at;
                }
                at = end;
            }
            if parts > 0 && parts < data.len() {
                self.visits.event(Event::Torn);
            }
        }
    }

    /// Counts an operation at which this may fail; true if it does, now.
    fn blows(&mut self, fault: Fault) -> bool {
        match &mut self.fuse {
            Some((armed, left)) if *armed == fault => {
                *left = left.saturating_sub(1);
                if *left > 0 {
                    return false;
                }
            }
            _ => return false,
        }
        self.fuse = None;
        self.blown = Some(fault);
        self.visits.fault(self.phase, fault);
        true
    }

    fn is_on(&mut self, kind: u64, detail: u64) -> io::Result<()> {
        let word = self.digest ^ kind.wrapping_mul(0x9E37_79B9) ^ detail;
        self.digest = word.wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17);
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    fn turn_off(&mut self) -> io::Error {
        self.off = true;
        io::Error::other("the power fails")
    }

    fn change(&mut self, operation: Operation) {
        operation.carry_out(&mut self.seen);
        self.unsynced.push(operation);
    }

    fn write(&mut self, offset: usize, data: &[u8]) -> io::Result<()> {
        self.is_on(1, offset as u64)?;
        if self.blows(Fault::FullDisk) {
            self.full = true;
        }
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.blows(Fault::WriteError) {
            let part = self.rng.below(data.len() as u64 + 1) as usize;
            self.change(Operation::Write(offset, data[..part].to_vec()));
            return Err(io::Error::other("a write fails"));
        }
        self.change(Operation::Write(offset, data.to_vec()));
        if self.blows(Fault::CrashAtWrite) {
            return Err(self.turn_off());
        }
        Ok(())
    }

    fn set_len(&mut self, len: usize) -> io::Result<()> {
        self.is_on(2, len as u64)?;
        if self.full && len > self.seen.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.blows(Fault::LengthError) {
            return Err(io::Error::other("the length cannot be set"));
        }
        self.change(Operation::Length(len));
        if self.blows(Fault::CrashAtLength) {
            return Err(self.turn_off());
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.is_on(3, 0)?;
        if self.blows(Fault::CrashBeforeSync) {
            return Err(self.turn_off());
        }
        let unsynced = std::mem::take(&mut self.unsynced);
        if self.blows(Fault::SyncError) {
            // What could not be written is lost, and no later sync will say so.
            self.keep_sectors(&unsynced, 500);
            self.seen = self.synced.clone();
            return Err(io::Error::other("a sync fails"));
        }
        unsynced
            .iter()
            .for_each(|operation| operation.carry_out(&mut self.synced));
        if self.blows(Fault::CrashAfterSync) {
            return Err(self.turn_off());
        }
        Ok(())
    }

    fn read(&mut self, offset: usize, out: &mut [u8]) -> io::Result<()> {
        self.is_on(4, offset as u64)?;
        if self.blows(Fault::ReadError) {
            return Err(io::Error::other("a read fails"));
        }
        let there = self.seen.get(offset..offset + out.len());
        out.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl Operation {
    fn carry_out(&self, bytes: &mut Vec<u8>) {
        match self {
            Operation::Write(offset, data) => put(bytes, *offset, data),
            Operation::Length(len) => bytes.resize(*len, 0),
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let mut platter = self.platter();
        platter.is_on(5, 0)?;
        Ok(platter.seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.platter().read(offset as usize, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.platter().set_len(len as usize)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.platter().sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.platter().write(offset as usize, data)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

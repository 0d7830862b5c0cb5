//! A storage that is only read until it has proven to be what it should be.

use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

/// Holds back what the database writes while it opens and repairs a file, until [`settle`](Self::settle) says that the
/// file is ours. An attempt that fails before that leaves no trace.
#[derive(Debug)]
pub(super) struct Careful<B> {
    storage: Arc<B>,
    held: Arc<RwLock<Option<Held>>>,
}

/// A second handle on the same storage: the database keeps the first.
impl<B> Clone for Careful<B> {
    fn clone(&self) -> Self {
        Self {
            storage: self.storage.clone(),
            held: self.held.clone(),
        }
    }
}

/// What is held back, in order, so that it can be done later exactly as it would have been done at once.
#[derive(Debug)]
struct Held {
    /// How long the storage is.
    real: u64,
    /// How long it would be.
    len: u64,
    operations: Vec<Operation>,
}

#[derive(Debug)]
enum Operation {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

impl<B: StorageBackend> Careful<B> {
    pub(super) fn new(storage: B) -> io::Result<Self> {
        let real = storage.len()?;
        let held = Held {
            real,
            len: real,
            operations: Vec::new(),
        };
        Ok(Self {
            storage: Arc::new(storage),
            held: Arc::new(RwLock::new(Some(held))),
        })
    }

    /// Does what was held back, with its barriers, and holds back nothing from now on.
    pub(super) fn settle(&self) -> io::Result<()> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        for operation in held.iter().flat_map(|held| &held.operations) {
            match operation {
                Operation::Write(offset, data) => self.storage.write(*offset, data)?,
                Operation::SetLen(len) => self.storage.set_len(*len)?,
                Operation::Sync => self.storage.sync_data()?,
            }
        }
        *held = None;
        Ok(())
    }

    /// Notes the operation if things are still held back; otherwise gives it to the storage.
    fn change(
        &self,
        operation: impl FnOnce() -> Operation,
        at_once: impl FnOnce(&B) -> io::Result<()>,
    ) -> io::Result<()> {
        let settled = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if settled.is_none() {
            return at_once(&self.storage);
        }
        drop(settled);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => {
                held.note(operation());
                Ok(())
            }
            None => at_once(&self.storage),
        }
    }
}

impl Held {
    fn note(&mut self, operation: Operation) {
        match &operation {
            Operation::Write(offset, data) => self.len = self.len.max(offset + data.len() as u64),
            Operation::SetLen(len) => self.len = *len,
            Operation::Sync => {}
        }
        self.operations.push(operation);
    }

    fn read(&self, storage: &impl StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.saturating_add(out.len() as u64);
        if end > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.fill(0);
        let there = self.real.clamp(offset, end) - offset;
        if there > 0 {
            // No longer than `out`, so it fits.
            storage.read(offset, &mut out[..there as usize])?;
        }
        for operation in &self.operations {
            match operation {
                Operation::Write(start, data) => lay_over(out, offset, data, *start),
                Operation::SetLen(len) => {
                    out[(len.clamp(&offset, &end) - offset) as usize..].fill(0)
                }
                Operation::Sync => {}
            }
        }
        Ok(())
    }
}

/// Copies the part of `data` that lies within `out`; each begins at its offset.
fn lay_over(out: &mut [u8], out_offset: u64, data: &[u8], offset: u64) {
    let from = offset.max(out_offset);
    let to = (offset + data.len() as u64).min(out_offset + out.len() as u64);
    if from < to {
        let source = &data[(from - offset) as usize..(to - offset) as usize];
        out[(from - out_offset) as usize..(to - out_offset) as usize].copy_from_slice(source);
    }
}

impl<B: StorageBackend> StorageBackend for Careful<B> {
    fn len(&self) -> io::Result<u64> {
        match &*self.held.read().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => Ok(held.len),
            None => self.storage.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match &*self.held.read().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => held.read(&*self.storage, offset, out),
            None => self.storage.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|| Operation::SetLen(len), |storage| storage.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(|| Operation::Sync, StorageBackend::sync_data)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(
            || Operation::Write(offset, data.to_vec()),
            |storage| storage.write(offset, data),
        )
    }

    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    fn all(storage: &impl StorageBackend) -> Vec<u8> {
        let mut bytes = vec![0; storage.len().expect("memory") as usize];
        storage.read(0, &mut bytes).expect("memory");
        bytes
    }

    #[test]
    fn what_is_held_back_is_seen_at_once_and_done_later() {
        let storage = InMemoryBackend::new();
        storage.set_len(6).expect("memory");
        storage.write(0, b"abcdef").expect("memory");
        let careful = Careful::new(storage).expect("memory");
        careful.set_len(7).expect("held back");
        careful.write(4, b"XYZ").expect("held back");
        careful.set_len(5).expect("held back");
        careful.sync_data().expect("held back");
        careful.set_len(8).expect("held back");
        careful.write(7, b"!").expect("held back");
        assert_eq!(all(&careful), b"abcdX\0\0!");
        assert_eq!(all(&*careful.storage), b"abcdef", "nothing is touched");
        let beyond = careful.read(7, &mut [0; 2]).expect_err("beyond the end");
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);

        careful.settle().expect("memory");
        assert_eq!(all(&*careful.storage), b"abcdX\0\0!");
        careful.write(0, b"A").expect("memory");
        assert_eq!(all(&*careful.storage), b"AbcdX\0\0!");
    }
}

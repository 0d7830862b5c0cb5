//! Where the completion records of `exactly_once` calls are kept.

use crate::system;
use std::fmt;
use std::io;

/// Keeps the completion records of `exactly_once` calls.
///
/// Sessions for such calls belong to the store, not to one life of a server: whoever opens the store later goes on where
/// its predecessor stopped. That is why it has a name that outlives both.
pub trait CompletionStore: fmt::Debug + Send + Sync + 'static {
    /// Opens the store for a server that starts. Gives the store's name: random bytes that it was given when it was made.
    fn open(&self) -> io::Result<[u8; 16]>;
}

/// A store that is gone with the process. Its records are those that the session machine holds anyway.
#[derive(Debug, Default)]
pub struct MemoryCompletions;

impl CompletionStore for MemoryCompletions {
    /// A new name each time, since nothing is left of an earlier one.
    fn open(&self) -> io::Result<[u8; 16]> {
        let random = system::entropy()?;
        let mut name = [0; 16];
        name.copy_from_slice(&random[..16]);
        Ok(name)
    }
}

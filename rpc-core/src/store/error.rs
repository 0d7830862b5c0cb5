//! What goes wrong with a store.

use std::error::Error;
use std::path::PathBuf;

/// Whatever a database says.
type Cause = Box<dyn Error + Send + Sync>;

/// A store that could not be opened. Nothing in it was changed by the attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another server has it open.
    #[error("{} is in use by another server; stop that one first, or give this one a directory of its own", .path.display())]
    InUse {
        /// Where the store is.
        path: PathBuf,
    },
    /// There is something else in its place.
    #[error("{} is not a completion store ({what}) and was left as it is; name another directory, or move the file away", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How it shows.
        what: String,
    },
    /// It was written by a later version.
    #[error("{} has format {found}, and this program knows formats up to {known}; run the version that wrote it, or a later one", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The latest format that this program knows.
        known: u32,
    },
    /// It is a completion store, and it is damaged.
    #[error("{} is damaged ({what}) and was left as it is; restore it from a copy. Without one, a new directory begins a new store, whose clients are told that the outcome of earlier calls is unknown", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it shows: for a row that cannot be read, its table and its key.
        what: String,
    },
    /// The system does not let it be opened.
    #[error("{} cannot be opened: {source}", .path.display())]
    System {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Anything else, as the store says it.
    #[error("the completion store cannot be opened: {0}")]
    Other(#[source] Cause),
}

impl OpenError {
    /// For whatever no other case is made for.
    pub fn other(cause: impl Into<Cause>) -> Self {
        Self::Other(cause.into())
    }
}

/// Something that a store did not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It does not work any more: the disk is full or broken, or the database cannot be reached. Final until it is opened
    /// again.
    #[error("the completion store has failed: {0}")]
    Failed(String),
    /// Another server has opened the store since. Final.
    #[error("another server has opened the completion store since")]
    Fenced,
    /// This store has no transactions.
    #[error(
        "completion records are kept in memory, where there are no transactions; start the server with a durable store"
    )]
    NoTransactions,
    /// The store's transactions are not of the type that the caller asks for.
    #[error("the completion store's transactions are not of type {wanted}")]
    OtherTransaction {
        /// The type that the caller asks for.
        wanted: &'static str,
    },
    /// A transaction was begun, or something was written, inside another transaction of the same store, for which it would
    /// have to wait.
    #[error(
        "inside a transaction of the completion store no other one can begin; write with the one that is there"
    )]
    Nested,
    /// What was done inside a transaction went wrong there; the transaction was taken back.
    #[error("the transaction failed: {0}")]
    Transaction(#[source] Cause),
}

impl StoreError {
    /// For what goes wrong inside a transaction.
    pub fn transaction(cause: impl Into<Cause>) -> Self {
        Self::Transaction(cause.into())
    }
}

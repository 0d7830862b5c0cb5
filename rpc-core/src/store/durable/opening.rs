//! From a directory to a database that has proven to be a completion store.

use super::careful::Careful;
use super::load::{LoadError, Loaded, checked};
use super::rows::{
    self, CALLS, FORMAT, FORMAT_ROW, IDENTITY_ROW, IdentityRow, KEYS, SESSIONS, STORE,
};
use crate::store::{OpenError, StoreIdentity};
use crate::system;
use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageBackend,
    StorageError, TableError,
};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The database's file in the store's directory.
const FILE: &str = "completions.redb";
/// Its name until it is whole, so that a crash while it is made leaves nothing under the real name.
const UNFINISHED: &str = "completions.redb.new";
/// Locked as long as the store is open.
const LOCK: &str = "lock";
/// The first bytes of every redb file.
const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// What opening gives.
pub(super) struct Ready {
    pub(super) database: Database,
    pub(super) identity: StoreIdentity,
    pub(super) loaded: Loaded,
}

/// Locks the directory, which is made if it is missing. The lock ends with the file that is returned.
pub(super) fn lock(directory: &Path) -> Result<File, OpenError> {
    // What is in the records is for the server alone.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(system(directory))?;
    let path = directory.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(system(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(in_use(directory)),
        Err(TryLockError::Error(error)) => Err(system(&path)(error)),
    }
}

/// Opens the store in a directory that is locked, or makes one.
pub(super) fn open_directory(directory: &Path) -> Result<Ready, OpenError> {
    let path = directory.join(FILE);
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(foreign(&path, "it is not a file")),
        Ok(found) if found.len() == 0 => Err(foreign(&path, "it is empty")),
        Ok(_) => {
            let file = options.open(&path).map_err(system(&path))?;
            open(&path, file_storage(file, &path)?)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let unfinished = directory.join(UNFINISHED);
            match fs::remove_file(&unfinished) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(system(&unfinished)(error));
                }
                _ => {}
            }
            let file = options.create_new(true).open(&unfinished);
            let file = file.map_err(system(&unfinished))?;
            let ready = open(&path, file_storage(file, &path)?)?;
            fs::rename(&unfinished, &path).map_err(system(&path))?;
            make_names_durable(directory).map_err(system(directory))?;
            Ok(ready)
        }
        Err(error) => Err(system(&path)(error)),
    }
}

/// Opens what is in a storage, or makes a store in one that is empty. Until all of it is checked, nothing is written.
pub(super) fn open(place: &Path, storage: impl StorageBackend) -> Result<Ready, OpenError> {
    let storage = Careful::new(storage).map_err(system(place))?;
    let empty = storage.len().map_err(system(place))? == 0;
    if !empty {
        check_first_bytes(place, &storage)?;
    }
    let database = Builder::new()
        .set_check_integrity_on_open(true)
        .create_with_backend(storage.clone())
        .map_err(|error| refusal(place, error))?;
    if empty {
        fill(&database).map_err(OpenError::Other)?;
    }
    let transaction = database
        .begin_read()
        .map_err(|error| damaged(place, error.to_string()))?;
    let identity = check_format(place, &transaction)?;
    let loaded = Loaded::read(&transaction).map_err(|error| damaged(place, error.to_string()))?;
    drop(transaction);
    storage.settle().map_err(system(place))?;
    Ok(Ready {
        database,
        identity,
        loaded,
    })
}

/// For what was found where the store should be.
pub(super) fn damaged(place: &Path, what: String) -> OpenError {
    OpenError::Damaged {
        path: place.to_owned(),
        what,
    }
}

fn foreign(place: &Path, what: impl Into<String>) -> OpenError {
    OpenError::Foreign {
        path: place.to_owned(),
        what: what.into(),
    }
}

fn in_use(place: &Path) -> OpenError {
    OpenError::InUse {
        path: place.to_owned(),
    }
}

fn system(place: &Path) -> impl Fn(io::Error) -> OpenError {
    let path = place.to_owned();
    move |source| OpenError::System {
        path: path.clone(),
        source,
    }
}

fn file_storage(file: File, path: &Path) -> Result<FileBackend, OpenError> {
    FileBackend::new(file).map_err(|error| refusal(path, error))
}

fn check_first_bytes(place: &Path, storage: &impl StorageBackend) -> Result<(), OpenError> {
    let mut first = [0; MAGIC.len()];
    let len = storage.len().map_err(system(place))?;
    if len < MAGIC.len() as u64 {
        return Err(foreign(place, format!("it has only {len} bytes")));
    }
    storage.read(0, &mut first).map_err(system(place))?;
    if first == MAGIC {
        Ok(())
    } else {
        Err(foreign(place, "its first bytes are not those of one"))
    }
}

fn refusal(place: &Path, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => in_use(place),
        DatabaseError::UpgradeRequired(version) => foreign(
            place,
            format!("it is a database of redb's format {version}"),
        ),
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() != io::ErrorKind::UnexpectedEof
                && error.kind() != io::ErrorKind::InvalidData =>
        {
            system(place)(error)
        }
        other => damaged(place, other.to_string()),
    }
}

/// Makes the tables, and draws the identity.
fn fill(database: &Database) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let drawn = StoreIdentity {
        durable: true,
        ..StoreIdentity::passing(system::entropy()?)
    };
    let row = rows::encode(&IdentityRow {
        format: FORMAT,
        id: drawn.id,
        secret: drawn.secret,
    })?;
    let transaction = database.begin_write()?;
    transaction.open_table(SESSIONS)?;
    transaction.open_table(CALLS)?;
    transaction.open_table(KEYS)?;
    let mut store = transaction.open_table(STORE)?;
    store.insert(FORMAT_ROW, &FORMAT.to_be_bytes()[..])?;
    store.insert(IDENTITY_ROW, &row[..])?;
    drop(store);
    transaction.commit()?;
    Ok(())
}

/// Whether it is a store of a format that is known here, and which one it is.
fn check_format(place: &Path, transaction: &ReadTransaction) -> Result<StoreIdentity, OpenError> {
    let unreadable = |error: StorageError| damaged(place, error.to_string());
    let store = transaction.open_table(STORE).map_err(|error| match error {
        TableError::Storage(error) => unreadable(error),
        _ => foreign(place, "it is a redb database of another program"),
    })?;
    let row = store.get(FORMAT_ROW).map_err(unreadable)?;
    let format = row.and_then(|row| row.value().try_into().ok().map(u32::from_be_bytes));
    match format {
        Some(FORMAT) => {}
        Some(found) if found > FORMAT => {
            return Err(OpenError::Newer {
                path: place.to_owned(),
                found,
                known: FORMAT,
            });
        }
        _ => return Err(damaged(place, "its format is missing".to_owned())),
    }
    let row = store.get(IDENTITY_ROW).map_err(unreadable)?;
    let row = row.ok_or_else(|| damaged(place, "its identity is missing".to_owned()))?;
    let row: Result<IdentityRow, LoadError> =
        checked("rpc.store", IDENTITY_ROW.as_bytes(), row.value());
    let row = row.map_err(|error| damaged(place, error.to_string()))?;
    Ok(StoreIdentity {
        id: row.id,
        secret: row.secret,
        durable: true,
    })
}

/// After a rename, and where the directory itself is new.
fn make_names_durable(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()?;
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    File::open(parent)?.sync_all()
}

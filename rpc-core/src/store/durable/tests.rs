//! What only the embedded store has: a directory, a lock, a file with a format.

use super::*;
use crate::store::conformance;
use crate::store::durable::rows::{CALLS, FORMAT_ROW, STORE};
use redb::{Database, ReadableTable, TableDefinition};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that is gone after the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rpc-core-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Left over from a process of the same number.
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("completions.redb")
    }

    fn open(&self) -> Result<DurableStore, OpenError> {
        DurableStore::open(&self.0)
    }

    /// The error of an attempt that must fail and must leave the file as it is.
    fn refused(&self) -> OpenError {
        let before = fs::read(self.file()).expect("the file is there");
        let error = self.open().expect_err("this is not a sound store");
        let after = fs::read(self.file()).expect("the file is still there");
        assert!(before == after, "the attempt changed the file: {error}");
        assert!(error.to_string().contains("completions.redb"), "{error}");
        error
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The suite's place: each kill leaves the file as it is on the disk at that moment, to whoever comes next.
struct Killed(Mutex<Vec<Directory>>);

impl conformance::Fixture for Killed {
    fn connect(&self) -> Result<Box<dyn CompletionStore>, OpenError> {
        let lives = self.0.lock().expect("no panic");
        let current = lives.last().expect("there is one from the start");
        current.open().map(|store| Box::new(store) as _)
    }

    fn kill(&self) {
        let mut lives = self.0.lock().expect("no panic");
        let next = Directory::new();
        fs::create_dir(&next.0).expect("made");
        let last = lives.last().expect("there is one from the start").file();
        fs::copy(last, next.file()).expect("copied");
        lives.push(next);
    }

    fn put(&self, transaction: &dyn Any, key: u32, value: u32) {
        let transaction: &WriteTransaction = transaction.downcast_ref().expect("redb's");
        let mut cells = transaction.open_table(CELLS).expect("a table");
        cells.insert(key, value).expect("written");
    }

    fn get(&self, transaction: &dyn Any, key: u32) -> Option<u32> {
        if let Some(transaction) = transaction.downcast_ref::<WriteTransaction>() {
            let cells = transaction.open_table(CELLS).expect("a table");
            return cells.get(key).expect("read").map(|value| value.value());
        }
        let transaction: &ReadTransaction = transaction.downcast_ref().expect("redb's");
        let cells = transaction.open_table(CELLS).ok()?;
        cells.get(key).expect("read").map(|value| value.value())
    }
}

#[test]
fn the_embedded_store_keeps_its_promises() {
    conformance::run(|| Killed(Mutex::new(vec![Directory::new()])));
}

const CELLS: TableDefinition<u32, u32> = TableDefinition::new("cells");
const NOTES: TableDefinition<u64, &str> = TableDefinition::new("notes");

#[test]
fn a_directory_has_one_server_at_a_time() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let second = directory.open().expect_err("it is in use");
    assert!(matches!(&second, OpenError::InUse { path } if *path == directory.0));
    let clone = store.clone();
    drop(store);
    assert!(matches!(directory.open(), Err(OpenError::InUse { .. })));
    drop(clone);
    directory.open().expect("it is free again");
}

#[test]
fn identity_and_tables_outlive_the_store() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let write = store.write(|t| Ok(t.open_table(NOTES)?.insert(1, "one").map(|_| ())?));
    write.expect("written");
    let first = CompletionStore::open(&store).expect("open").identity;
    drop(store);
    let store = directory.open().expect("the same store");
    let second = CompletionStore::open(&store).expect("open").identity;
    assert!(first == second && first.durable && first.id != first.secret);
    let note = store.read(|t| {
        Ok(t.open_table(NOTES)?
            .get(1)?
            .map(|note| note.value().to_owned()))
    });
    assert_eq!(note.expect("read").as_deref(), Some("one"));
}

#[test]
fn an_error_or_a_panic_takes_back_what_was_written() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let refused = store.write(|t| -> Result<(), _> {
        t.open_table(NOTES)?.insert(1, "one")?;
        Err(StoreError::transaction("not this time"))
    });
    assert!(matches!(refused, Err(StoreError::Transaction(_))));
    let panicked = std::panic::catch_unwind(|| {
        store.write(|t| -> Result<(), _> {
            let mut notes = t.open_table(NOTES)?;
            notes.insert(2, "two")?;
            panic!("with a table open");
        })
    });
    assert!(panicked.is_err());
    store
        .write(|t| {
            assert!(
                t.list_tables()?
                    .all(|table| redb::TableHandle::name(&table) != "notes")
            );
            Ok(())
        })
        .expect("the store works as before");
}

#[test]
fn no_transaction_begins_inside_another() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let nested = store.write(|_| store.write(|_| Ok(())));
    assert!(matches!(nested, Err(StoreError::Nested)));
    let read = store.write(|_| store.read(|_| Ok(7)));
    assert_eq!(read.expect("reading is always possible"), 7);
}

#[test]
fn foreign_files_are_left_alone() {
    let directory = Directory::new();
    fs::create_dir(&directory.0).expect("made");
    for content in [
        &b""[..],
        b"redb",
        b"SQLite format 3\0 and so on",
        &[0; 8192],
    ] {
        fs::write(directory.file(), content).expect("written");
        assert!(matches!(directory.refused(), OpenError::Foreign { .. }));
    }
    fs::remove_file(directory.file()).expect("removed");
    let other = Database::create(directory.file()).expect("another program's database");
    let write = other.begin_write().expect("begun");
    write
        .open_table(NOTES)
        .expect("a table")
        .insert(1, "x")
        .expect("written");
    write.commit().expect("committed");
    drop(other);
    assert!(matches!(directory.refused(), OpenError::Foreign { .. }));
}

#[test]
fn another_programs_open_database_is_in_use() {
    let directory = Directory::new();
    drop(directory.open().expect("a new store"));
    let _other = Database::create(directory.file()).expect("opened past the store's own lock");
    assert!(matches!(directory.open(), Err(OpenError::InUse { .. })));
}

#[test]
fn a_newer_format_is_named() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let newer = store.write(|t| {
        Ok(t.open_table(STORE)?
            .insert(FORMAT_ROW, &[0, 0, 0, 9][..])
            .map(|_| ())?)
    });
    newer.expect("written");
    drop(store);
    assert!(matches!(
        directory.refused(),
        OpenError::Newer {
            found: 9,
            known: 1,
            ..
        }
    ));
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let mut key = [0xAB; 24];
    key[16..].copy_from_slice(&7u64.to_be_bytes());
    let bad = store.write(|t| {
        Ok(t.open_table(CALLS)?
            .insert(&key, &[0, 0, 0, 1, 2][..])
            .map(|_| ())?)
    });
    bad.expect("written");
    drop(store);
    let error = directory.refused();
    assert!(matches!(&error, OpenError::Damaged { .. }));
    let text = error.to_string();
    assert!(
        text.contains("rpc.calls") && text.contains("abababab0000000000000007"),
        "{text}"
    );
}

/// Cut off, and with a byte changed, at many places: an error or the whole store, and never another file.
#[test]
fn a_damaged_file_is_found_out_and_left_alone() {
    let directory = Directory::new();
    let store = directory.open().expect("a new store");
    let text = "x".repeat(100_000);
    let write = store.write(|t| Ok(t.open_table(NOTES)?.insert(1, &*text).map(|_| ())?));
    write.expect("written");
    drop(store);
    let sound = fs::read(directory.file()).expect("the file is there");
    let mut refused = 0;
    for step in 0..60 {
        let at = sound.len() * step / 60;
        fs::write(directory.file(), &sound[..at]).expect("written");
        let error = directory.refused();
        assert!(
            matches!(error, OpenError::Damaged { .. } | OpenError::Foreign { .. }),
            "{error}"
        );
        let mut changed = sound.clone();
        changed[at] ^= 0x10;
        fs::write(directory.file(), &changed).expect("written");
        match directory.open() {
            Ok(store) => {
                let same = store.read(|t| {
                    Ok(t.open_table(NOTES)?
                        .get(1)?
                        .is_some_and(|x| x.value() == text))
                });
                assert!(same.expect("read"), "byte {at} is part of nothing");
            }
            Err(_) => {
                refused += 1;
                assert!(fs::read(directory.file()).expect("there") == changed);
            }
        }
    }
    assert!(refused > 0, "some of these bytes are part of something");
}

#[test]
fn an_unfinished_creation_is_begun_again() {
    let directory = Directory::new();
    fs::create_dir(&directory.0).expect("made");
    fs::write(directory.0.join("completions.redb.new"), b"redb").expect("written");
    directory.open().expect("a new store");
    assert!(!directory.0.join("completions.redb.new").exists());
}

//! The file, whatever becomes of it and of those who write it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::scope;

use rpc_proto::describe::{Describe, Semantics};
use rpc_proto::xdr::to_vec;

use super::super::files::tests::Folder;
use super::*;

static BANK: Interface = Interface {
    name: "Bank",
    program: 0x2000_0bab,
    version: 2,
    methods: &[Method {
        name: "transfer",
        procedure: 3,
        semantics: Semantics::ExactlyOnce,
        deadline: None,
        args: &[],
        result: u64::describe,
    }],
};

fn begin(file: &SessionFile, amount: u64) -> Entry {
    let args = to_vec(&(7u64, amount)).expect("numbers");
    file.begin(&BANK, &BANK.methods[0], &args, None, Some([5; 16]))
        .expect("noted")
}

/// The second argument of each unfinished call.
fn amounts(file: &SessionFile) -> Vec<u64> {
    let unfinished = file.unfinished();
    let amount = |call: &Unfinished| call.args_as::<(u64, u64)>().expect("numbers").1;
    unfinished.iter().map(amount).collect()
}

fn file() -> (Folder, PathBuf) {
    let folder = Folder::new();
    let path = folder.path().join("bank.session");
    (folder, path)
}

#[test]
fn a_successor_finds_what_was_not_answered() {
    let (_folder, path) = file();
    let first = SessionFile::open(&path).expect("made");
    let entries: Vec<_> = (0..4).map(|amount| begin(&first, amount)).collect();
    assert!(first.unfinished().is_empty(), "somebody waits for them");
    let keys: Vec<_> = entries.iter().map(|entry| entry.key.id).collect();
    for (at, entry) in entries.into_iter().enumerate() {
        if at % 2 == 0 {
            let (_, released) = entry.confirm().expect("a key of its own");
            assert_eq!(released.key, keys[at]);
        }
    }
    assert_eq!(amounts(&first), [1, 3], "nobody waits for them any more");
    drop(first);

    let second = SessionFile::open(&path).expect("there");
    assert_eq!(amounts(&second), [1, 3]);
    let call = second.unfinished().remove(0);
    assert_eq!(call.method(), "Bank.transfer");
    assert_eq!(
        (call.program(), call.version(), call.procedure()),
        (0x2000_0bab, 2, 3)
    );
    assert!(call.args_as::<u64>().is_err(), "there are two");
    let taken = call.take().expect("nobody asks yet");
    assert_eq!(
        taken.key,
        Key {
            id: keys[1],
            store: Some([5; 16]),
            asked_before: true
        }
    );
    assert!(call.take().is_none(), "somebody asks");
    drop(taken);
    call.abandon();
    assert_eq!(amounts(&second), [3]);
    drop(begin(&second, 9));
    drop(second);
    let third = SessionFile::open(&path).expect("there");
    assert_eq!(amounts(&third), [3, 9]);
}

#[test]
fn a_name_that_the_program_gave_is_not_given_back() {
    let (_folder, path) = file();
    let session = SessionFile::open(&path).expect("made");
    let key = session.key_space().key(b"invoice-1042", 7);
    let entry = session.begin(&BANK, &BANK.methods[0], &[], Some(key), None);
    let entry = entry.expect("noted");
    assert_eq!(entry.key.id, key);
    assert_eq!(entry.confirm(), None);
}

/// Whatever a crash leaves of the last record, what was synced before is there and the file goes on.
#[test]
fn a_file_that_ends_anywhere_opens_with_what_is_whole() {
    let (_folder, path) = file();
    let mut whole = vec![(0, Vec::new())];
    {
        let session = SessionFile::open(&path).expect("made");
        let mut expected = Vec::new();
        for amount in 0..3 {
            let entry = begin(&session, amount);
            expected.push(amount);
            whole.push((length(&path), expected.clone()));
            if amount % 2 == 0 {
                entry.confirm();
                expected.pop();
                whole.push((length(&path), expected.clone()));
            }
        }
    }
    let contents = fs::read(&path).expect("there");
    for end in 0..=contents.len() {
        for zeros in [0, 50] {
            let mut cut = contents[..end].to_vec();
            cut.resize(end + zeros, 0);
            fs::write(&path, &cut).expect("written");
            let opened = SessionFile::open(&path);
            if end < files::HEADER {
                opened.expect_err("it is made whole or not at all");
                assert_eq!(fs::read(&path).expect("there"), cut);
                continue;
            }
            let session =
                opened.unwrap_or_else(|error| panic!("{end} bytes, {zeros} zeros: {error}"));
            let (_, expected) = whole
                .iter()
                .rfind(|(length, _)| *length <= end)
                .expect("the header");
            assert_eq!(&amounts(&session), expected, "{end} bytes, {zeros} zeros");
            if zeros > 0 {
                continue;
            }
            drop((begin(&session, 77), session));
            let again = SessionFile::open(&path).expect("what followed is whole");
            assert_eq!(amounts(&again).last(), Some(&77));
        }
    }
}

fn length(path: &Path) -> usize {
    fs::metadata(path).expect("there").len() as usize
}

#[test]
fn a_damaged_file_is_told_and_not_touched() {
    let (_folder, path) = file();
    let session = SessionFile::open(&path).expect("made");
    begin(&session, 1).confirm();
    drop((begin(&session, 2), session));
    let contents = fs::read(&path).expect("there");
    for at in 0..contents.len() {
        for flip in [0x01, 0x80] {
            let mut damaged = contents.clone();
            damaged[at] ^= flip;
            fs::write(&path, &damaged).expect("written");
            let error = SessionFile::open(&path).expect_err("damaged").to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
            let kind = if at < 8 {
                "not a file of this kind"
            } else {
                "is damaged at byte"
            };
            assert!(error.contains(kind), "byte {at}: {error}");
            assert_eq!(fs::read(&path).expect("there"), damaged, "byte {at}");
        }
    }
    // Records that are whole and contradict each other.
    let second = contents[files::HEADER..].to_vec();
    fs::write(&path, [&contents[..], &second].concat()).expect("written");
    let error = SessionFile::open(&path).expect_err("twice").to_string();
    let expected = format!(
        "damaged at byte {}: a call that is there twice",
        contents.len()
    );
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn only_one_has_the_file_open() {
    const CHILD: &str = "RPC_CORE_TEST_SESSION_FILE";
    if let Some(path) = std::env::var_os(CHILD) {
        let error = SessionFile::open(path).expect_err("another process has it");
        assert!(matches!(error, ClientFileError::InUse { .. }), "{error}");
        return;
    }
    let (_folder, path) = file();
    let session = SessionFile::open(&path).expect("made");
    let error = SessionFile::open(&path).expect_err("we have it");
    assert!(matches!(error, ClientFileError::InUse { .. }), "{error}");
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "client::session_file::tests::only_one_has_the_file_open",
        ])
        .env(CHILD, &path)
        .output()
        .expect("run");
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && told.contains("1 passed"),
        "{told}"
    );
    let unfinished = begin(&session, 1);
    drop(session);
    SessionFile::open(&path).expect_err("a call still has it");
    drop(unfinished);
    SessionFile::open(&path).expect("nobody has it any more");
}

#[test]
fn a_file_that_has_grown_is_written_anew_with_what_is_unfinished() {
    let (folder, path) = file();
    let session = SessionFile::open(&path).expect("made");
    let kept: Vec<_> = (0..3).map(|amount| begin(&session, amount)).collect();
    let args = vec![7; 10_000];
    for _ in 0..30 {
        let call = session.begin(&BANK, &BANK.methods[0], &args, None, None);
        call.expect("noted").confirm();
        assert!(length(&path) < 80_000, "it grows without end");
    }
    drop(kept);
    assert_eq!(amounts(&session), [0, 1, 2]);
    let error = SessionFile::open(&path).expect_err("the new file is locked, too");
    assert!(matches!(error, ClientFileError::InUse { .. }), "{error}");
    drop(begin(&session, 3));
    drop(session);
    assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    let again = SessionFile::open(&path).expect("there");
    assert_eq!(amounts(&again), [0, 1, 2, 3]);
}

#[test]
fn calls_that_are_noted_at_the_same_time_are_all_there() {
    let (_folder, path) = file();
    let session = SessionFile::open(&path).expect("made");
    scope(|scope| {
        for thread in 0..8 {
            let session = &session;
            scope.spawn(move || {
                for call in 0..20 {
                    let entry = begin(session, thread * 100 + call);
                    if call % 2 == 0 {
                        entry.confirm();
                    }
                }
            });
        }
    });
    drop(session);
    let mut found = amounts(&SessionFile::open(&path).expect("there"));
    found.sort_unstable();
    let odd = |thread: u64| (0..10u64).map(move |call| thread * 100 + 2 * call + 1);
    assert_eq!(found, (0..8).flat_map(odd).collect::<Vec<_>>());
}

#[test]
fn no_more_is_noted_than_a_successor_can_hold() {
    let (_folder, path) = file();
    let session = SessionFile::open(&path).expect("made");
    let args = vec![7; 17 << 20];
    let note = || session.begin(&BANK, &BANK.methods[0], &args, None, None);
    let mut noted: Vec<_> = (0..3).map(|_| note().expect("noted")).collect();
    assert!(matches!(note(), Err(NoteError::Full)));
    noted.pop().expect("three").confirm();
    note().expect("there is room again").confirm();
}

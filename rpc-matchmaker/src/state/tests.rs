//! What is written is read again; what was not written by us is refused.

use super::format::{self, Problem, Row};
use super::*;
use crate::registry::Registrant;
use rpc_core::Bounded;
use rpc_core::matchmaker::Registration;
use std::time::Duration;

fn saved(lease: u64) -> Saved {
    let registrants = [
        Registrant::User(7),
        Registrant::at([10, 0, 0, 1].into()),
        Registrant::at([1, 2, 3, 4, 5, 6, 7, 8].into()),
    ];
    Saved {
        lease,
        number: lease + 1,
        length: Duration::from_millis(1_500),
        registrant: registrants[lease as usize % 3],
        registration: Registration {
            name: Bounded::new(format!("name-{lease}")).unwrap(),
            program: 1,
            version: 2,
            fingerprints: Bounded::default(),
            instance: [3; 16],
            incarnation: 4,
            store: Some([5; 16]),
            endpoints: Bounded::new(vec![Bounded::new("unix:@a".to_owned()).unwrap()]).unwrap(),
        },
        earlier: (0..lease % 9).collect(),
    }
}

/// Three entries, the second one withdrawn.
fn bytes() -> Vec<u8> {
    let mut bytes = format::header();
    for row in [
        saved(1).into(),
        saved(2).into(),
        Row::Ended(2),
        saved(3).into(),
    ] {
        format::write(&row, &mut bytes).unwrap();
    }
    bytes
}

fn leases(bytes: &[u8]) -> Result<Vec<u64>, Problem> {
    Ok(format::read(&mut &*bytes)?.into_keys().collect())
}

#[test]
fn what_is_written_is_read_again() {
    let entries = format::read(&mut &*bytes()).unwrap();
    assert_eq!(
        entries.into_values().collect::<Vec<_>>(),
        [saved(1), saved(3)]
    );
}

#[test]
fn a_row_that_a_kill_cut_short_was_never_answered() {
    let whole = bytes();
    let mut lengths = Vec::new();
    for end in 20..=whole.len() {
        let read = leases(&whole[..end]).unwrap();
        if lengths.last() != Some(&read) {
            lengths.push(read);
        }
    }
    let steps: [&[u64]; 5] = [&[], &[1], &[1, 2], &[1], &[1, 3]];
    assert_eq!(lengths, steps, "rows are taken whole, one after the other");
}

#[test]
fn a_changed_bit_is_found_wherever_it_is() {
    let whole = bytes();
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[place] ^= 1 << bit;
            let refused = leases(&changed).expect_err("a changed bit");
            let expected = match place {
                0..16 => matches!(refused, Problem::Foreign),
                16..20 => matches!(refused, Problem::Version(version) if version != 1),
                _ => matches!(refused, Problem::Damaged(at) if at <= place as u64),
            };
            assert!(expected, "byte {place}: {refused}");
        }
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(of: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("matchmaker-state-{of}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_file_that_is_not_understood_is_left_as_it_is() {
    let folder = Folder::new("foreign");
    let path = folder.0.join("state");
    let mut newer = bytes();
    newer[19] = 2;
    let mut damaged = bytes();
    damaged[40] ^= 1;
    for (contents, why) in [
        (b"".to_vec(), "it is no matchmaker's state"),
        (b"matchmaker".to_vec(), "it is no matchmaker's state"),
        (
            b"a letter of another program".to_vec(),
            "it is no matchmaker's state",
        ),
        (newer, "it has format 2, and this matchmaker knows format 1"),
        (damaged, "it is damaged at byte 20"),
    ] {
        fs::write(&path, &contents).unwrap();
        let refused = StateFile::open(&path).unwrap_err().to_string();
        assert!(
            refused.contains(why) && refused.contains("left as it is"),
            "{refused}"
        );
        assert_eq!(fs::read(&path).unwrap(), contents);
    }
}

#[test]
fn one_matchmaker_at_a_time_has_the_file() {
    let folder = Folder::new("lock");
    let path = folder.0.join("state");
    let first = StateFile::open(&path).unwrap();
    assert!(matches!(StateFile::open(&path), Err(StateError::InUse(_))));
    drop(first);
    assert!(StateFile::open(&path).is_ok());
}

/// The file as it is after each step is what a kill leaves behind.
#[test]
fn at_no_step_is_anything_missing() {
    let folder = Folder::new("steps");
    let path = folder.0.join("state");
    let on_disk = || leases(&fs::read(&path).unwrap()).unwrap();
    let (mut state, entries) = StateFile::open(&path).unwrap();
    assert!(entries.is_empty() && state.is_due());
    let new = state.begin([saved(1)].into_iter());
    state.finish(new.write()).unwrap();
    assert!(!state.is_due());
    assert_eq!(on_disk(), [1]);
    let enter = |state: &mut StateFile, lease| {
        state.append([(lease, Some(saved(lease)))].into_iter());
    };
    enter(&mut state, 2);
    assert_eq!(on_disk(), [1, 2]);

    let new = state.begin([saved(1), saved(2)].into_iter());
    enter(&mut state, 3);
    assert_eq!(on_disk(), [1, 2, 3]);
    let written = new.write();
    enter(&mut state, 4);
    state.append([(1, None)].into_iter());
    assert_eq!(on_disk(), [2, 3, 4]);
    state.finish(written).unwrap();
    assert_eq!(on_disk(), [2, 3, 4]);
    enter(&mut state, 5);
    assert_eq!(on_disk(), [2, 3, 4, 5]);

    // A new log that fails costs the old one, whose rows may be cut short; the next one has everything.
    drop(state.begin(std::iter::empty()));
    state
        .finish(Err(io::ErrorKind::StorageFull.into()))
        .unwrap_err();
    assert!(state.is_due());
    enter(&mut state, 6);
    let new = state.begin((2..7).map(saved));
    state.finish(new.write()).unwrap();
    assert_eq!(on_disk(), [2, 3, 4, 5, 6]);
    drop(state);
    let (_, entries) = StateFile::open(&path).unwrap();
    assert!(entries.keys().eq(&[2, 3, 4, 5, 6]));
}

#[test]
fn a_log_that_has_grown_is_due() {
    let folder = Folder::new("due");
    let path = folder.0.join("state");
    let (mut state, _) = StateFile::open(&path).unwrap();
    let new = state.begin(std::iter::empty());
    state.finish(new.write()).unwrap();
    let mut rows = 0;
    while !state.is_due() {
        state.append((0..100).map(|_| (1, Some(saved(1)))));
        rows += 100;
    }
    let length = fs::metadata(&path).unwrap().len();
    assert!(
        (LEAST_GROWTH..2 * LEAST_GROWTH).contains(&length),
        "{rows} rows"
    );
}

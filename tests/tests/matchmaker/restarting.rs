//! Registrations that outlive the matchmaker, by its state file.

use super::stage::{self, Folder, Matchmaker, Registered, SOON};
use super::{LONG, registration, signal};
use rpc_core::matchmaker::{MatchmakerClient, Registration};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use testkit::eventually;

/// A matchmaker with a state file, at a free port or where another one was.
fn start(folder: &Folder, address: Option<&str>, lease_ms: u32) -> Matchmaker {
    let (state, lease) = (folder.path.join("state"), lease_ms.to_string());
    let state = state.to_str().expect("text");
    Matchmaker::start_with(address, &["--state", state, "--longest-lease", &lease])
}

fn named(name: String) -> Registration {
    Registration {
        name: rpc_core::Bounded::new(name).expect("short"),
        ..registration("x")
    }
}

/// What one client was answered: what it registered, and whether it withdrew that again.
type Answered = Vec<(String, u64, bool)>;

/// Registers, and now and then withdraws, until the matchmaker is gone.
fn register_on(client: &MatchmakerClient, thread: &str, answers: &AtomicU64) -> Answered {
    let patience = Duration::from_millis(500);
    let mut answered = Vec::new();
    for count in 0.. {
        let name = format!("{thread}-{count}");
        let call = client.register(named(name.clone()), LONG);
        let Ok(lease) = call.deadline(patience).wait() else {
            break;
        };
        let lease = lease.expect("there is room").id;
        let withdraws = count % 5 == 4;
        if withdraws && client.withdraw(lease).deadline(patience).wait().is_err() {
            // Withdrawn or not: nobody was told.
            break;
        }
        answered.push((name, lease, withdraws));
        answers.fetch_add(1, Ordering::Relaxed);
    }
    answered
}

#[test]
fn no_registration_that_was_answered_is_lost_however_often_the_matchmaker_is_killed() {
    let folder = Folder::new("killed");
    let mut address: Option<String> = None;
    let mut all: Answered = Vec::new();
    for round in 0..12_u64 {
        let mut matchmaker = start(&folder, address.as_deref(), LONG);
        let client = matchmaker.client();
        for (name, lease, withdrawn) in &all {
            let found = client.lookup(name).wait().expect("it answers").is_ok();
            assert_eq!(found, !withdrawn, "{name} in round {round}");
            if found && *lease % 7 == 0 {
                let renewed = client.renew(*lease).wait().expect("it answers");
                assert_eq!(renewed.map(|renewed| renewed.id), Ok(*lease), "{name}");
            }
        }
        let answers = AtomicU64::new(0);
        thread::scope(|scope| {
            let register = |thread| {
                let (client, answers) = (matchmaker.client(), &answers);
                let name = format!("r{round}-{thread}");
                scope.spawn(move || register_on(&client, &name, answers))
            };
            let threads: Vec<_> = (0..3).map(register).collect();
            eventually("answers", SOON, || {
                (answers.load(Ordering::Relaxed) > 40 * round % 130).then_some(())
            });
            signal(&matchmaker.process.0, Signal::KILL);
            for thread in threads {
                all.extend(thread.join().expect("no panic"));
            }
        });
        matchmaker.kill();
        address = Some(matchmaker.address.clone());
    }
    assert!(all.len() > 500, "{} answers", all.len());
}

#[test]
fn an_entry_outlives_the_matchmaker_for_one_lease_and_longer_if_it_is_renewed() {
    let folder = Folder::new("outlives");
    let mut first = start(&folder, None, 1_500);
    let living = Registered::start(&first, "who", &[]);
    let mut dying = Registered::start(&first, "dead", &[]);
    // Neither of them can register again.
    signal(&living.process.0, Signal::STOP);
    first.kill();
    dying.kill();
    let second = start(&folder, Some(&first.address), 1_500);
    let client = second.client();
    for name in ["who", "dead"] {
        assert_eq!(second.entries(&client, name).len(), 1, "{name} at once");
    }
    signal(&living.process.0, Signal::CONT);
    second.await_entries("dead", 0);
    assert_eq!(second.await_entries("who", 1).len(), 1);
}

#[test]
fn a_matchmaker_that_ends_in_good_order_leaves_its_entries_behind() {
    let folder = Folder::new("order");
    let mut first = start(&folder, None, LONG);
    let server = Registered::start(&first, "who", &[]);
    signal(&server.process.0, Signal::STOP);
    signal(&first.process.0, Signal::TERM);
    assert!(first.process.0.wait().expect("it is ours").success());
    let second = start(&folder, Some(&first.address), LONG);
    let client = second.client();
    assert_eq!(second.entries(&client, "who").len(), 1);
}

#[test]
fn a_state_file_that_is_not_understood_or_in_use_is_refused_and_left_alone() {
    let folder = Folder::new("refused");
    let matchmaker = start(&folder, None, LONG);
    let refused = |state: &Path| {
        let mut command = stage::matchmaker();
        command.args(["--listen", "tcp://127.0.0.1:0", "--state"]);
        let output = command.arg(state).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    let told = refused(&folder.path.join("state"));
    assert!(told.contains("is in use by another matchmaker"), "{told}");
    drop(matchmaker);

    let letter = folder.path.join("letter");
    fs::write(&letter, "Dear friend, there is more to tell.").expect("written");
    let told = refused(&letter);
    let expected =
        "is not understood, and left as it is: it is no matchmaker's state; name another";
    assert!(told.contains(expected), "{told}");
    let left = fs::read_to_string(&letter).expect("it is there");
    assert_eq!(left, "Dear friend, there is more to tell.");
    let told = refused(&folder.path.join("no-folder/state"));
    assert!(told.contains("no-folder/state cannot be used"), "{told}");
}

//! The examples, run as a user would run them.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use testkit::{Running, program};

/// More than any of them takes on a loaded machine.
const BOUND: Duration = Duration::from_secs(120);

#[test]
fn echo_says_back_what_it_hears() {
    let (status, out) = run("echo", &[]);
    assert_eq!(status, 0);
    assert!(out.starts_with("hello, tcp://127.0.0.1:"), "{out}");
}

#[test]
fn the_bank_keeps_balanced_books() {
    let (status, out) = run("bank", &[]);
    assert_eq!(status, 0, "{out}");
    assert_eq!(out.matches("the bank is open").count(), 2, "{out}");
    assert!(out.contains("the books balance"), "{out}");
}

#[test]
fn the_tour_loses_nothing_and_doubles_nothing() {
    let (status, out) = run(
        "tour",
        // So few calls at once that the relay must meet and cut connections.
        &["--transfers", "400", "--clients", "2", "--threads", "2"],
    );
    assert_eq!(status, 0, "{out}");
    for transport in ["tcp", "udp"] {
        let row = out
            .lines()
            .find(|line| line.starts_with(transport))
            .expect("one row for each transport");
        let cells: Vec<&str> = row.split_whitespace().collect();
        let [_, asked, executed, retransmitted, _, lost, doubled, _] = cells[..] else {
            panic!("{row}")
        };
        assert_eq!(
            (asked, executed, lost, doubled),
            ("400", "400", "0", "0"),
            "{row}"
        );
        assert_ne!(
            retransmitted, "0",
            "the relay did no harm to {transport}:\n{out}"
        );
    }
    assert!(out.contains("The bank was killed 5 times"), "{out}");
    assert!(out.contains("The books balance"), "{out}");
}

#[test]
fn a_tour_that_is_killed_leaves_nobody_behind() {
    let mut tour = Command::new(program("examples", "tour"));
    tour.args(["--transfers", "1000000", "--clients", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut tour = Running(tour.spawn().expect("the tour starts"));
    let mut stderr = BufReader::new(tour.0.stderr.take().expect("stderr is piped"));
    let mut line = String::new();
    stderr
        .read_line(&mut line)
        .expect("the tour says what it does");
    assert!(line.contains("seed"), "{line}");
    tour.0.kill().expect("the tour is still running");

    // All its processes inherited this pipe: it ends when the last of them is gone.
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(stderr.read_to_end(&mut Vec::new())));
    let read = ended
        .recv_timeout(BOUND)
        .expect("a process of the tour outlived it");
    read.expect("the pipe can be read");
}

#[test]
fn the_tour_names_a_wrong_option() {
    let output = output("tour", &["--transfers", "none"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("--transfers must be a number from 1"),
        "{said}"
    );
}

/// The exit code of an example and what it printed.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> (i32, String) {
    let output = output(name, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.code().expect("it was not killed"),
        format!("{out}{said}"),
    )
}

#[track_caller]
fn output(name: &str, arguments: &[&str]) -> Output {
    Command::new(program("examples", name))
        .args(arguments)
        .output()
        .expect("the example starts")
}

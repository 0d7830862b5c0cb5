//! A look at everybody when something hangs or breaks.

use std::fs;
use std::io;

use super::Stage;
use crate::ledger;

/// So many of the last lines of each ledger are shown.
const LAST_LINES: usize = 5;

/// Shows what is known. What cannot be read is left out: this must not break too.
pub fn print(stage: &Stage, trouble: &io::Error) {
    eprintln!(
        "{trouble}\nafter {:?}: {:?}",
        stage.started.elapsed(),
        stage.count
    );
    for (name, process) in stage.bank.processes() {
        print_process(&name, process);
    }
    for (number, client) in (0..).zip(&stage.clients) {
        if let Some(process) = client.process_id() {
            print_process(&format!("client {number}"), process);
        }
        let text = fs::read_to_string(ledger::path(&stage.folder, number)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            eprintln!("    {line}");
        }
    }
    eprintln!(
        "it is now {}; all files are in {}",
        ledger::now(),
        stage.folder.display()
    );
}

/// Each thread, and what it waits for in the kernel.
fn print_process(name: &str, process: u32) {
    eprintln!("{name}, process {process}:");
    let tasks = format!("/proc/{process}/task");
    for task in fs::read_dir(tasks).into_iter().flatten().flatten() {
        let read = |file: &str| {
            let text = fs::read_to_string(task.path().join(file)).unwrap_or_default();
            text.trim().to_owned()
        };
        let state = read("stat");
        // After the name, which is in parentheses, comes the letter of the state.
        let state = state
            .rsplit_once(") ")
            .map_or("", |(_, rest)| &rest[..1.min(rest.len())]);
        eprintln!(
            "    {} {state} {} {}",
            read("comm"),
            read("wchan"),
            read("syscall")
        );
    }
}

//! The points at which a simulated disk fails, by name, and how often a run came to each.

/// What happens at one operation of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power fails at a write: it may be there, torn, or not.
    CrashAtWrite,
    /// The power fails when everything is written and nothing is synced.
    CrashBeforeSync,
    /// The power fails when everything is synced, before anybody is told.
    CrashAfterSync,
    /// The power fails when the file is to get another length.
    CrashAtLength,
    /// A write fails half-way.
    WriteError,
    /// From here on there is no room.
    FullDisk,
    /// A sync fails, and what it was for is lost in part.
    SyncError,
    /// The file does not get another length.
    LengthError,
    /// A read fails.
    ReadError,
}

/// Every fault.
pub const FAULTS: [Fault; 9] = [
    Fault::CrashAtWrite,
    Fault::CrashBeforeSync,
    Fault::CrashAfterSync,
    Fault::CrashAtLength,
    Fault::WriteError,
    Fault::FullDisk,
    Fault::SyncError,
    Fault::LengthError,
    Fault::ReadError,
];

/// What the store is doing meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It makes a new file.
    Creating,
    /// It checks and, after a crash, repairs a file.
    Opening,
    /// It commits durably.
    Committing,
    /// It commits what need not be durable yet.
    Transacting,
    /// It ends in order.
    Closing,
}

/// What else happens to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The power fails while the store does nothing.
    CrashIdle,
    /// The power fails while there are commits that are not durable.
    CrashWithUndurable,
    /// The process is killed; what is written and not synced stays, not synced.
    Kill,
    /// The process ends in order.
    CleanEnd,
    /// Another server takes the store over.
    TakenOver,
    /// A crash loses all that is not synced.
    AllLost,
    /// A crash finds everything on the disk, as it happens.
    AllThere,
    /// A crash leaves a part of a write.
    Torn,
    /// After a crash there is more than what was reported durable: a commit whose report was lost.
    MoreThanReported,
    /// What was committed and not durable is gone, and what was durable is there.
    UndurableLost,
    /// A handler panics inside its transaction.
    Panic,
}

const PHASES: [Phase; 5] = [
    Phase::Creating,
    Phase::Opening,
    Phase::Committing,
    Phase::Transacting,
    Phase::Closing,
];

const EVENTS: [Event; 11] = [
    Event::CrashIdle,
    Event::CrashWithUndurable,
    Event::Kill,
    Event::CleanEnd,
    Event::TakenOver,
    Event::AllLost,
    Event::AllThere,
    Event::Torn,
    Event::MoreThanReported,
    Event::UndurableLost,
    Event::Panic,
];

/// How often each was seen.
#[derive(Clone, Debug, Default)]
pub struct Visits {
    faults: [[u64; FAULTS.len()]; PHASES.len()],
    events: [u64; EVENTS.len()],
}

impl Visits {
    /// Counts a fault.
    pub fn fault(&mut self, phase: Phase, fault: Fault) {
        self.faults[phase as usize][fault as usize] += 1;
    }

    /// Counts an event.
    pub fn event(&mut self, event: Event) {
        self.events[event as usize] += 1;
    }

    /// Adds what another run has seen.
    pub fn add(&mut self, other: &Visits) {
        let mine = self.faults.as_flattened_mut().iter_mut();
        let mine = mine.chain(&mut self.events);
        let theirs = other.faults.as_flattened().iter().chain(&other.events);
        mine.zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Each with its name, those that cannot happen left out.
    pub fn rows(&self) -> Vec<(String, u64)> {
        let mut rows = Vec::new();
        for phase in PHASES {
            for fault in FAULTS.into_iter().filter(|fault| happens(phase, *fault)) {
                let count = self.faults[phase as usize][fault as usize];
                rows.push((format!("{phase:?}: {fault:?}"), count));
            }
        }
        for event in EVENTS {
            rows.push((format!("{event:?}"), self.events[event as usize]));
        }
        rows
    }

    /// What was never seen.
    pub fn missing(&self) -> Vec<String> {
        let rows = self.rows().into_iter();
        rows.filter(|(_, count)| *count == 0)
            .map(|(name, _)| name)
            .collect()
    }
}

/// Whether the database does at all what fails there: it reads while it opens, and what need not be durable it keeps in
/// memory.
fn happens(phase: Phase, fault: Fault) -> bool {
    match (phase, fault) {
        (Phase::Opening, _) => true,
        (_, Fault::ReadError) => false,
        (Phase::Transacting, _) => false,
        _ => true,
    }
}

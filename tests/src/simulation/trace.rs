//! What happened, for the person who looks into a failing seed.
//!
//! The last lines are kept beside the world, so that they are still there when a machine panics.

use std::cell::RefCell;
use std::collections::VecDeque;

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

struct Trace {
    lines: VecDeque<String>,
    keep: usize,
}

/// Keeps the last `keep` lines of this thread from now on.
pub fn start(keep: usize) {
    TRACE.with_borrow_mut(|trace| {
        *trace = Some(Trace {
            lines: VecDeque::new(),
            keep,
        });
    });
}

/// Ends the trace of this thread and gives its lines.
pub fn take() -> Vec<String> {
    TRACE.with_borrow_mut(|trace| trace.take().map_or(Vec::new(), |trace| trace.lines.into()))
}

/// Adds a line if this thread keeps a trace.
pub fn note(world: u64, line: impl FnOnce() -> String) {
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            if trace.lines.len() == trace.keep {
                trace.lines.pop_front();
            }
            let (seconds, micros) = (world / 1_000_000_000, world / 1000 % 1_000_000);
            trace
                .lines
                .push_back(format!("{seconds:>3}.{micros:06} {}", line()));
        }
    });
}

/// A running hash over all that happens: two runs of a seed agree in it or did not do the same.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// Adds a number.
    pub fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// Adds bytes.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words
            .iter()
            .for_each(|word| self.add(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last) ^ bytes.len() as u64);
    }

    /// The hash so far.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

/// The digest of some bytes.
pub fn digest(bytes: &[u8]) -> u64 {
    let mut digest = Digest::new();
    digest.add_bytes(bytes);
    digest.value()
}

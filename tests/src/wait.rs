//! Waiting for what another process does.

use std::thread::park_timeout;
use std::time::{Duration, Instant};

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within `bound`; `what` says what was waited for.
#[track_caller]
pub fn eventually<T>(what: &str, bound: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + bound;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "waited {bound:?} in vain: {what}");
        // Leaves the processor to the process that is waited for.
        park_timeout(Duration::from_millis(5));
    }
}

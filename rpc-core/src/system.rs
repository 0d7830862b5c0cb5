//! What the operating system gives and the protocol does not ask for itself: the time, and unpredictable bytes.

use rpc_proto::time::Time;
use rustix::time::{ClockId, clock_gettime};

/// The time since the machine was started. It never goes back, and goes on while the machine sleeps, as leases need.
pub(crate) fn now() -> Time {
    let since_boot = clock_gettime(ClockId::Boottime);
    // Neither is ever negative on this clock.
    let (seconds, nanos) = (
        since_boot.tv_sec.unsigned_abs(),
        since_boot.tv_nsec.unsigned_abs(),
    );
    Time::from_nanos(seconds * 1_000_000_000 + nanos)
}

/// Milliseconds since 1970, as people keep time. It may be wrong, and may go back.
pub(crate) fn wall_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Bytes that nobody can guess. Fails only where the system has no source of them at all.
pub(crate) fn entropy() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::from)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_and_entropy_differs() {
        let (before, after) = (now(), now());
        assert!(before <= after && before > Time::ZERO);
        assert_ne!(entropy().expect("a source"), entropy().expect("a source"));
    }
}

//! The clocks of the simulated machines.

use rpc_core::Time;

/// Nanoseconds of world time in a millisecond.
pub const MS: u64 = 1_000_000;

/// Nanoseconds of world time in a second.
pub const SECOND: u64 = 1000 * MS;

/// A clock that shows another time than the world's and runs a little fast or slow, as every real one does.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    offset: u64,
    /// Parts in a million that it gains; at least 0, since the offset alone makes clocks differ both ways.
    gain: u64,
}

impl Clock {
    /// A clock that showed `offset` when the world began.
    pub fn new(offset: u64, gain: u64) -> Self {
        Self { offset, gain }
    }

    /// What it shows at a moment of the world.
    pub fn read(&self, world: u64) -> Time {
        Time::from_nanos(self.offset + world + world * self.gain / 1_000_000)
    }

    /// The first moment of the world at which it shows `time` or later.
    pub fn moment(&self, time: Time) -> u64 {
        let shown = time.as_nanos().saturating_sub(self.offset);
        if shown > u64::MAX / 2 {
            return u64::MAX;
        }
        let mut world = (u128::from(shown) * 1_000_000 / u128::from(1_000_000 + self.gain)) as u64;
        // The division is at most some steps of the gain early.
        while self.read(world) < time {
            world += (time.since(self.read(world)).as_nanos() as u64).max(1);
        }
        world
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_a_time_from_its_moment_on() {
        let clock = Clock::new(77 * SECOND, 20_000);
        for shown in [77 * SECOND, 78 * SECOND, 90 * SECOND + 12_345] {
            let time = Time::from_nanos(shown);
            let moment = clock.moment(time);
            assert!(clock.read(moment) >= time);
            assert!(moment == 0 || clock.read(moment - 1) < time);
        }
    }
}

//! How long to wait before sending again, and how often to try again.

use crate::entropy::Entropy;
use std::time::Duration;

/// The measured round trip and the time-out that follows from it (RFC 6298).
#[derive(Debug)]
pub(super) struct RoundTrip {
    smoothed: Option<(Duration, Duration)>,
    bounds: (Duration, Duration),
    initial: Duration,
}

impl RoundTrip {
    pub(super) fn new(initial: Duration, bounds: (Duration, Duration)) -> Self {
        Self {
            smoothed: None,
            bounds,
            initial,
        }
    }

    /// Takes the time from sending to answer of a message that was sent once; of others nobody knows which copy was
    /// answered (Karn's rule).
    pub(super) fn sample(&mut self, span: Duration) {
        self.smoothed = Some(match self.smoothed {
            None => (span, span / 2),
            Some((mean, deviation)) => (
                mean * 7 / 8 + span / 8,
                deviation * 3 / 4 + mean.abs_diff(span) / 4,
            ),
        });
    }

    /// How long to wait for an answer after the `copies`-th sending.
    pub(super) fn timeout(&self, copies: u32, entropy: &mut Entropy) -> Duration {
        let (low, high) = self.bounds;
        let first = self
            .smoothed
            .map_or(self.initial, |(mean, deviation)| mean + deviation * 4);
        let doubled = first
            .clamp(low, high)
            .saturating_mul(1 << copies.saturating_sub(1).min(10));
        entropy.jitter(doubled.min(high))
    }
}

/// Limits how much of a client's traffic is second attempts after *overloaded* or *shutting down*.
///
/// Ten attempts are free; after that every ten successes earn one, so a server in trouble sees at most a tenth more.
#[derive(Debug)]
pub(super) struct RetryBudget {
    tenths: u32,
}

const FULL: u32 = 100;
const COST: u32 = 10;

impl RetryBudget {
    pub(super) fn new() -> Self {
        Self { tenths: FULL }
    }

    pub(super) fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(FULL);
    }

    pub(super) fn spend(&mut self) -> bool {
        let enough = self.tenths >= COST;
        if enough {
            self.tenths -= COST;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_follows_the_round_trip_and_doubles() {
        let mut entropy = Entropy::new([1; 32]);
        let mut trip = RoundTrip::new(
            Duration::from_millis(200),
            (Duration::from_millis(10), Duration::from_secs(2)),
        );
        let near = |span: Duration, millis: u64| {
            let expected = Duration::from_millis(millis);
            assert!(
                span >= expected * 3 / 4 && span <= expected * 5 / 4,
                "{span:?} is not near {expected:?}"
            );
        };
        near(trip.timeout(1, &mut entropy), 200);
        near(trip.timeout(3, &mut entropy), 800);
        near(trip.timeout(40, &mut entropy), 2000);
        for _ in 0..100 {
            trip.sample(Duration::from_millis(40));
        }
        near(trip.timeout(1, &mut entropy), 40);
        for _ in 0..100 {
            trip.sample(Duration::from_micros(40));
        }
        near(trip.timeout(1, &mut entropy), 10);
    }

    #[test]
    fn ten_retries_are_free_and_ten_successes_earn_one() {
        let mut budget = RetryBudget::new();
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10);
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
    }
}

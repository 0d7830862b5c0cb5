//! Unpredictable numbers from a seed that the driver supplies.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// A generator of unpredictable numbers: a keyed hash of a counter.
///
/// The same seed gives the same numbers, which is what lets a simulation replay; a driver seeds it from the operating
/// system, and then nobody without the seed can guess a session id.
#[derive(Clone)]
pub(crate) struct Entropy {
    key: [u8; 16],
    counter: u64,
}

impl Entropy {
    /// A generator seeded with 32 bytes.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&seed[..16]);
        let mut hasher = SipHasher13::new_with_key(&key);
        hasher.write(&seed[16..]);
        Self {
            key: hasher.finish128().as_bytes(),
            counter: 0,
        }
    }

    /// 128 unpredictable bits.
    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        self.counter += 1;
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write_u64(self.counter);
        hasher.finish128().as_bytes()
    }

    /// 64 unpredictable bits.
    pub(crate) fn number(&mut self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// `span` shortened or lengthened by up to a quarter, so that clients that failed together do not return together.
    pub(crate) fn jitter(&mut self, span: std::time::Duration) -> std::time::Duration {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let spread = nanos / 2;
        let shift = if spread == 0 {
            0
        } else {
            self.number() % spread
        };
        std::time::Duration::from_nanos(nanos - nanos / 4 + shift)
    }
}

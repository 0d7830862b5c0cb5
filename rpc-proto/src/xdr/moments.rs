//! Durations and points in time. They are values here: nothing in this file asks what time it is.

use std::time::{Duration, SystemTime};

use super::{Decode, DecodeError, DecodeProblem, Decoder, Describe, Encode, EncodeError, Encoder};
use crate::describe::Type;

const NANOS_PER_SECOND: u32 = 1_000_000_000;

impl Encode for Duration {
    #[inline]
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.u64(self.as_secs());
        out.u32(self.subsec_nanos());
        Ok(())
    }
}

impl<'a> Decode<'a> for Duration {
    #[inline]
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        let seconds = input.u64()?;
        Ok(Self::new(seconds, nanos(input)?))
    }
}

/// Nanoseconds of a second: a whole second must not be among them, or a duration would have two encodings.
#[inline]
fn nanos(input: &mut Decoder<'_>) -> Result<u32, DecodeError> {
    let nanos = input.u32()?;
    if nanos >= NANOS_PER_SECOND {
        let (kind, value) = ("the nanoseconds of a second", nanos.into());
        return Err(input.refuse_word(DecodeProblem::Range { kind, value }));
    }
    Ok(nanos)
}

impl Encode for SystemTime {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        let (seconds, nanos) = since_epoch(*self).ok_or(EncodeError::Custom(
            "the time is more than 2^63 seconds from 1970",
        ))?;
        out.i64(seconds);
        out.u32(nanos);
        Ok(())
    }
}

/// Whole seconds since 1970, rounded down, and the nanoseconds above them.
fn since_epoch(time: SystemTime) -> Option<(i64, u32)> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => Some((i64::try_from(after.as_secs()).ok()?, after.subsec_nanos())),
        Err(error) => {
            let before = error.duration();
            let (borrowed, nanos) = match before.subsec_nanos() {
                0 => (0, 0),
                nanos => (1, NANOS_PER_SECOND - nanos),
            };
            let seconds = 0i64.checked_sub_unsigned(before.as_secs())?;
            Some((seconds.checked_sub(borrowed)?, nanos))
        }
    }
}

impl<'a> Decode<'a> for SystemTime {
    fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        let at = input.position();
        let seconds = input.i64()?;
        let nanos = nanos(input)?;
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let second = if seconds < 0 {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        };
        // Not every system counts so far, or in steps so small.
        let time = second.and_then(|second| second.checked_add(Duration::from_nanos(nanos.into())));
        time.filter(|time| since_epoch(*time) == Some((seconds, nanos)))
            .ok_or(DecodeError {
                at,
                what: DecodeProblem::Custom("this system cannot express the time"),
            })
    }
}

impl Describe for SystemTime {
    const NAME: &'static str = "SystemTime";

    fn describe() -> &'static Type {
        &Type::Time
    }
}

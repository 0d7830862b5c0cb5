//! The bytes of a state file.
//!
//! ```text
//! "matchmaker state" | version: u32 | row | row | …
//! row: length: u32 | !length: u32 | SipHash-1-3 of the bytes: u64 | that many bytes of XDR
//! ```
//!
//! All numbers are big-endian. A later row of a lease takes the place of earlier ones. What a kill can do is cut the last row
//! short; nothing else that is wrong with a file can have come from us.

use crate::registry::{Registrant, Saved};
use rpc_core::matchmaker::Registration;
use rpc_core::xdr::{self, EncodeError, Limits};
use rpc_core::{Bounded, Xdr};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::io::{self, Read};
use std::net::IpAddr;
use std::time::Duration;

const MAGIC: &[u8; 16] = b"matchmaker state";
const VERSION: u32 = 1;

/// Longer than any row can be.
const LONGEST: u32 = 64 << 10;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
pub enum Row {
    /// There is this entry now.
    #[xdr(case = 1)]
    Entered(Entered),
    /// The entry of this lease is gone.
    #[xdr(case = 2)]
    Ended(u64),
}

/// [`Saved`], as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
pub struct Entered {
    lease: u64,
    number: u64,
    length_ms: u32,
    registrant: By,
    registration: Registration,
    earlier: Bounded<Vec<u64>, 64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Xdr)]
enum By {
    #[xdr(case = 1)]
    User(u32),
    #[xdr(case = 2)]
    Address(IpAddr),
}

impl From<Saved> for Row {
    fn from(saved: Saved) -> Self {
        Row::Entered(Entered {
            lease: saved.lease,
            number: saved.number,
            length_ms: u32::try_from(saved.length.as_millis()).unwrap_or(u32::MAX),
            registrant: match saved.registrant {
                Registrant::User(uid) => By::User(uid),
                Registrant::Address(address) => By::Address(address),
            },
            registration: saved.registration,
            // There are no more than the registry keeps.
            earlier: Bounded::new(saved.earlier.into()).unwrap_or_default(),
        })
    }
}

impl From<Entered> for Saved {
    fn from(row: Entered) -> Self {
        Saved {
            lease: row.lease,
            number: row.number,
            length: Duration::from_millis(row.length_ms.into()),
            registrant: match row.registrant {
                By::User(uid) => Registrant::User(uid),
                By::Address(address) => Registrant::Address(address),
            },
            registration: row.registration,
            earlier: row.earlier.into_inner().into(),
        }
    }
}

/// How a file begins.
pub fn header() -> Vec<u8> {
    [&MAGIC[..], &VERSION.to_be_bytes()].concat()
}

/// Appends a row.
pub fn write(row: &Row, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let bytes = xdr::to_vec(row)?;
    // A registration came in a message, whose length is a u32.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&(!length).to_be_bytes());
    out.extend_from_slice(&checksum(&bytes).to_be_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// Why a file is not understood.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was not written by a matchmaker.
    #[error("it is no matchmaker's state")]
    Foreign,
    /// It was written by another version of the matchmaker.
    #[error("it has format {0}, and this matchmaker knows format {VERSION}")]
    Version(u32),
    /// It was changed by something else, or its disk is broken.
    #[error("it is damaged at byte {0}")]
    Damaged(u64),
}

/// Reads a file to its end: all entries that it leaves, by their leases.
pub fn read(file: &mut impl Read) -> Result<BTreeMap<u64, Saved>, Problem> {
    let mut start = [0; MAGIC.len() + 4];
    let length = fill(file, &mut start)?;
    let (magic, version) = start.split_at(MAGIC.len());
    if length < start.len() || magic != MAGIC {
        return Err(Problem::Foreign);
    }
    let version = u32::from_be_bytes(version.try_into().map_err(|_| Problem::Foreign)?);
    if version != VERSION {
        return Err(Problem::Version(version));
    }
    let mut entries = BTreeMap::new();
    let mut position = start.len() as u64;
    while let Some(row) = read_row(file, &mut position)? {
        match row {
            Row::Entered(entered) => entries.insert(entered.lease, entered.into()),
            Row::Ended(lease) => entries.remove(&lease),
        };
    }
    Ok(entries)
}

/// The next row; none at the end, and where the last row is cut short.
fn read_row(file: &mut impl Read, position: &mut u64) -> Result<Option<Row>, Problem> {
    let damaged = || Problem::Damaged(*position);
    let mut head = [0; 16];
    let filled = fill(file, &mut head)?;
    if filled < head.len() {
        return Ok(None);
    }
    let number = |from: usize| head[from..from + 4].try_into().map(u32::from_be_bytes);
    let (length, inverse) = (
        number(0).map_err(|_| damaged())?,
        number(4).map_err(|_| damaged())?,
    );
    if length != !inverse || length > LONGEST {
        return Err(damaged());
    }
    let mut bytes = vec![0; length as usize];
    if fill(file, &mut bytes)? < bytes.len() {
        return Ok(None);
    }
    if head[8..] != checksum(&bytes).to_be_bytes() {
        return Err(damaged());
    }
    let row = xdr::from_slice(&bytes, Limits::default()).map_err(|_| damaged())?;
    *position += (head.len() + bytes.len()) as u64;
    Ok(Some(row))
}

/// Reads until the buffer is full or the file ends. Returns how much there was.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish()
}

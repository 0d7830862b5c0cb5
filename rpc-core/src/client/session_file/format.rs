//! What stands in a session file behind its header.
//!
//! Records follow each other. Each is 4 bytes of length, 4 bytes of a digest of these, so many bytes of XDR, and 8 bytes
//! of a digest of those. Records are only ever appended, and synced before anything rests on them. So a record that is cut
//! short at the end of the file was never relied on, and neither was one whose end the file system gave its length but
//! not its bytes. Everything else that is not as it should be is damage.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpc_macros::Xdr;
use rpc_proto::session::wire::KeyId;
use rpc_proto::xdr::{EncodeError, Limits, from_slice, to_vec};

use super::super::files;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
enum Record {
    /// A call is about to be sent.
    Begun(Begun),
    /// The program took the reply of this call, or does not want it.
    Ended(u64),
}

/// A call as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Xdr)]
pub(super) struct Begun {
    /// Which one in this file.
    pub(super) id: u64,
    /// `Interface.method`, for people.
    pub(super) method: String,
    pub(super) program: u32,
    pub(super) version: u32,
    pub(super) procedure: u32,
    pub(super) key: KeyId,
    /// The program gave it its name, and may use it again.
    pub(super) named: bool,
    /// The only store that it may have been sent to.
    pub(super) store: Option<[u8; 16]>,
    pub(super) args: Vec<u8>,
}

/// What precedes the bytes of a record.
const HEAD: usize = 8;
/// What follows them.
const TAIL: usize = 8;
/// These bits of a digest's last byte are set, so that it is never taken for one that was not written.
const WRITTEN: u8 = 0x81;

pub(super) fn begun(call: &Begun) -> Result<Vec<u8>, EncodeError> {
    frame(&Record::Begun(call.clone()))
}

pub(super) fn ended(id: u64) -> Result<Vec<u8>, EncodeError> {
    frame(&Record::Ended(id))
}

fn frame(record: &Record) -> Result<Vec<u8>, EncodeError> {
    let body = to_vec(record)?;
    let length = u32::try_from(body.len()).map_err(|_| EncodeError::Length {
        length: body.len(),
        max: u32::MAX,
    })?;
    let mut frame = Vec::with_capacity(HEAD + body.len() + TAIL);
    frame.extend_from_slice(&head(length));
    frame.extend_from_slice(&body);
    frame.extend_from_slice(&tail(&body));
    Ok(frame)
}

fn head(length: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&length.to_be_bytes());
    let digest = files::digest(&head[..4]);
    head[4..].copy_from_slice(&digest[..4]);
    head[HEAD - 1] |= WRITTEN;
    head
}

fn tail(body: &[u8]) -> [u8; TAIL] {
    let mut tail = files::digest(body);
    tail[TAIL - 1] |= WRITTEN;
    tail
}

/// What the records of a file say.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The calls that have not ended.
    pub(super) calls: BTreeMap<u64, Arc<Begun>>,
    /// The number of the next call.
    pub(super) next: u64,
    /// Where the last whole record ends.
    pub(super) end: usize,
}

/// Where a file is damaged, and how.
pub(super) type Damage = (usize, &'static str);

/// Reads all records.
pub(super) fn read(bytes: &[u8]) -> Result<Contents, Damage> {
    let mut contents = Contents::default();
    while let Some((body, end)) = next(bytes, contents.end)? {
        let limits = Limits {
            message: body.len(),
            allocation: body.len(),
            ..Limits::default()
        };
        let record =
            from_slice(body, limits).map_err(|_| (contents.end, "a record that means nothing"))?;
        match record {
            Record::Begun(call) if call.id >= contents.next => {
                contents.next = call.id + 1;
                contents.calls.insert(call.id, Arc::new(call));
            }
            Record::Begun(_) => return Err((contents.end, "a call that is there twice")),
            Record::Ended(id) => {
                let known = contents.calls.remove(&id);
                known.ok_or((contents.end, "the end of a call that is not there"))?;
            }
        }
        contents.end = end;
    }
    Ok(contents)
}

/// The record that begins at `at`, and where it ends; `None` at the end, also if a torn record follows.
fn next(bytes: &[u8], at: usize) -> Result<Option<(&[u8], usize)>, Damage> {
    let unwritten = |from: usize| bytes[from..].iter().all(|byte| *byte == 0);
    let Some(start) = bytes[at..].first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let [a, b, c, d, ..] = *start;
    let length = u32::from_be_bytes([a, b, c, d]);
    let body = at + HEAD;
    if *start != head(length) {
        return if unwritten(body - 1) {
            Ok(None)
        } else {
            Err((at, "a record without a length"))
        };
    }
    let end = body + length as usize + TAIL;
    let Some(whole) = bytes.get(body..end) else {
        return Ok(None);
    };
    let (body, digest) = whole.split_at(length as usize);
    if tail(body) == *digest {
        Ok(Some((body, end)))
    } else if unwritten(end - 1) {
        Ok(None)
    } else {
        Err((at, "a record that does not have its digest"))
    }
}

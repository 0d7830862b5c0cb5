//! Record marking (RFC 5531, section 11): where messages begin and end in a stream of bytes.
//!
//! Bytes from the stream are read into [`Reader::space`] and announced by [`Reader::handle_filled`], or given to
//! [`Reader::handle_bytes`]; then [`Reader::poll_record`] is called until it gives nothing. A record of one fragment is
//! given as a slice of the reader's own buffer. At the end of the stream comes [`Reader::handle_end`].
//!
//! ```
//! use rpc_proto::record::{Reader, mark};
//!
//! let mut reader = Reader::new(1024);
//! reader.handle_bytes(&mark(5)?);
//! reader.handle_bytes(b"hello\x80\0\0");
//! assert_eq!(reader.poll_record()?, Some(&b"hello"[..]));
//! assert_eq!(reader.poll_record()?, None);
//! assert!(reader.handle_end().is_err(), "the stream ended inside a mark");
//! # Ok::<(), rpc_proto::record::RecordError>(())
//! ```

#[cfg(test)]
mod tests;

/// Bytes of a fragment header.
pub const MARK: usize = 4;

/// The largest record that [`mark`] can announce.
pub const MAX_FRAGMENT: usize = 0x7fff_ffff;

/// The bit that marks the last fragment of a record.
const LAST: u32 = 0x8000_0000;

/// Room made for the stream when nothing is known about the next record.
const ROOM: usize = 16 << 10;

/// A buffer larger than this goes back once records are small again.
const KEEP: usize = 256 << 10;

/// The header of a record of one fragment, which is how all records are written here (R-5).
#[inline]
pub fn mark(length: usize) -> Result<[u8; MARK], RecordError> {
    match u32::try_from(length) {
        Ok(short) if short < LAST => Ok((LAST | short).to_be_bytes()),
        _ => Err(RecordError::TooLong { max: MAX_FRAGMENT }),
    }
}

/// Why a stream of records cannot be read on. The place of the next record is lost, so the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A record is longer than the limit.
    #[error("a record is longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// A fragment that is not the last of its record is empty.
    #[error("an empty fragment that is not the last")]
    EmptyFragment,
    /// The stream ended inside a record.
    #[error("the stream ended inside a record")]
    Truncated,
}

/// Finds records in a stream of bytes.
#[derive(Debug)]
pub struct Reader {
    /// `start <= end <= buffer.len()`. `start..end` is received and not consumed; `end..` is room to receive into.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The fragment that is being copied to `parts`; `None` while the next thing to read is a mark. Only a record of
    /// several fragments is copied, so it is `None` throughout a record of one.
    fragment: Option<Fragment>,
    /// The fragments so far of a record of several. Together with what is left of `fragment` never over `max`.
    parts: Vec<u8>,
    /// Whether `parts` is a whole record, which the last call gave out; the next one clears it. While it is not, `parts`
    /// being empty means that no record of several fragments has begun, since an empty first fragment is refused.
    given: bool,
    /// Length that the record now being received in `buffer` needs there, with its mark; 0 if that is not known.
    /// Never over `MARK + max`.
    wanted: usize,
    /// Length of the record given last, by which a large buffer is judged to be still needed.
    last_length: usize,
    /// The longest record accepted.
    max: usize,
    /// Once set it is the answer to everything.
    broken: Option<RecordError>,
}

#[derive(Clone, Copy, Debug)]
struct Fragment {
    left: usize,
    last: bool,
}

impl Reader {
    /// A reader at the start of a stream, which takes records of at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            fragment: None,
            parts: Vec::new(),
            given: false,
            wanted: 0,
            last_length: 0,
            max,
            broken: None,
        }
    }

    /// Room for bytes from the stream; never empty. Memory for a long record is made as its bytes arrive, so that a
    /// mark alone cannot claim it.
    pub fn space(&mut self) -> &mut [u8] {
        self.make_room();
        self.check_invariants();
        &mut self.buffer[self.end..]
    }

    /// The first `count` bytes of [`space`](Self::space) have been filled.
    pub fn handle_filled(&mut self, count: usize) {
        assert!(
            count <= self.buffer.len() - self.end,
            "no more bytes than there was room for"
        );
        self.end += count;
    }

    /// Bytes have come from the stream.
    pub fn handle_bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let count = space.len().min(bytes.len());
            let (now, later) = bytes.split_at(count);
            space[..count].copy_from_slice(now);
            self.handle_filled(count);
            bytes = later;
        }
    }

    /// How much memory it takes, in bytes.
    pub fn held(&self) -> usize {
        self.buffer.capacity() + self.parts.capacity()
    }

    /// Gives back the memory that is only kept for the records to come. While one has come in part this does nothing.
    pub fn give_back(&mut self) {
        if self.start == self.end && !self.inside_parts() {
            (self.start, self.end, self.given) = (0, 0, false);
            (self.buffer, self.parts) = (Vec::new(), Vec::new());
        }
    }

    /// The stream has ended. It may do so only between records.
    pub fn handle_end(&self) -> Result<(), RecordError> {
        match self.broken {
            Some(error) => Err(error),
            None if self.start == self.end && !self.inside_parts() => Ok(()),
            None => Err(RecordError::Truncated),
        }
    }

    /// The next whole record, if it has arrived. Has to be called until it gives nothing.
    pub fn poll_record(&mut self) -> Result<Option<&[u8]>, RecordError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        match self.advance() {
            Ok(Some(Whole::InBuffer { start, end })) => Ok(Some(&self.buffer[start..end])),
            Ok(Some(Whole::InParts)) => Ok(Some(&self.parts)),
            Ok(None) => Ok(None),
            Err(error) => {
                self.broken = Some(error);
                Err(error)
            }
        }
    }

    /// The record that the last [`poll_record`](Self::poll_record) gave, with nothing done since, is to be given once more.
    pub fn put_back(&mut self) {
        if std::mem::take(&mut self.given) {
            // As if the end of its last fragment were still to come.
            self.fragment = Some(Fragment {
                left: 0,
                last: true,
            });
        } else {
            self.start -= MARK + self.last_length;
        }
        self.check_invariants();
    }

    /// Consumes marks and fragments until a record is whole or bytes are missing. Each turn consumes bytes or returns.
    fn advance(&mut self) -> Result<Option<Whole>, RecordError> {
        self.forget_given();
        loop {
            if let Some(fragment) = self.fragment {
                if !self.copy_fragment(fragment) {
                    return Ok(None);
                }
                if fragment.last {
                    self.given = true;
                    self.last_length = self.parts.len();
                    return Ok(Some(Whole::InParts));
                }
            }
            let Some(mark) = self.buffer[self.start..self.end].first_chunk::<MARK>() else {
                return Ok(None);
            };
            let fragment = self.read_mark(u32::from_be_bytes(*mark))?;
            if fragment.last && self.parts.is_empty() {
                return Ok(self.take_in_buffer(fragment.left));
            }
            self.start += MARK;
            self.fragment = Some(fragment);
        }
    }

    fn read_mark(&self, mark: u32) -> Result<Fragment, RecordError> {
        let fragment = Fragment {
            left: (mark & !LAST) as usize,
            last: mark & LAST != 0,
        };
        if fragment.left > self.max - self.parts.len() {
            return Err(RecordError::TooLong { max: self.max });
        }
        if fragment.left == 0 && !fragment.last {
            return Err(RecordError::EmptyFragment);
        }
        Ok(fragment)
    }

    /// A record of one fragment is given where it lies, once it is all there.
    fn take_in_buffer(&mut self, length: usize) -> Option<Whole> {
        let start = self.start + MARK;
        let end = start + length;
        if end > self.end {
            self.wanted = MARK + length;
            return None;
        }
        self.wanted = 0;
        self.start = end;
        self.last_length = length;
        Some(Whole::InBuffer { start, end })
    }

    /// Copies what there is of a fragment to `parts`, and says whether that was all of it.
    fn copy_fragment(&mut self, fragment: Fragment) -> bool {
        let count = fragment.left.min(self.end - self.start);
        self.parts
            .extend_from_slice(&self.buffer[self.start..self.start + count]);
        self.start += count;
        let left = fragment.left - count;
        self.fragment = (left > 0).then_some(Fragment { left, ..fragment });
        left == 0
    }

    /// Forgets the record that the last call gave out of `parts`.
    fn forget_given(&mut self) {
        if std::mem::take(&mut self.given) {
            self.parts.clear();
            self.parts.shrink_to(KEEP);
        }
    }

    fn inside_parts(&self) -> bool {
        self.fragment.is_some() || !(self.given || self.parts.is_empty())
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > KEEP && self.last_length <= KEEP && self.wanted == 0 {
                self.buffer.truncate(ROOM);
                self.buffer.shrink_to_fit();
            }
        }
        let have = self.end - self.start;
        // A quarter more than what has come, so that a peer has to send nearly what it makes us take.
        let grown = have + have / 4 + 1;
        let target = if self.wanted > have {
            self.wanted.min(grown)
        } else {
            grown
        }
        .max(ROOM);
        if self.buffer.len() - self.start >= target && self.end < self.buffer.len() {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, have);
        if self.buffer.len() < target {
            self.buffer.reserve_exact(target - self.buffer.len());
            self.buffer.resize(target, 0);
        }
    }

    fn check_invariants(&self) {
        let left = self.fragment.map_or(0, |fragment| fragment.left);
        debug_assert!(self.start <= self.end && self.end < self.buffer.len());
        debug_assert!(self.parts.len() + left <= self.max);
        debug_assert!(self.wanted <= MARK + self.max);
        debug_assert!(!(self.given && self.fragment.is_some()));
    }
}

/// Where a whole record lies.
enum Whole {
    InBuffer { start: usize, end: usize },
    InParts,
}

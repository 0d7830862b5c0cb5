use super::{DecodeError, DecodeProblem, Limits};

/// Reads the canonical encoding from a slice, and refuses everything that an [`Encoder`](super::Encoder) does not write.
///
/// ```
/// use rpc_proto::xdr::{DecodeProblem, Decoder, Limits};
///
/// let mut input = Decoder::new(b"\0\0\0\x03abc\0\0\0\0\x02", Limits::default());
/// assert_eq!(input.opaque(3)?, b"abc");
/// let refused = input.bool().unwrap_err();
/// assert_eq!((refused.at, refused.what), (8, DecodeProblem::Bool { value: 2 }));
/// # Ok::<(), rpc_proto::xdr::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    /// Length of the whole input, from which offsets are computed: the hot path only moves `rest`.
    total: usize,
    /// How many more levels of nesting may be entered.
    depth: u32,
    /// How many more bytes the values may allocate.
    allocation: usize,
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of `input`, whose length is taken as it is: whoever received it has bounded that.
    pub fn new(input: &'a [u8], limits: Limits) -> Self {
        Self {
            rest: input,
            total: input.len(),
            depth: limits.depth,
            allocation: limits.allocation,
        }
    }

    /// How many bytes are not read yet.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// How many bytes are read.
    #[inline]
    pub fn position(&self) -> usize {
        self.total - self.rest.len()
    }

    /// Takes an unsigned int (E-2).
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.take().map(u32::from_be_bytes)
    }

    /// Takes an int (E-2).
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.take().map(i32::from_be_bytes)
    }

    /// Takes an unsigned hyper (E-2).
    #[inline]
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.take().map(u64::from_be_bytes)
    }

    /// Takes a hyper (E-2).
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.take().map(i64::from_be_bytes)
    }

    /// Takes a bool, which must be 0 or 1 (E-4).
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u32()? {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(self.refuse_word(DecodeProblem::Bool { value })),
        }
    }

    /// Takes a length, which must not be over `max`. Nothing is allocated for it here.
    #[inline]
    pub fn length(&mut self, max: u32) -> Result<usize, DecodeError> {
        let length = self.u32()?;
        if length > max {
            return Err(self.refuse_word(DecodeProblem::Length { length, max }));
        }
        Ok(length as usize)
    }

    /// Takes at most `max` bytes that have their length in front. Copies nothing.
    #[inline]
    pub fn opaque(&mut self, max: u32) -> Result<&'a [u8], DecodeError> {
        let length = self.length(max)?;
        self.fixed(length)
    }

    /// Takes `length` bytes and their padding, which must be zero. Copies nothing.
    #[inline]
    pub fn fixed(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.truncated(length));
        };
        let Some((padding, rest)) = rest.split_at_checked(length.wrapping_neg() % 4) else {
            return Err(self.truncated(length.next_multiple_of(4)));
        };
        if padding.iter().any(|byte| *byte != 0) {
            return Err(refusal(self.position() + length, DecodeProblem::Padding));
        }
        self.rest = rest;
        Ok(bytes)
    }

    /// Runs `f` one level deeper. Every type that can contain itself decodes its inside so.
    #[inline]
    pub fn nested<R>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<R, DecodeError>,
    ) -> Result<R, DecodeError> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return Err(self.error(DecodeProblem::DepthLimit));
        };
        self.depth = depth;
        let result = f(self);
        self.depth += 1;
        result
    }

    /// Takes `bytes` from the allocation budget. To be called before allocating.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), DecodeError> {
        let Some(left) = self.allocation.checked_sub(bytes) else {
            return Err(self.error(DecodeProblem::AllocationLimit));
        };
        self.allocation = left;
        Ok(())
    }

    /// What is left of the limits: the bytes that are not read yet, levels and memory.
    pub fn limits(&self) -> Limits {
        Limits {
            message: self.rest.len(),
            depth: self.depth,
            allocation: self.allocation,
        }
    }

    /// Ends decoding: nothing may be left over.
    #[inline]
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(self.error(DecodeProblem::Trailing { extra })),
        }
    }

    /// An error about what comes next in the input.
    #[inline]
    pub fn error(&self, what: DecodeProblem) -> DecodeError {
        refusal(self.position(), what)
    }

    /// An error about the discriminant that was read last, for derived enums and unions.
    #[inline]
    #[doc(hidden)]
    pub fn bad_discriminant(&self, kind: &'static str, value: i64) -> DecodeError {
        self.refuse_word(DecodeProblem::Discriminant { kind, value })
    }

    /// An error about the 4-byte item that was read last.
    #[inline]
    pub(crate) fn refuse_word(&self, what: DecodeProblem) -> DecodeError {
        self.refuse_words_back(1, what)
    }

    /// An error about the 4-byte item that begins so many words before the next.
    #[inline]
    pub(crate) fn refuse_words_back(&self, words: usize, what: DecodeProblem) -> DecodeError {
        refusal(self.position() - 4 * words, what)
    }

    /// Takes `count` items of `N` bytes at once, not copied.
    #[inline]
    pub(crate) fn bulk<const N: usize>(
        &mut self,
        count: usize,
    ) -> Result<&'a [[u8; N]], DecodeError> {
        let Some((bytes, rest)) = count
            .checked_mul(N)
            .and_then(|length| self.rest.split_at_checked(length))
        else {
            return Err(self.truncated(count.saturating_mul(N)));
        };
        self.rest = rest;
        Ok(bytes.as_chunks().0)
    }

    /// Takes `N` unsigned ints, with one look at the length.
    #[inline]
    pub(crate) fn words<const N: usize>(&mut self) -> Result<[u32; N], DecodeError> {
        let words = self.bulk::<4>(N)?;
        Ok(std::array::from_fn(|i| u32::from_be_bytes(words[i])))
    }

    /// The value that `f` takes, and the bytes that it took for it.
    #[inline]
    pub(crate) fn with_bytes<R>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<R, DecodeError>,
    ) -> Result<(R, &'a [u8]), DecodeError> {
        let before = self.rest;
        let value = f(self)?;
        Ok((value, &before[..before.len() - self.rest.len()]))
    }

    /// Takes `N` bytes, a multiple of four.
    #[inline]
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.truncated(N));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    fn truncated(&self, wanted: usize) -> DecodeError {
        let missing = wanted - self.rest.len();
        self.error(DecodeProblem::Truncated { missing })
    }
}

/// Apart from the decoder, and given no reference to it, so that the decoder can live in registers.
#[cold]
fn refusal(at: usize, what: DecodeProblem) -> DecodeError {
    DecodeError { at, what }
}

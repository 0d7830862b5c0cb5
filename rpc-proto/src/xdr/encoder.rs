use super::{EncodeError, Limits};

/// Writes the canonical encoding into one buffer, which may keep room for a header in front.
///
/// ```
/// use rpc_proto::xdr::Encoder;
///
/// let mut out = Encoder::with_headroom(Vec::new(), 4);
/// out.u32(7);
/// out.opaque(b"abc")?;
/// assert_eq!(out.len(), 12);
/// let mut message = out.into_vec();
/// message[..4].copy_from_slice(b"head");
/// assert_eq!(message, b"head\0\0\0\x07\0\0\0\x03abc\0");
/// # Ok::<(), rpc_proto::xdr::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    buffer: Vec<u8>,
    headroom: usize,
    /// How many more levels of nesting may be entered.
    depth: u32,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder with an empty buffer.
    pub fn new() -> Self {
        Self::with_headroom(Vec::new(), 0)
    }

    /// Reuses the memory of `buffer`. The first `headroom` bytes of it are zero, for a header that is written later.
    pub fn with_headroom(mut buffer: Vec<u8>, headroom: usize) -> Self {
        buffer.clear();
        buffer.resize(headroom, 0);
        Self {
            buffer,
            headroom,
            depth: Limits::default().depth,
        }
    }

    /// Bytes encoded so far, without the headroom.
    #[inline]
    pub fn len(&self) -> usize {
        self.buffer.len() - self.headroom
    }

    /// Whether nothing is encoded yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is encoded so far, without the headroom.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.buffer[self.headroom..]
    }

    /// The buffer, headroom first.
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        self.buffer
    }

    /// Appends an unsigned int (E-2).
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends an int (E-2).
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends an unsigned hyper (E-2).
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends a hyper (E-2).
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.buffer.extend_from_slice(&value.to_be_bytes());
    }

    /// Appends a bool (E-4).
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.u32(u32::from(value));
    }

    /// Appends the length of what follows.
    #[inline]
    pub fn length(&mut self, length: usize) -> Result<(), EncodeError> {
        let short = u32::try_from(length).map_err(|_| EncodeError::Length {
            length,
            max: u32::MAX,
        })?;
        self.u32(short);
        Ok(())
    }

    /// Appends bytes with their length in front and padding behind.
    #[inline]
    pub fn opaque(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.length(bytes.len())?;
        self.fixed(bytes);
        Ok(())
    }

    /// Appends bytes whose number both sides know, with padding behind.
    #[inline]
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        // Four zeros, of which up to three stay: a copy of constant length is a single store.
        let end = self.buffer.len() + bytes.len().wrapping_neg() % 4;
        self.buffer.extend_from_slice(&[0; 4]);
        self.buffer.truncate(end);
    }

    /// Runs `f` one level deeper. Every type that can contain itself encodes its inside so.
    #[inline]
    pub fn nested<R>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<R, EncodeError>,
    ) -> Result<R, EncodeError> {
        self.depth = self.depth.checked_sub(1).ok_or(EncodeError::Depth)?;
        let result = f(self);
        self.depth += 1;
        result
    }

    /// Appends bytes that are a multiple of four.
    #[inline]
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len().is_multiple_of(4), "items are in words");
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes back what was appended since [`len`](Self::len) was `length`.
    pub(crate) fn split_off(&mut self, length: usize) -> Vec<u8> {
        self.buffer.split_off(self.headroom + length)
    }

    /// Appends many numbers of `N` bytes at once.
    #[inline]
    pub(crate) fn bulk<T: Copy, const N: usize>(
        &mut self,
        items: &[T],
        bytes: impl Fn(T) -> [u8; N],
    ) {
        let start = self.buffer.len();
        self.buffer.resize(start + items.len() * N, 0);
        let (places, _) = self.buffer[start..].as_chunks_mut::<N>();
        for (place, item) in places.iter_mut().zip(items) {
            *place = bytes(*item);
        }
    }
}

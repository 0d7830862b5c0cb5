use super::Auth;

/// Fills a slice whose length was computed beforehand.
pub(super) struct Writer<'b>(&'b mut [u8]);

impl<'b> Writer<'b> {
    pub(super) fn new(out: &'b mut [u8]) -> Self {
        Self(out)
    }

    #[inline]
    pub(super) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    #[inline]
    pub(super) fn auth(&mut self, auth: &Auth<'_>) {
        self.u32(auth.flavor().0);
        self.u32(auth.body().len() as u32);
        self.bytes(auth.body());
        self.bytes(&[0; 3][..auth.body().len().wrapping_neg() % 4]);
    }

    /// Ends writing. A header shorter than the room for it would leave garbage before the body.
    #[inline]
    pub(super) fn finish(self) {
        assert!(
            self.0.is_empty(),
            "the room for a header is as long as the header"
        );
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        let (place, rest) = std::mem::take(&mut self.0).split_at_mut(bytes.len());
        place.copy_from_slice(bytes);
        self.0 = rest;
    }
}

/// Appends `length` bytes to `out` and has `write` fill them.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, length: usize, write: impl FnOnce(&mut [u8])) {
    let start = out.len();
    out.resize(start + length, 0);
    write(&mut out[start..]);
}

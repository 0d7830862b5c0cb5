//! Names of types whose parameters are filled in, `Page<Option<u32>>`, put together at compile time.

/// A name longer than so many bytes is cut: names are for people.
const LONGEST: usize = 200;

/// What stands for the parts of a name that were cut.
const CUT: &str = "…";

/// A name that is made of others while constants are computed, when nothing can be allocated.
pub struct Name {
    bytes: [u8; LONGEST],
    length: usize,
    is_cut: bool,
}

impl Name {
    const EMPTY: Self = Self {
        bytes: [0; LONGEST],
        length: 0,
        is_cut: false,
    };

    /// `name<argument, argument>`.
    pub const fn instance(name: &str, arguments: &[&str]) -> Self {
        let mut whole = Self::list(name, "<", arguments);
        whole.push(">");
        whole
    }

    /// `(part, part)`.
    pub const fn tuple(parts: &[&str]) -> Self {
        let mut whole = Self::list("", "(", parts);
        whole.push(")");
        whole
    }

    /// `[element; length]`.
    pub const fn array(element: &str, length: usize) -> Self {
        let mut whole = Self::EMPTY;
        whole.push("[");
        whole.push(element);
        whole.push("; ");
        whole.push(Self::number(length as i128).text());
        whole.push("]");
        whole
    }

    /// A parameter that is a number.
    pub const fn number(number: i128) -> Self {
        let mut digits = [0; 39];
        let mut start = digits.len();
        let mut rest = number.unsigned_abs();
        while rest > 0 || start == digits.len() {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let mut whole = Self::EMPTY;
        if number < 0 {
            whole.push("-");
        }
        whole.push_bytes(digits.split_at(start).1);
        whole
    }

    /// The name.
    pub const fn text(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => CUT,
        }
    }

    const fn list(name: &str, open: &str, parts: &[&str]) -> Self {
        let mut whole = Self::EMPTY;
        whole.push(name);
        whole.push(open);
        let mut index = 0;
        while index < parts.len() {
            if index > 0 {
                whole.push(", ");
            }
            whole.push(parts[index]);
            index += 1;
        }
        whole
    }

    const fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    /// A part is there as a whole or not at all, so that no character is cut.
    const fn push_bytes(&mut self, bytes: &[u8]) {
        if self.is_cut {
            return;
        }
        self.is_cut = self.length + bytes.len() > LONGEST - CUT.len();
        let bytes = if self.is_cut { CUT.as_bytes() } else { bytes };
        let mut index = 0;
        while index < bytes.len() {
            self.bytes[self.length] = bytes[index];
            self.length += 1;
            index += 1;
        }
    }
}

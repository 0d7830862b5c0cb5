//! Numbers as C writes them.

/// The value of an integer, and whether it is written in base 16; or what is wrong with it.
pub(super) fn integer(text: &str) -> Result<(i128, bool), String> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'0'..=b'9', ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    // `10UL`: what comes out of C headers has them; `1'000`: what C++ calls digit separators.
    let digits = digits.trim_end_matches(['u', 'U', 'l', 'L']);
    let digits = &digits.replace('\'', "");
    if let Some(bad) = digits.chars().find(|c| !c.is_digit(radix)) {
        return Err(match radix {
            8 => format!("`{bad}` is no digit of an octal number, which is what a leading 0 means"),
            _ => format!("`{bad}` is no digit of a number in base {radix}"),
        });
    }
    if digits.is_empty() {
        return Err("the digits are missing".to_owned());
    }
    let value = i128::from_str_radix(digits, radix);
    let value = value.map_err(|_| "no constant has more than 127 bits".to_owned())?;
    Ok((value, radix == 16))
}

/// The bytes that a string literal stands for. `byte` says what a character of the file was.
pub(super) fn unquote(literal: &str, latin1: bool) -> Vec<u8> {
    let inner = literal.strip_prefix('"').unwrap_or(literal);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut bytes = Vec::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => bytes.push(escape(&mut chars)),
            c if latin1 => bytes.push(u8::try_from(u32::from(c)).unwrap_or(b'?')),
            c => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The byte that what follows a `\` stands for; a sign that means nothing there is itself, as in C.
fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> u8 {
    let Some(first) = chars.next() else {
        return b'\\';
    };
    if let Some(digit) = first.to_digit(8) {
        let mut value = digit;
        for _ in 0..2 {
            let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            value = value * 8 + digit;
            chars.next();
        }
        return value as u8;
    }
    match first {
        'n' => b'\n',
        't' => b'\t',
        'r' => b'\r',
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'v' => 11,
        'x' => {
            let mut value = 0u32;
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(16)) {
                value = (value * 16 + digit) & 0xff;
                chars.next();
            }
            value as u8
        }
        other => u8::try_from(u32::from(other)).unwrap_or(b'?'),
    }
}

#[cfg(test)]
mod tests {
    use super::{integer, unquote};

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        for (text, value) in [
            ("0", Some((0, false))),
            ("00", Some((0, false))),
            ("017", Some((15, false))),
            ("0x1F", Some((31, true))),
            ("10UL", Some((10, false))),
            ("1'000'000", Some((1_000_000, false))),
            ("0xABCD'EF", Some((0xab_cdef, true))),
            (
                "0x7fffffffffffffffffffff",
                Some((0x7f_ffff_ffff_ffff_ffff_ffff, true)),
            ),
            ("08", None),
            ("0x", None),
            ("1a", None),
            ("0x80000000000000000000000000000000", None),
        ] {
            assert_eq!(integer(text).ok(), value, "{text}");
        }
    }

    #[test]
    fn strings_are_read_as_c_reads_them() {
        for (text, latin1, bytes) in [
            (r#""a\n\\\"""#, false, &b"a\n\\\""[..]),
            (r#""\101\0\x41\e""#, false, b"A\0Ae"),
            ("\"\u{e9}\"", false, b"\xc3\xa9"),
            ("\"\u{e9}\"", true, b"\xe9"),
        ] {
            assert_eq!(unquote(text, latin1), bytes, "{text}");
        }
    }
}

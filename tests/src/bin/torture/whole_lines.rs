//! Files to which lines are appended by processes that are killed.

use std::fs::File;
use std::io::{self, Read};

/// Everything in the file up to its last whole line; what follows is cut off.
pub fn whole_lines(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        text.truncate(whole);
        file.set_len(whole as u64)?;
    }
    Ok(text)
}

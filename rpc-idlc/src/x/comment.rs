//! Comments of a `.x` file.

/// Comments are broken behind this many characters.
const WIDTH: usize = 100;

/// How wide the comments of a `.x` file may have been: rpcgen cuts lines at 1,024 bytes.
const LONGEST: usize = 1000;

/// A comment before what it is about, each line as it is if that is bearable, or broken if `narrow`.
pub(super) fn comment(indent: &str, lines: &[String], narrow: bool) -> String {
    let lines = wrapped(lines, if narrow { WIDTH } else { LONGEST });
    match &lines[..] {
        [] => String::new(),
        [line] => format!("{indent}/* {line} */\n"),
        _ => frame(indent, &lines),
    }
}

/// The same, always with lines of its own.
pub(super) fn block(indent: &str, lines: &[String]) -> String {
    frame(indent, &wrapped(lines, WIDTH))
}

fn frame(indent: &str, lines: &[String]) -> String {
    let mut text = format!("{indent}/*\n");
    for line in lines {
        text.push_str(format!("{indent} * {line}").trim_end());
        text.push('\n');
    }
    text + indent + " */\n"
}

/// What stands behind a declaration.
pub(super) fn remark(remark: &str) -> String {
    match remark.is_empty() {
        true => String::new(),
        false => format!(" /* {} */", clean(remark)),
    }
}

/// As much of a name as a line bears.
pub(super) fn cut(name: &str) -> String {
    name.chars().take(WIDTH).collect()
}

/// Text that cannot end the comment that it is in, nor go on in the next line.
fn clean(text: &str) -> String {
    let blank = |c: char| if c.is_control() && c != '\t' { ' ' } else { c };
    let text: String = text.chars().map(blank).collect();
    let text = text.replace("*/", "* /");
    text.trim().trim_end_matches('\\').to_owned()
}

/// Lines of a bearable length, broken between words, or within one if it is too long itself.
fn wrapped(lines: &[String], width: usize) -> Vec<String> {
    let mut wrapped = Vec::new();
    for line in lines {
        let mut rest = String::new();
        for word in clean(line).split(' ') {
            if rest.len() + word.len() >= width && !rest.trim().is_empty() {
                // What belongs to a point of a list stands below it.
                let indent = if line.starts_with("- ") { "  " } else { "" };
                wrapped.push(std::mem::replace(&mut rest, indent.to_owned()));
            } else if !rest.is_empty() {
                rest.push(' ');
            }
            for c in word.chars() {
                if rest.len() >= width {
                    wrapped.push(std::mem::take(&mut rest));
                }
                rest.push(c);
            }
        }
        wrapped.push(rest);
    }
    let bare = |line: String| line.trim_end_matches('\\').to_owned();
    wrapped.into_iter().map(bare).collect()
}

//! Comments of a `.x` file as documentation: what they were not written for, rustdoc would take for its own.

/// The lines of the comment, then what the name is in the file, if it is another one.
pub(super) fn of_x(lines: &[String], name: Option<String>) -> Vec<String> {
    let mut docs = in_lists(lines.iter().map(|line| plain(line)));
    let empty = |line: Option<&String>| line.is_some_and(|line| line.is_empty());
    while empty(docs.last()) {
        docs.pop();
    }
    while empty(docs.first()) {
        docs.remove(0);
    }
    if let Some(name) = name {
        if !docs.is_empty() {
            docs.push(String::new());
        }
        docs.push(format!(" {name} in the file."));
    }
    docs
}

/// Lines with those that go on with an item of a list indented as it is, which they would be part of anyway: clippy
/// wants that to be seen.
fn in_lists(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut indent = 0;
    let indented = lines.map(|line| {
        let markers = line.split_whitespace().take_while(|word| is_marker(word));
        let width = markers.map(|marker| marker.len() + 1).sum();
        if line.is_empty() || width > 0 {
            indent = width;
            return line;
        }
        format!("{}{line}", " ".repeat(indent))
    });
    indented.collect()
}

/// What begins an item of a list in Markdown.
fn is_marker(word: &str) -> bool {
    let number = word.strip_suffix(['.', ')']);
    let number =
        number.filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    matches!(word, "-" | "+" | "*") || number.is_some_and(|number| number.len() <= 9)
}

/// A line without what draws a frame, and without what would be a link, a tag, a quotation or a piece of code.
fn plain(line: &str) -> String {
    if !line.contains(char::is_alphanumeric) {
        return String::new();
    }
    let (mut plain, mut code) = (String::new(), false);
    for word in line.split_whitespace() {
        plain.push(' ');
        if word.starts_with("http://") || word.starts_with("https://") {
            plain.push_str(&format!("<{}>", word.trim_matches(['<', '>'])));
            continue;
        }
        for c in word.chars() {
            // Between the marks of a piece of code, every character is itself.
            code ^= c == '`';
            let quotes = c == '>' && plain.split_whitespace().all(is_marker);
            if (matches!(c, '[' | '<') || quotes) && !code {
                plain.push('\\');
            }
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stays_a_text() {
        let lines = [
            "/*******",
            "   if (a[i]) return;",
            "",
            " see http://a.b/c <d>",
            "***/",
        ];
        let lines = lines.map(str::to_owned);
        assert_eq!(
            of_x(&lines, Some("`d`".to_owned())),
            [
                " if (a\\[i]) return;",
                "",
                " see <http://a.b/c> \\<d>",
                "",
                " `d` in the file."
            ]
        );
    }

    #[test]
    fn what_goes_on_with_an_item_is_seen_to() {
        let lines = [
            "a", "1. b", "c", "- 2) d", "e", "", "f", "> g", "1990s", "- h", "i",
        ];
        let lines = lines.map(str::to_owned);
        assert_eq!(
            of_x(&lines, None),
            [
                " a", " 1. b", "    c", " - 2) d", "      e", "", " f", " \\> g", " 1990s", " - h",
                "   i"
            ]
        );
    }
}

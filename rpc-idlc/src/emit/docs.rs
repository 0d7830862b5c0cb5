//! Comments of a `.x` file as documentation: what they were not written for, rustdoc would take for its own.

/// The lines of the comment, then what the name is in the file, if it is another one.
pub(super) fn of_x(lines: &[String], name: Option<String>) -> Vec<String> {
    let mut docs: Vec<String> = lines.iter().map(|line| plain(line)).collect();
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

/// A line without what draws a frame, and without what would be a link, a tag or a piece of code.
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
            if matches!(c, '[' | '<') && !code {
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
}

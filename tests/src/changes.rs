// The rows of `changes.md`, for the build script and the test.

/// Two versions of a contract, and what `idlc diff` says of them.
#[derive(Debug)]
pub struct Row<'a> {
    /// What the row is called.
    pub name: &'a str,
    /// The old contract.
    pub old: String,
    /// The new one.
    pub new: String,
    /// What the page says that `idlc diff` says.
    pub said: &'a str,
}

/// All rows of the page.
pub fn changes(page: &str) -> Vec<Row<'_>> {
    let rows = page.split("\n## ").skip(1);
    rows.map(|row| {
        let block = |n: usize| {
            row.split("```")
                .nth(2 * n + 1)
                .and_then(|block| block.split_once('\n'))
        };
        let block = |n: usize| block(n).map_or("", |(_, text)| text);
        Row {
            name: row.lines().next().unwrap_or_default(),
            old: whole(block(0)),
            new: whole(block(1)),
            said: block(2),
        }
    })
    .collect()
}

/// With an interface, if it has none.
fn whole(contract: &str) -> String {
    let row = "interface Row { program 0x20000200; version 1; call(value: V) -> V = 1; }\n";
    match contract.contains("interface ") {
        true => contract.to_owned(),
        false => format!("{contract}\n{row}"),
    }
}

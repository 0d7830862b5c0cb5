//! Names in Rust's casing.

/// `snake_case`, for fields, arguments and methods; keywords are escaped.
pub(crate) fn snake(name: &str) -> String {
    let snake = split(name).join("_").to_ascii_lowercase();
    escape(guard(snake, name))
}

/// `snake_case`, for modules; the crates that generated code names by their roots stay what they are.
pub(crate) fn module_name(name: &str) -> String {
    let name = snake(name);
    match name.as_str() {
        "std" | "core" | "alloc" | "rpc_core" => name + "_",
        _ => name,
    }
}

/// `CamelCase`, for types and variants.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in split(name) {
        // `V1_2` must not become `V12`.
        let digits = camel.ends_with(|c: char| c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_digit());
        if digits {
            camel.push('_');
        }
        let (first, rest) = word.split_at(1);
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(&rest.to_ascii_lowercase());
    }
    escape(guard(camel, name))
}

/// `SCREAMING_CASE`, for constants.
pub(crate) fn screaming(name: &str) -> String {
    guard(split(name).join("_").to_ascii_uppercase(), name)
}

/// The words of a name, in lower case: for messages.
pub(crate) fn words(name: &str) -> String {
    split(name).join(" ").to_ascii_lowercase()
}

/// Cuts at underscores and where a capital begins a word: `HTTPServerV2` is HTTP, Server, V2.
pub(crate) fn split(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in name.split('_').filter(|part| !part.is_empty()) {
        let bytes = part.as_bytes();
        let mut start = 0;
        for i in 1..bytes.len() {
            let after_lower = !bytes[i - 1].is_ascii_uppercase();
            let before_lower = bytes.get(i + 1).is_some_and(u8::is_ascii_lowercase);
            if bytes[i].is_ascii_uppercase() && (after_lower || before_lower) {
                words.push(&part[start..i]);
                start = i;
            }
        }
        words.push(&part[start..]);
    }
    words
}

/// A name must not begin with a digit: `_2nd` keeps its underscore.
fn guard(cased: String, name: &str) -> String {
    match cased.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{cased}"),
        // Nothing can be called `_` in Rust.
        false if cased.is_empty() && name == "_" => "__".to_owned(),
        false if cased.is_empty() => name.to_owned(),
        false => cased,
    }
}

/// Rust's keywords, those of later editions among them.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The keywords that `r#` cannot make a name of.
const NEVER_RAW: [&str; 4] = ["self", "Self", "super", "crate"];

fn escape(name: String) -> String {
    match name.as_str() {
        word if NEVER_RAW.contains(&word) => format!("{name}_"),
        word if KEYWORDS.contains(&word) => format!("r#{name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_casing_of_rust() {
        for (name, camel_name, snake_name, screaming_name) in [
            ("AccountId", "AccountId", "account_id", "ACCOUNT_ID"),
            ("account_id", "AccountId", "account_id", "ACCOUNT_ID"),
            ("MAX_NOTE", "MaxNote", "max_note", "MAX_NOTE"),
            ("HTTPServer", "HttpServer", "http_server", "HTTP_SERVER"),
            ("EUR", "Eur", "eur", "EUR"),
            ("sha256Sum", "Sha256Sum", "sha256_sum", "SHA256_SUM"),
            ("v1_2", "V1_2", "v1_2", "V1_2"),
            ("type", "Type", "r#type", "TYPE"),
            ("self", "Self_", "self_", "SELF"),
            ("_2nd", "_2nd", "_2nd", "_2ND"),
            ("x__y_", "XY", "x_y", "X_Y"),
            ("_", "__", "__", "__"),
        ] {
            assert_eq!(camel(name), camel_name);
            assert_eq!(snake(name), snake_name);
            assert_eq!(screaming(name), screaming_name);
        }
    }
}

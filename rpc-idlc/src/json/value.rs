//! JSON, as far as it is written here.

use std::fmt::{self, Display, Formatter};

/// A value. Objects keep the order in which they are made.
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(&'static str, Value)>),
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }

    pub(super) fn list(values: impl IntoIterator<Item = Value>) -> Self {
        Value::List(values.into_iter().collect())
    }

    fn write(&self, f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Text(text) => f.write_str(&crate::diag::quoted(text)),
            Value::List(values) => {
                let values = values.iter().map(|value| (None, value)).collect();
                group(f, depth, ("[", "]"), values)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (Some(*name), value));
                group(f, depth, ("{", "}"), members.collect())
            }
        }
    }
}

/// One value to a line, unless there is none.
fn group(
    f: &mut Formatter<'_>,
    depth: usize,
    (open, close): (&str, &str),
    values: Vec<(Option<&str>, &Value)>,
) -> fmt::Result {
    f.write_str(open)?;
    let last = values.len();
    for (at, (name, value)) in values.into_iter().enumerate() {
        write!(f, "\n{:1$}", "", 2 * (depth + 1))?;
        if let Some(name) = name {
            write!(f, "\"{name}\": ")?;
        }
        value.write(f, depth + 1)?;
        if at + 1 < last {
            f.write_str(",")?;
        }
    }
    if last > 0 {
        write!(f, "\n{:1$}", "", 2 * depth)?;
    }
    f.write_str(close)
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

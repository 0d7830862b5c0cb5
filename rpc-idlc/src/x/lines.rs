//! Definitions as one of those who read the file has them, in pieces that go together: a member with its comment.

use super::comment::{comment, cut, remark};
use super::programs::{Procedure, Program, Version};
use super::tree::{Arm, Base, Body, Declaration, Def, Label, Shape, Union, Value};

/// `rpcgen`, or `idlc`, which has more words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Rpcgen,
    Idlc,
}

pub(super) struct Lines<'w> {
    pub(super) defs: &'w [Def],
    /// By definition: stands above.
    pub(super) written: &'w [bool],
    /// Comments are broken.
    pub(super) narrow: bool,
    pub(super) reader: Reader,
}

impl Lines<'_> {
    pub(super) fn definition(&self, def: &Def) -> Vec<String> {
        if def.only_c && self.reader == Reader::Idlc {
            return Vec::new();
        }
        let docs = self.comment("", &def.docs);
        let name = &def.name;
        let one = |line: String| vec![docs.clone() + &line];
        match &def.body {
            Body::Nothing => one(String::new()),
            Body::Const(value) => one(format!("const {name} = {value};\n")),
            Body::Define(value) => one(define(name, value)),
            Body::Typedef(declaration) => {
                let behind = remark(&declaration.remark);
                one(format!(
                    "typedef {};{behind}\n",
                    self.declaration(declaration)
                ))
            }
            Body::Struct(fields) if fields.is_empty() && self.reader == Reader::Rpcgen => {
                vec![empty(name)]
            }
            Body::Struct(fields) => {
                let fields = fields.iter().map(|field| self.member("\t", field));
                braced(docs, format!("struct {name}"), fields)
            }
            Body::Enum(values) => {
                let last = values.len().saturating_sub(1);
                let values = values.iter().enumerate();
                let values = values.map(|(n, value)| self.value(value, n == last));
                braced(docs, format!("enum {name}"), values)
            }
            Body::Union(union) => self.union(docs, name, union),
            Body::Boxed(base) => vec![docs + &boxed(name, &self.base(base, true))],
        }
    }

    fn value(&self, value: &Value, last: bool) -> String {
        let comma = if last { "" } else { "," };
        let docs = self.comment("\t", &value.docs);
        format!("{docs}\t{} = {}{comma}\n", value.name, value.number)
    }

    fn union(&self, docs: String, name: &str, union: &Union) -> Vec<String> {
        let (base, discriminant) = &union.switch;
        let switch = format!("{} {discriminant}", self.base(base, false));
        // rpcgen takes a default arm at the end only.
        let (last, first): (Vec<&Arm>, Vec<&Arm>) =
            union.arms.iter().partition(|arm| arm.labels.is_none());
        match (self.reader, &first[..], &last[..]) {
            // It takes no union of nothing but that; what it holds follows the number anyway.
            (Reader::Rpcgen, [], [default]) => {
                let value = default.value.iter().map(|value| self.member("\t", value));
                let members = std::iter::once(format!("\t{switch};\n")).chain(value);
                vec![braced(docs, format!("struct {name}"), members).concat()]
            }
            (_, [], _) => {
                let arms = last.into_iter().map(|arm| self.arm(arm));
                vec![braced(docs, format!("union {name} switch ({switch})"), arms).concat()]
            }
            _ => {
                let arms = first.into_iter().chain(last).map(|arm| self.arm(arm));
                braced(docs, format!("union {name} switch ({switch})"), arms)
            }
        }
    }

    fn arm(&self, arm: &Arm) -> String {
        let mut text = match &arm.labels {
            Some(labels) => labels.iter().map(|label| self.label(label)).collect(),
            None => "default:\n".to_owned(),
        };
        match &arm.value {
            Some(value) => {
                text += &self.comment("\t", &arm.docs);
                text += &self.member("\t", value);
            }
            None => {
                let name = arm.docs.last().filter(|name| !name.is_empty());
                let name = name.map(|name| format!(" /* {} */", cut(name)));
                let docs = arm.docs.split_last().map(|(_, docs)| docs);
                text += &self.comment("\t", docs.unwrap_or_default());
                text += &format!("\tvoid;{}\n", name.unwrap_or_default());
            }
        }
        text
    }

    fn label(&self, label: &Label) -> String {
        match self.reader {
            Reader::Rpcgen => format!("case {}:\n", label.c),
            Reader::Idlc => format!("case {}:\n", label.own),
        }
    }

    fn member(&self, indent: &str, declaration: &Declaration) -> String {
        let docs = self.comment(indent, &declaration.docs);
        let behind = remark(&declaration.remark);
        format!("{docs}{indent}{};{behind}\n", self.declaration(declaration))
    }

    fn declaration(&self, declaration: &Declaration) -> String {
        let (base, shape) = self.said(declaration);
        let (base, name) = (self.base(base, true), &declaration.name);
        match shape {
            Shape::Plain => format!("{base} {name}"),
            Shape::Fixed(lengths) => format!("{base} {name}[{}]", lengths.join("][")),
            Shape::List(max) => format!("{base} {name}<{max}>"),
            Shape::Optional => format!("{base} *{name}"),
        }
    }

    fn said<'d>(&self, declaration: &'d Declaration) -> (&'d Base, &'d Shape) {
        match (&declaration.own, self.reader) {
            (Some((base, shape)), Reader::Idlc) => (base, shape),
            _ => (&declaration.base, &declaration.shape),
        }
    }

    /// A type by its name; as a `struct` if C has not seen it yet, or has no other name for it.
    fn base(&self, base: &Base, ahead: bool) -> String {
        match base {
            Base::Word(word) => (*word).to_owned(),
            Base::Def(id) => {
                let def = &self.defs[*id];
                let is_ahead = def.in_headers || ahead && !self.written[*id];
                match is_ahead && def.is_tagged() {
                    true => format!("struct {}", def.name),
                    false => def.name.clone(),
                }
            }
        }
    }

    pub(super) fn program(&self, program: &Program<'_>) -> Vec<String> {
        let mut pieces = vec![format!("program {} {{\n", program.name)];
        for version in &program.versions {
            self.version(version, &mut pieces);
        }
        pieces.push(format!("}} = {:#x};\n", program.number));
        pieces
    }

    fn version(&self, version: &Version<'_>, pieces: &mut Vec<String>) {
        let docs = self.comment("\t", &version.docs);
        pieces.push(format!("{docs}\tversion {} {{\n", version.name));
        pieces.extend(version.procedures.iter().map(|of| self.procedure(of)));
        if version.procedures.is_empty() {
            // rpcgen takes no version without a procedure; this one is in each anyway.
            pieces.push(format!("\t\tvoid {}_NULL(void) = 0;\n", version.name));
        }
        pieces.push(format!("\t}} = {};\n", version.number));
    }

    fn procedure(&self, procedure: &Procedure<'_>) -> String {
        let docs = self.comment("\t\t", &procedure.docs);
        let arguments: Vec<String> = procedure.arguments.iter().map(|a| self.word(a)).collect();
        let arguments = match arguments.is_empty() {
            true => "void".to_owned(),
            false => arguments.join(", "),
        };
        let result = match &procedure.result {
            Some(result) => self.word(result),
            None => "void".to_owned(),
        };
        // A pointer's star stands at the name.
        let result = match result.strip_suffix('*') {
            Some(to) => format!("{to} *"),
            None => result + " ",
        };
        let (name, number) = (&procedure.name, procedure.method.procedure);
        format!("{docs}\t\t{result}{name}({arguments}) = {number};\n")
    }

    /// An argument or a result, which may have no name.
    fn word(&self, declaration: &Declaration) -> String {
        let (base, shape) = self.said(declaration);
        let base = self.base(base, false);
        let (before, behind) = match shape {
            Shape::Plain => ("", String::new()),
            Shape::Fixed(lengths) => ("", format!("[{}]", lengths.join("]["))),
            Shape::List(max) => ("", format!("<{max}>")),
            Shape::Optional => ("*", String::new()),
        };
        match declaration.name.is_empty() {
            true => format!("{base}{before}{behind}"),
            false => format!("{base} {before}{}{behind}", declaration.name),
        }
    }

    fn comment(&self, indent: &str, lines: &[String]) -> String {
        comment(indent, lines, self.narrow)
    }
}

fn braced(docs: String, head: String, members: impl Iterator<Item = String>) -> Vec<String> {
    let head = std::iter::once(format!("{docs}{head} {{\n"));
    head.chain(members).chain(["};\n".to_owned()]).collect()
}

/// A macro, each line of a long one its own, and a name for all of them.
fn define(name: &str, value: &str) -> String {
    let pieces: Vec<&str> = value.lines().collect();
    if let [value] = pieces[..] {
        return format!("%#define {name} {value}\n");
    }
    // The first stands for all, each for itself and those behind it.
    let lines = pieces.iter().enumerate().rev().map(|(n, piece)| {
        let own = match n {
            0 => name.to_owned(),
            _ => format!("{name}_part{n}"),
        };
        let rest = match n + 1 < pieces.len() {
            true => format!(" {name}_part{}", n + 1),
            false => String::new(),
        };
        format!("%#define {own} {piece}{rest}\n")
    });
    lines.collect()
}

/// C has it as a pointer, of which nothing is on the wire.
fn boxed(name: &str, base: &str) -> String {
    let of = base.trim_start_matches("struct ");
    let declared = format!("%typedef {base} *{name};\n");
    let body = format!(
        "return xdr_reference(xdrs, (char **)objp, sizeof ({base}),\n%\t\t(xdrproc_t)xdr_{of});"
    );
    by_hand(name, &declared, &body)
}

/// C has no struct without fields; this one has one that is not sent.
fn empty(name: &str) -> String {
    let declared = format!("%typedef struct {name} {{ char none; }} {name};\n");
    by_hand(name, &declared, "return TRUE;")
}

/// A type that rpcgen has no words for, with the body of what sends it.
fn by_hand(name: &str, declared: &str, body: &str) -> String {
    format!(
        "#ifdef RPC_HDR\n\
         {declared}\
         %extern bool_t xdr_{name}(XDR *, {name} *);\n\
         #endif\n\
         #ifdef RPC_XDR\n\
         %\n\
         %bool_t xdr_{name}(XDR *xdrs, {name} *objp)\n\
         %{{\n\
         %\t{body}\n\
         %}}\n\
         #endif\n"
    )
}

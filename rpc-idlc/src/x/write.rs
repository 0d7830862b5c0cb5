//! The text of a `.x` file.

use super::programs::{Procedure, Program, Version};
use super::tree::{Arm, Base, Body, Declaration, Def, DefId, Shape, Union};

/// Comments are broken behind this many characters: rpcgen cuts lines at 1,024 bytes.
const WIDTH: usize = 100;

pub(super) struct Writer<'a> {
    defs: &'a [Def],
    /// By definition: stands above, so that C knows it.
    written: Vec<bool>,
    text: String,
}

impl<'a> Writer<'a> {
    pub(super) fn new(defs: &'a [Def], head: &[String]) -> Self {
        let mut writer = Writer {
            defs,
            written: vec![false; defs.len()],
            text: String::new(),
        };
        writer.block("", head);
        writer
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    pub(super) fn definition(&mut self, id: DefId) {
        let def = &self.defs[id];
        if matches!(def.body, Body::Nothing) && def.docs.is_empty() {
            return;
        }
        self.text.push('\n');
        self.comment("", &def.docs);
        let name = &def.name;
        match &def.body {
            Body::Nothing => {}
            Body::Const(value) => self.line(format!("const {name} = {value};")),
            Body::Define(value) => self.define(name, value),
            Body::Typedef(declaration) => {
                let line = format!("typedef {};", self.declaration(declaration));
                self.line(line + &remark(declaration));
            }
            Body::Struct(fields) => {
                self.line(format!("struct {name} {{"));
                fields.iter().for_each(|field| self.member("\t", field));
                self.line("};".to_owned());
            }
            Body::Enum(values) => self.enumeration(name, values),
            Body::Union(union) => self.union(name, union),
            Body::Boxed(base) => self.boxed(name, base),
        }
        self.written[id] = true;
    }

    /// A macro, each line of a long one its own, and a name for all of them.
    fn define(&mut self, name: &str, value: &str) {
        let pieces: Vec<&str> = value.lines().collect();
        if let [value] = pieces[..] {
            return self.line(format!("%#define {name} {value}"));
        }
        // The first stands for all, each for itself and those behind it.
        for (n, piece) in pieces.iter().enumerate().rev() {
            let own = if n == 0 {
                name.to_owned()
            } else {
                format!("{name}_part{n}")
            };
            let rest = match n + 1 < pieces.len() {
                true => format!(" {name}_part{}", n + 1),
                false => String::new(),
            };
            self.line(format!("%#define {own} {piece}{rest}"));
        }
    }

    fn enumeration(&mut self, name: &str, values: &[(Vec<String>, String, i32)]) {
        self.line(format!("enum {name} {{"));
        for (n, (docs, value, number)) in values.iter().enumerate() {
            self.comment("\t", docs);
            let comma = if n + 1 < values.len() { "," } else { "" };
            self.line(format!("\t{value} = {number}{comma}"));
        }
        self.line("};".to_owned());
    }

    fn union(&mut self, name: &str, union: &Union) {
        let (base, discriminant) = &union.switch;
        let switch = format!("{} {discriminant}", self.base(base, false));
        self.line(format!("union {name} switch ({switch}) {{"));
        // rpcgen takes a default arm at the end only.
        let (last, first): (Vec<&Arm>, Vec<&Arm>) =
            union.arms.iter().partition(|arm| arm.labels.is_none());
        first.into_iter().chain(last).for_each(|arm| self.arm(arm));
        self.line("};".to_owned());
    }

    fn arm(&mut self, arm: &Arm) {
        match &arm.labels {
            Some(labels) => labels
                .iter()
                .for_each(|label| self.line(format!("case {label}:"))),
            None => self.line("default:".to_owned()),
        }
        match &arm.value {
            Some(value) => {
                self.comment("\t", &arm.docs);
                self.member("\t", value);
            }
            None => {
                let name = arm.docs.last().filter(|name| !name.is_empty());
                let name = name.map(|name| format!(" /* {} */", cut(name)));
                let docs = arm
                    .docs
                    .split_last()
                    .map(|(_, docs)| docs)
                    .unwrap_or_default();
                self.comment("\t", docs);
                self.line(format!("\tvoid;{}", name.unwrap_or_default()));
            }
        }
    }

    /// C has it as a pointer, of which nothing is on the wire.
    fn boxed(&mut self, name: &str, base: &Base) {
        let base = self.base(base, true);
        for line in [
            "#ifdef RPC_HDR".to_owned(),
            format!("%typedef {base} *{name};"),
            format!("%extern bool_t xdr_{name}(XDR *, {name} *);"),
            "#endif".to_owned(),
            "#ifdef RPC_XDR".to_owned(),
            "%".to_owned(),
            format!("%bool_t xdr_{name}(XDR *xdrs, {name} *objp)"),
            "%{".to_owned(),
            format!("%\treturn xdr_reference(xdrs, (char **)objp, sizeof ({base}),"),
            format!(
                "%\t\t(xdrproc_t)xdr_{});",
                base.trim_start_matches("struct ")
            ),
            "%}".to_owned(),
            "#endif".to_owned(),
        ] {
            self.line(line);
        }
    }

    fn member(&mut self, indent: &str, declaration: &Declaration) {
        self.comment(indent, &declaration.docs);
        let line = format!("{indent}{};", self.declaration(declaration));
        self.line(line + &remark(declaration));
    }

    fn declaration(&self, declaration: &Declaration) -> String {
        let Declaration {
            name, shape, base, ..
        } = declaration;
        let base = self.base(base, true);
        match shape {
            Shape::Plain => format!("{base} {name}"),
            Shape::Fixed(length) => format!("{base} {name}[{length}]"),
            Shape::List(max) => format!("{base} {name}<{max}>"),
            Shape::Optional => format!("{base} *{name}"),
        }
    }

    /// A type by its name; as a `struct` if C has not seen it yet.
    fn base(&self, base: &Base, ahead: bool) -> String {
        match base {
            Base::Word(word) => (*word).to_owned(),
            Base::Def(id) => {
                let def = &self.defs[*id];
                match ahead && def.is_tagged() && !self.written[*id] {
                    true => format!("struct {}", def.name),
                    false => def.name.clone(),
                }
            }
        }
    }

    pub(super) fn program(&mut self, program: &Program<'_>) {
        self.text.push('\n');
        self.line(format!("program {} {{", program.name));
        for version in &program.versions {
            self.version(version);
        }
        self.line(format!("}} = {:#x};", program.number));
    }

    fn version(&mut self, version: &Version<'_>) {
        self.comment("\t", &version.docs);
        self.line(format!("\tversion {} {{", version.name));
        for procedure in &version.procedures {
            self.procedure(procedure);
        }
        if version.procedures.is_empty() {
            // rpcgen takes no version without a procedure; this one is in each anyway.
            self.line(format!("\t\tvoid {}_NULL(void) = 0;", version.name));
        }
        self.line(format!("\t}} = {};", version.number));
    }

    fn procedure(&mut self, procedure: &Procedure<'_>) {
        self.comment("\t\t", &procedure.docs);
        let word = |base: &Option<Base>| match base {
            Some(base) => self.base(base, false),
            None => "void".to_owned(),
        };
        let arguments =
            procedure
                .arguments
                .iter()
                .map(|(base, name)| match (self.base(base, false), name) {
                    (base, Some(name)) => format!("{base} {name}"),
                    (base, None) => base,
                });
        let arguments = match procedure.arguments.is_empty() {
            true => "void".to_owned(),
            false => arguments.collect::<Vec<_>>().join(", "),
        };
        let result = word(&procedure.result);
        let (name, number) = (&procedure.name, procedure.method.procedure);
        self.line(format!("\t\t{result} {name}({arguments}) = {number};"));
    }

    fn line(&mut self, line: String) {
        self.text.push_str(&line);
        self.text.push('\n');
    }

    fn comment(&mut self, indent: &str, lines: &[String]) {
        let lines = wrapped(lines);
        match &lines[..] {
            [] => {}
            [line] => self.line(format!("{indent}/* {line} */")),
            _ => self.block(indent, &lines),
        }
    }

    fn block(&mut self, indent: &str, lines: &[String]) {
        self.line(format!("{indent}/*"));
        for line in wrapped(lines) {
            let line = format!("{indent} * {line}");
            self.line(line.trim_end().to_owned());
        }
        self.line(format!("{indent} */"));
    }
}

fn remark(declaration: &Declaration) -> String {
    match declaration.remark.is_empty() {
        true => String::new(),
        false => format!(" /* {} */", clean(&declaration.remark)),
    }
}

/// As much of a name as a line bears.
fn cut(name: &str) -> String {
    name.chars().take(WIDTH).collect()
}

/// Text that cannot end the comment that it is in, nor go on in the next line.
fn clean(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = text.replace("*/", "* /").replace("/*", "/ *");
    text.trim().trim_end_matches('\\').to_owned()
}

/// Lines of a bearable length, broken between words, or within one if it is too long itself.
fn wrapped(lines: &[String]) -> Vec<String> {
    let mut wrapped = Vec::new();
    for line in lines {
        let mut rest = String::new();
        for word in clean(line).split(' ') {
            if rest.len() + word.len() >= WIDTH && !rest.trim().is_empty() {
                // What belongs to a point of a list stands below it.
                let indent = if line.starts_with("- ") { "  " } else { "" };
                wrapped.push(std::mem::replace(&mut rest, indent.to_owned()));
            } else if !rest.is_empty() {
                rest.push(' ');
            }
            for c in word.chars() {
                if rest.len() >= WIDTH {
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

//! The text of a `.x` file: what `rpcgen` and `idlc` both read, and what only one of them does.

use super::comment::block;
use super::lines::{Lines, Reader};
use super::programs::Program;
use super::tree::{Body, Def, DefId};
use std::collections::BTreeMap;

pub(super) struct Writer<'a> {
    defs: &'a [Def],
    /// Whether the contract is a `.x` file, whose comments are as wide as they are.
    is_x: bool,
    /// By definition: stands above, so that C knows it.
    written: Vec<bool>,
    text: String,
}

impl<'a> Writer<'a> {
    pub(super) fn new(defs: &'a [Def], head: &[String], is_x: bool) -> Self {
        Writer {
            defs,
            is_x,
            written: vec![false; defs.len()],
            text: block("", head),
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// The names that are others in C, for those who need not care about C.
    pub(super) fn replaced(&mut self, replaced: &BTreeMap<String, String>) {
        let lines = replaced
            .iter()
            .map(|(c, own)| format!("#define {c} {own}\n"));
        self.put(&lines.collect::<Vec<_>>(), &[]);
    }

    pub(super) fn definition(&mut self, id: DefId) {
        let def = &self.defs[id];
        if def.in_headers || matches!(def.body, Body::Nothing) && def.docs.is_empty() {
            return;
        }
        let own = self.lines(Reader::Idlc).definition(def);
        let c = self.lines(Reader::Rpcgen).definition(def);
        self.put(&own, &c);
        self.written[id] = true;
    }

    pub(super) fn program(&mut self, program: &Program<'_>) {
        let own = self.lines(Reader::Idlc).program(program);
        let c = self.lines(Reader::Rpcgen).program(program);
        self.put(&own, &c);
    }

    fn lines(&self, reader: Reader) -> Lines<'_> {
        Lines {
            defs: self.defs,
            written: &self.written,
            narrow: !self.is_x,
            reader,
        }
    }

    /// A definition in pieces: what differs stands in an `#ifdef`, all else once.
    fn put(&mut self, own: &[String], c: &[String]) {
        if own.is_empty() && c.is_empty() {
            return;
        }
        let same = |(own, c): &(&String, &String)| own == c;
        let head = own.iter().zip(c).take_while(same).count();
        let (own_rest, c_rest) = (&own[head..], &c[head..]);
        let backwards = own_rest.iter().rev().zip(c_rest.iter().rev());
        let tail = backwards.take_while(same).count();
        let own_only = own_rest[..own_rest.len() - tail].concat();
        let c_only = c_rest[..c_rest.len() - tail].concat();
        self.text.push('\n');
        self.text.push_str(&own[..head].concat());
        self.text
            .push_str(&match (own_only.is_empty(), c_only.is_empty()) {
                (true, true) => String::new(),
                (false, true) => format!("#ifdef IDLC\n{own_only}#endif\n"),
                (true, false) => format!("#ifndef IDLC\n{c_only}#endif\n"),
                (false, false) => format!("#ifdef IDLC\n{own_only}#else\n{c_only}#endif\n"),
            });
        self.text.push_str(&own[own.len() - tail..].concat());
    }
}

//! Which definition a name means, in the file where it stands.

use super::Checker;
use crate::ast;
use crate::diag::Diagnostic;
use crate::model::{ItemId, Namespace};
use crate::source::{FileId, Span};
use crate::suggest::closest;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};

/// One file, and what it imports. It may name what it defines, and what these define and import.
pub(crate) struct Part<'a> {
    pub(crate) id: FileId,
    pub(crate) file: &'a ast::File,
    pub(crate) imports: Vec<FileId>,
}

/// All definitions of some files, and what they are called from where.
pub(super) struct Scope<'a> {
    pub(super) items: Vec<&'a ast::Item>,
    /// By item: its namespace.
    pub(super) of: Vec<usize>,
    /// The first is that of the files that name none.
    pub(super) namespaces: Vec<Namespace>,
    numbers: HashMap<&'a str, usize>,
    /// The namespace of each file, and its imports.
    files: HashMap<FileId, (usize, &'a [FileId])>,
    /// What was found out about who sees whom.
    seen: RefCell<HashMap<(FileId, FileId), bool>>,
    /// By namespace and name; the first of two counts.
    names: HashMap<(usize, &'a str), ItemId>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(parts: &'a [Part<'a>]) -> Self {
        let mut scope = Scope {
            items: Vec::new(),
            of: Vec::new(),
            namespaces: vec![Namespace::default()],
            numbers: HashMap::from([("", 0)]),
            files: HashMap::new(),
            seen: RefCell::default(),
            names: HashMap::new(),
        };
        for part in parts {
            let number = scope.number(part.file.namespace.as_ref());
            scope
                .files
                .insert(part.id, (number, part.imports.as_slice()));
            for item in &part.file.items {
                let id = scope.items.len();
                scope.names.entry((number, &item.name.text)).or_insert(id);
                scope.items.push(item);
                scope.of.push(number);
            }
        }
        scope
    }

    fn number(&mut self, namespace: Option<&'a ast::Namespace>) -> usize {
        let Some(namespace) = namespace else { return 0 };
        let next = self.namespaces.len();
        let number = *self.numbers.entry(&namespace.name.text).or_insert(next);
        if number == next {
            self.namespaces.push(Namespace {
                name: namespace.name.text.clone(),
                docs: Vec::new(),
            });
        }
        self.namespaces[number]
            .docs
            .extend(namespace.docs.iter().cloned());
        number
    }

    /// What a name means at `from`: a definition of the same namespace, or one without a namespace,
    /// or, in full, one of another namespace. The file has to import it.
    pub(super) fn find(&self, name: &str, from: Span) -> Option<ItemId> {
        self.all(name, from).find(|&id| self.sees(from, id))
    }

    /// The same, if only the file imported it.
    fn find_hidden(&self, name: &str, from: Span) -> Option<ItemId> {
        self.all(name, from).next()
    }

    fn all(&self, name: &str, from: Span) -> impl Iterator<Item = ItemId> {
        let own = self.files.get(&from.file).map_or(0, |(number, _)| *number);
        let (namespaces, name) = match name.rsplit_once('.') {
            Some((namespace, name)) => (vec![self.numbers.get(namespace).copied()], name),
            None => (vec![Some(own), Some(0)], name),
        };
        let found = namespaces.into_iter().flatten();
        let found = found.filter_map(|number| self.names.get(&(number, name)).copied());
        found.collect::<Vec<_>>().into_iter()
    }

    /// Mostly it is the file itself, or what that imports: so the nearest files are looked at first, and a long chain of
    /// imports is not followed to its end for each file in it.
    fn sees(&self, from: Span, id: ItemId) -> bool {
        let (from, file) = (from.file, self.items[id].name.span.file);
        let mut seen = self.seen.borrow_mut();
        let seen = seen.entry((from, file));
        *seen.or_insert_with(|| self.reached(from).any(|reached| reached == file))
    }

    /// A file and those that it imports, directly or not, the nearest first.
    fn reached(&self, from: FileId) -> impl Iterator<Item = FileId> {
        let mut met = HashSet::from([from]);
        let mut next = VecDeque::from([from]);
        std::iter::from_fn(move || {
            let file = next.pop_front()?;
            let imports = self
                .files
                .get(&file)
                .map_or(&[][..], |(_, imports)| imports);
            next.extend(imports.iter().filter(|import| met.insert(**import)));
            Some(file)
        })
    }

    /// The first definition of the same name in the same namespace.
    pub(super) fn first(&self, id: ItemId) -> Option<ItemId> {
        let name = self.items[id].name.text.as_str();
        self.names.get(&(self.of[id], name)).copied()
    }

    /// How a definition is written at `from`.
    fn written(&self, id: ItemId, from: Span) -> String {
        let (name, number) = (&self.items[id].name.text, self.of[id]);
        let own = self.files.get(&from.file).map_or(0, |(number, _)| *number);
        match number == 0 || number == own {
            true => name.clone(),
            false => format!("{}.{name}", self.namespaces[number].name),
        }
    }
}

impl Checker<'_> {
    /// Adds to the message about a name that means nothing at `from` what was most likely meant: a
    /// definition that fits, or one of some other words.
    pub(super) fn suggest(
        &self,
        problem: Diagnostic,
        (name, from): (&str, Span),
        fits: impl Fn(&ast::ItemKind) -> bool,
        others: &[&str],
    ) -> Diagnostic {
        if !self.diags.has_room() {
            return problem;
        }
        if let Some(id) = self.scope.find_hidden(name, from) {
            let span = self.scope.items[id].name.span;
            return problem
                .also(span, "it is here")
                .help("import the file that defines it");
        }
        let reached: HashSet<FileId> = self.scope.reached(from.file).collect();
        let visible = (0..self.scope.items.len()).filter(|&id| {
            let item = self.scope.items[id];
            fits(&item.kind) && reached.contains(&item.name.span.file)
        });
        let written: Vec<String> = visible.map(|id| self.scope.written(id, from)).collect();
        let last = name.rsplit('.').next().unwrap_or(name);
        let elsewhere = |full: &&String| full.rsplit_once('.').is_some_and(|(_, end)| end == last);
        let near = written.iter().find(elsewhere).map(String::as_str);
        let words = written
            .iter()
            .map(String::as_str)
            .chain(others.iter().copied());
        problem.meant(near.or_else(|| closest(name, words)))
    }
}

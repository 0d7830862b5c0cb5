//! From the files that were named to all files that they are made of.

use crate::ast;
use crate::check::Part;
use crate::compiler::Error;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, MAX_BYTES, Sources};
use crate::{files, idl};
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

/// Reads files, each once, and follows what they import.
pub(crate) struct Loader<'a> {
    /// Where to look for imports that are not beside the file that names them.
    includes: &'a [PathBuf],
    /// Texts that stand for files.
    texts: HashMap<PathBuf, &'a str>,
    pub(crate) sources: Sources,
    files: Vec<Loaded>,
    /// By canonical path, so that no symbolic link and no `..` makes two files of one.
    known: HashMap<PathBuf, usize>,
    pub(crate) diags: Diagnostics,
    /// The `.x` files that were read, which are not for this loader.
    pub(crate) included: Vec<PathBuf>,
}

struct Loaded {
    id: FileId,
    path: PathBuf,
    /// It is on the disk.
    on_disk: bool,
    file: ast::File,
    imports: Vec<usize>,
    /// Not all of it could be read, or found.
    broken: bool,
}

/// A file with all that it imports, itself first.
pub(crate) struct Unit<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) broken: bool,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(includes: &'a [PathBuf], inputs: &'a [(PathBuf, Option<String>)]) -> Self {
        let texts = inputs.iter().filter_map(|(path, text)| {
            let text = text.as_deref()?;
            Some((tidy(path), text))
        });
        Loader {
            includes,
            texts: texts.collect(),
            sources: Sources::default(),
            files: Vec::new(),
            known: HashMap::new(),
            diags: Diagnostics::default(),
            included: Vec::new(),
        }
    }

    /// Reads a file, or takes a text, and all that it imports. Mistakes are in [`Self::diags`].
    pub(crate) fn root(&mut self, path: &Path, text: Option<&str>) -> Result<usize, Error> {
        let key = match text {
            Some(_) => tidy(path),
            None => canonical(path),
        };
        if let Some(&known) = self.known.get(&key) {
            return Ok(known);
        }
        let bytes = match text {
            Some(text) => text.as_bytes().to_vec(),
            None => files::input(path)?,
        };
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge {
                path: path.to_owned(),
            });
        }
        let root = self.add(key, path, bytes, text.is_none());
        self.follow(root);
        Ok(root)
    }

    /// The files on the disk that were read so far.
    pub(crate) fn read(&self) -> impl Iterator<Item = &Path> {
        let on_disk = self.files.iter().filter(|file| file.on_disk);
        let included = self.included.iter().map(PathBuf::as_path);
        on_disk.map(|file| file.path.as_path()).chain(included)
    }

    fn add(&mut self, key: PathBuf, path: &Path, bytes: Vec<u8>, on_disk: bool) -> usize {
        // Each file is judged by itself: mistakes in one do not hide those in the next.
        let mut own = Diagnostics::default();
        let id = self.sources.add(path, bytes, &mut own);
        // In what is not even text, each further mistake would only hide that one.
        let file = match own.count() {
            0 if self.is_piped_x(id, path, &mut own) => ast::File::default(),
            0 => idl::parse(id, &self.sources.get(id).text, &mut own),
            _ => ast::File::default(),
        };
        let broken = own.count() > 0;
        self.diags.append(own);
        self.files.push(Loaded {
            id,
            path: path.to_owned(),
            on_disk,
            file,
            imports: Vec::new(),
            broken,
        });
        self.known.insert(key, self.files.len() - 1);
        self.files.len() - 1
    }

    /// Whether the standard input, which has no name that says so, is a `.x` file, which is told.
    fn is_piped_x(&self, id: FileId, path: &Path, diags: &mut Diagnostics) -> bool {
        let text = &self.sources.get(id).text;
        let sign = files::is_stdin(path).then(|| idl::sign_of_x(id, text));
        let Some(place) = sign.flatten() else {
            return false;
        };
        let title = "the standard input is taken for .idl, and this is what .x files have";
        let problem = Diagnostic::new(Code::OtherLanguage, title, place, "");
        diags.report(problem.help("give `idlc` the name of the .x file"));
        true
    }

    /// Reads what is imported from `root` on; with a list of its own, since a chain of imports may be
    /// long.
    fn follow(&mut self, root: usize) {
        let mut way = vec![(root, 0)];
        let mut open = BTreeMap::from([(root, 0)]);
        while let Some((file, next)) = way.last_mut() {
            let (file, at) = (*file, *next);
            *next += 1;
            if at == self.files[file].file.imports.len() {
                way.pop();
                open.remove(&file);
                continue;
            }
            let before = self.files.len();
            let Some(target) = self.import(file, at) else {
                self.files[file].broken = true;
                continue;
            };
            if let Some(&start) = open.get(&target) {
                let circle: Vec<_> = way[start..].iter().map(|(file, _)| *file).collect();
                self.circle(&circle, at);
                self.files[file].broken = true;
            } else if !self.files[file].imports.contains(&target) {
                self.files[file].imports.push(target);
                if target >= before {
                    open.insert(target, way.len());
                    way.push((target, 0));
                }
            }
        }
    }

    /// Finds and, if it was not read yet, reads what the `at`th import of a file names.
    fn import(&mut self, from: usize, at: usize) -> Option<usize> {
        let import = &self.files[from].file.imports[at];
        let (name, span) = (import.path.clone(), import.span);
        let beside = self.files[from].path.parent().unwrap_or(Path::new(""));
        let folders = std::iter::once(beside).chain(self.includes.iter().map(PathBuf::as_path));
        let mut looked: Vec<PathBuf> = folders.map(|folder| tidy(&folder.join(&name))).collect();
        looked.dedup();
        for path in &looked {
            let text = self.texts.get(path).copied();
            if text.is_none() && !path.is_file() {
                continue;
            }
            let key = text.map_or_else(|| canonical(path), |_| path.clone());
            if let Some(&known) = self.known.get(&key) {
                return Some(known);
            }
            let bytes = match text {
                Some(text) => Ok(text.as_bytes().to_vec()),
                None => files::read(path),
            };
            return match bytes {
                Ok(bytes) => Some(self.add(key, path, bytes, text.is_none())),
                Err(error) => {
                    let why = std::error::Error::source(&error).map(|why| format!(": {why}"));
                    let title = format!("{error}{}", why.unwrap_or_default());
                    let problem = Diagnostic::new(Code::ImportMissing, title, span, "");
                    self.diags.report(problem);
                    None
                }
            };
        }
        let title = format!("there is no file `{name}`");
        let mut problem = Diagnostic::new(Code::ImportMissing, title, span, "");
        for path in &looked {
            problem = problem.help(format!("looked for {}", path.display()));
        }
        problem = problem.help("`-I DIR` names another folder to look in");
        self.diags.report(problem);
        None
    }

    /// The last file of `way` imports the first one with its `at`th import.
    fn circle(&mut self, way: &[usize], at: usize) {
        let name = |file: &usize| self.files[*file].path.display().to_string();
        let mut names: Vec<String> = way.iter().map(name).collect();
        names.extend(way.first().map(name));
        let last = &self.files[way[way.len() - 1]];
        let title = "imports go in a circle";
        let span = last.file.imports[at].span;
        let problem = Diagnostic::new(Code::ImportCircle, title, span, "this closes it");
        let problem = problem.help(format!("the way round: {}", names.join(" imports ")));
        self.diags.report(
            problem.help("put what both files need into a third one, which both of them import"),
        );
    }

    /// A file that was read, with all that it imports.
    pub(crate) fn unit(&self, root: usize) -> Unit<'_> {
        let order = self.reached(root);
        let parts = order.iter().map(|&file| Part {
            id: self.files[file].id,
            file: &self.files[file].file,
            imports: self.files[file]
                .imports
                .iter()
                .map(|&import| self.files[import].id)
                .collect(),
        });
        Unit {
            parts: parts.collect(),
            broken: order.iter().any(|&file| self.files[file].broken),
        }
    }

    /// A file and those that it imports, directly or not, each before those that it imports itself.
    fn reached(&self, from: usize) -> Vec<usize> {
        let mut reached = Vec::new();
        let mut seen = vec![false; self.files.len()];
        let mut todo = vec![from];
        while let Some(file) = todo.pop() {
            if !std::mem::replace(&mut seen[file], true) {
                reached.push(file);
                todo.extend(self.files[file].imports.iter().rev());
            }
        }
        reached
    }
}

/// The path without what means nothing in it. `..` does: behind a symbolic link it leads elsewhere.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let parts = path.components();
    parts.filter(|part| *part != Component::CurDir).collect()
}

/// The one path of a file; the path itself if it is not there, which reading it tells.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

//! The way in: which files, and where to.

use crate::diag::{Diagnostics, Format, Mistakes, without_place};
use crate::load::Loader;
use crate::model::{Item, Language, Model};
use crate::rpcl::{self, Strings};
use crate::source::{MAX_BYTES, Sources};
use crate::{check, emit, files, json, x};
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compiles `.idl` files for a build script: `$OUT_DIR/bank.rs` is made of `../idl/bank.idl`.
///
/// Tells Cargo to run the script again when one of the files changes. If something is wrong it is
/// said on the standard error and the script ends with exit code 1, so this is of use in build
/// scripts only; others take a [`Compiler`].
pub fn build(files: &[impl AsRef<Path>]) {
    let add = |compiler: Compiler, file| compiler.file(file);
    files.iter().fold(Compiler::new(), add).build();
}

/// Compiles files, all or none.
///
/// ```
/// let generated = rpc_idlc::Compiler::new()
///     .text("clock.idl", "type Seconds = u64;")
///     .generate()?;
/// assert!(generated[0].rust.contains("pub type Seconds = u64;"));
/// # Ok::<(), rpc_idlc::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Compiler {
    inputs: Vec<(PathBuf, Option<String>)>,
    includes: Vec<PathBuf>,
    elsewhere: Vec<(String, String)>,
    out_dir: Option<PathBuf>,
    defines: Vec<(String, String)>,
    strings: Strings,
    warned: Option<Warned>,
}

/// Who is told of warnings.
#[derive(Clone)]
struct Warned(Arc<dyn Fn(&Mistakes) + Send + Sync>);

impl fmt::Debug for Warned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Warned")
    }
}

/// The Rust made of one file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Generated {
    /// The name for the file: that of the input, ending in `.rs`.
    pub file_name: String,
    /// The source text.
    pub rust: String,
}

/// The `.x` file made of one file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GeneratedX {
    /// The name for the file: that of the input, ending in `.x`.
    pub file_name: String,
    /// The text.
    pub text: String,
}

/// Why nothing was compiled, or nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are mistakes in the files.
    #[error("{0}")]
    Rejected(Mistakes),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written; nothing that was there before is lost.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is too large.
    #[error("{} is larger than {} MiB", path.display(), MAX_BYTES >> 20)]
    TooLarge {
        /// Which one.
        path: PathBuf,
    },
    /// Two inputs would be written to one output.
    #[error("two of the files would become {file_name}")]
    SameOutput {
        /// The name of the output.
        file_name: String,
    },
    /// A file would be written over what it is made of.
    #[error("{} is what would be written: choose another folder", path.display())]
    Overwrites {
        /// Which one.
        path: PathBuf,
    },
    /// A `.x` file is not formatted: C compilers and people have their own ways with them.
    #[error("{} is left alone: only .idl files are formatted", path.display())]
    NotFormatted {
        /// Which one.
        path: PathBuf,
    },
    /// Formatting a file would change what it says, so it is left alone.
    #[error(
        "{} is left alone: its new text would not say the same. This is a mistake of idlc, please report it",
        path.display()
    )]
    Changed {
        /// Which one.
        path: PathBuf,
    },
    /// A namespace, or a type of a `.x` file, cannot be taken from elsewhere as [`Compiler::extern_path`] says.
    #[error("cannot take {namespace} from {path}: {why}")]
    Extern {
        /// Which one.
        namespace: String,
        /// From where.
        path: String,
        /// What is wrong with either.
        why: &'static str,
    },
    /// [`Compiler::diff`] compares two files, no more and no fewer.
    #[error("a comparison needs two files: the old one and the new one")]
    NotTwo,
    /// [`Compiler::compile`] does not know where to write: there was no [`Compiler::out_dir`].
    #[error("no folder to write to: outside a build script, name one with out_dir")]
    NoOutDir,
}

impl Error {
    /// Whether the files that were to be compiled are at fault, and not the world around them.
    pub fn is_rejected(&self) -> bool {
        matches!(self, Error::Rejected(_))
    }

    /// All that there is to say, with a line end, ready to be printed.
    pub fn render(&self, format: Format) -> String {
        if let Error::Rejected(mistakes) = self {
            return mistakes.render(format);
        }
        let why = std::error::Error::source(self).map(|why| format!(": {why}"));
        let text = format!("{self}{}", why.unwrap_or_default());
        let path = match self {
            Error::Read { path, .. }
            | Error::Write { path, .. }
            | Error::TooLarge { path }
            | Error::NotFormatted { path } => Some(path.as_path()),
            _ => None,
        };
        without_place(&text, path, format)
    }
}

impl Compiler {
    /// A compiler with nothing to do yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; `-` is the standard input, and its output is called `stdin`.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.inputs.push((path.as_ref().to_owned(), None));
        self
    }

    /// Adds a text, which messages call `name`.
    #[must_use]
    pub fn text(mut self, name: impl AsRef<Path>, text: impl Into<String>) -> Self {
        self.inputs
            .push((name.as_ref().to_owned(), Some(text.into())));
        self
    }

    /// Names a folder to look in for imports that are not beside the file that names them. The folders
    /// are asked in the order in which they were added.
    #[must_use]
    pub fn include(mut self, dir: impl Into<PathBuf>) -> Self {
        self.includes.push(dir.into());
        self
    }

    /// Says that the Rust of a namespace, and of those within it, is elsewhere: that of `acme.money` in
    /// `crate::money`, say. It is then named there, and not written once more. The same goes for a type that
    /// `.x` files use and do not define.
    #[must_use]
    pub fn extern_path(mut self, namespace: impl Into<String>, path: impl Into<String>) -> Self {
        self.elsewhere.push((namespace.into(), path.into()));
        self
    }

    /// Defines a macro of the preprocessor for all `.x` files, as `-D NAME=VALUE` does: `"1"` is the value of
    /// one that is only to be there. A bound or a label that names it has its value.
    #[must_use]
    pub fn define(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.defines.push((name.into(), value.into()));
        self
    }

    /// Says what the strings of `.x` files become. Those of `.idl` files are always `String`.
    #[must_use]
    pub fn strings(mut self, strings: Strings) -> Self {
        self.strings = strings;
        self
    }

    /// Hands the warnings of each run to `told`, if there are any and no mistakes, which come with theirs.
    /// Without it, [`build`](Self::build) makes Cargo show them, and the other methods say nothing.
    #[must_use]
    pub fn on_warnings(mut self, told: impl Fn(&Mistakes) + Send + Sync + 'static) -> Self {
        self.warned = Some(Warned(Arc::new(told)));
        self
    }

    /// Names the folder to write to.
    #[must_use]
    pub fn out_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(dir.into());
        self
    }

    /// Checks the files and writes nothing.
    pub fn check(&self) -> Result<(), Error> {
        self.run(|_, _| ()).map(drop)
    }

    /// Compiles the files and writes nothing.
    pub fn generate(&self) -> Result<Vec<Generated>, Error> {
        self.generate_with(&mut Loader::new(&self.includes, &self.inputs))
    }

    fn generate_with(&self, loader: &mut Loader<'_>) -> Result<Vec<Generated>, Error> {
        let generated = self.run_with(loader, |model, path| Generated {
            file_name: output_name(path, "rs"),
            rust: emit::rust(model, &file_name(path), &self.elsewhere),
        })?;
        all_differ(generated.iter().map(|g| &g.file_name))?;
        Ok(generated)
    }

    /// Compiles the files, writes the output, and returns where. Each file is written whole or not
    /// at all, and none is if one of the inputs has a mistake.
    pub fn compile(&self) -> Result<Vec<PathBuf>, Error> {
        self.compile_with(&mut Loader::new(&self.includes, &self.inputs))
    }

    fn compile_with(&self, loader: &mut Loader<'_>) -> Result<Vec<PathBuf>, Error> {
        let generated = self.generate_with(loader)?.into_iter();
        self.write(generated.map(|g| (g.file_name, g.rust)))
    }

    /// Describes the files as JSON, for tools, and writes nothing. `docs/idl.md` says what is in it.
    pub fn json(&self) -> Result<String, Error> {
        let mut loader = Loader::new(&self.includes, &self.inputs);
        let models = self.models(&mut loader, false)?;
        Ok(json::text(&models, &loader.sources))
    }

    /// Makes `.x` files, for `rpcgen`, and writes nothing.
    pub fn generate_x(&self) -> Result<Vec<GeneratedX>, Error> {
        let mut loader = Loader::new(&self.includes, &self.inputs);
        let models = self.models(&mut loader, false)?;
        let in_headers = |item: &Item| rpcl::is_of_headers(item.at.file, &loader.sources);
        let generated = models.iter().map(|(path, model)| GeneratedX {
            file_name: output_name(path, "x"),
            text: x::text(model, &file_name(path), in_headers),
        });
        let generated: Vec<_> = generated.collect();
        all_differ(generated.iter().map(|g| &g.file_name))?;
        Ok(generated)
    }

    /// Makes `.x` files, for `rpcgen`, writes them as [`compile`](Self::compile) does, and returns where.
    pub fn compile_x(&self) -> Result<Vec<PathBuf>, Error> {
        let generated = self.generate_x()?.into_iter();
        let dir = self.out_dir.as_deref().unwrap_or(Path::new(""));
        for (input, text) in &self.inputs {
            let place = |path: &Path| std::fs::canonicalize(path).ok();
            let output = place(&dir.join(output_name(input, "x")));
            if text.is_none() && output.is_some() && output == place(input) {
                let path = input.clone();
                return Err(Error::Overwrites { path });
            }
        }
        self.write(generated.map(|g| (g.file_name, g.text)))
    }

    fn write(
        &self,
        outputs: impl Iterator<Item = (String, String)>,
    ) -> Result<Vec<PathBuf>, Error> {
        let dir = self.out_dir.as_ref().ok_or(Error::NoOutDir)?;
        let outputs = outputs.map(|(name, text)| (dir.join(name), text));
        let outputs: Vec<(PathBuf, String)> = outputs.collect();
        files::write_all(&outputs)?;
        Ok(outputs.into_iter().map(|(path, _)| path).collect())
    }

    /// Compiles the files for a build script, as the function [`build`] does.
    ///
    /// ```no_run
    /// # use rpc_idlc::Compiler;
    /// Compiler::new().include("../idl").file("../idl/bank.idl").build();
    /// ```
    pub fn build(mut self) {
        if let (None, Some(dir)) = (&self.out_dir, std::env::var_os("OUT_DIR")) {
            self.out_dir = Some(PathBuf::from(dir));
        }
        if self.warned.is_none() {
            self = self.on_warnings(|warnings| {
                for line in warnings.lines() {
                    println!("cargo::warning={line}");
                }
            });
        }
        let mut loader = Loader::new(&self.includes, &self.inputs);
        let written = self.compile_with(&mut loader);
        // What was named but could not be read is worth another run, too, when it changes.
        let named = self.inputs.iter().filter(|(_, text)| text.is_none());
        let named = named.map(|(path, _)| path.as_path());
        let files: BTreeSet<&Path> = loader.read().chain(named).collect();
        for file in files {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        if let Err(error) = written {
            eprint!("{}", error.render(Format::Plain));
            std::process::exit(1);
        }
    }

    /// Reads and checks all files, then makes something of each.
    fn run<T>(&self, make: impl Fn(&Model, &Path) -> T) -> Result<Vec<T>, Error> {
        let mut loader = Loader::new(&self.includes, &self.inputs);
        self.run_with(&mut loader, make)
    }

    fn run_with<T>(
        &self,
        loader: &mut Loader<'_>,
        make: impl Fn(&Model, &Path) -> T,
    ) -> Result<Vec<T>, Error> {
        let models = self.models(loader, false)?;
        Ok(models
            .iter()
            .map(|(path, model)| make(model, path))
            .collect())
    }

    /// A model of each file with all that it imports, and what the places in them point into.
    pub(crate) fn sources_and_models(&self) -> Result<(Sources, Vec<Model>), Error> {
        let mut loader = Loader::new(&self.includes, &self.inputs);
        let models = self.models(&mut loader, true)?;
        let models = models.into_iter().map(|(_, model)| model).collect();
        Ok((loader.sources, models))
    }

    /// The models of the inputs, in their order, each with the path that names what is made of it. All `.x`
    /// files are one unit, which the first of them names, unless they are `apart`.
    fn models(&self, loader: &mut Loader<'_>, apart: bool) -> Result<Vec<(&Path, Model)>, Error> {
        let mut roots = Vec::new();
        let mut units: Vec<(usize, Vec<rpcl::Input<'_>>)> = Vec::new();
        for (at, (path, text)) in self.inputs.iter().enumerate() {
            let text = text.as_deref();
            match units.last_mut() {
                _ if !is_x(path) => roots.push((at, loader.root(path, text)?)),
                Some((_, unit)) if !apart => unit.push((path, text)),
                _ => units.push((at, vec![(path, text)])),
            }
        }
        let mut diags = std::mem::take(&mut loader.diags);
        let mut models = Vec::new();
        for (at, unit) in units {
            let model = self.x_model(&unit, loader, &mut diags)?;
            models.extend(model.map(|model| (at, model)));
        }
        for (at, root) in roots {
            let unit = loader.unit(root);
            let mut own = Diagnostics::default();
            let model = check::check(&unit.parts, unit.broken, &mut own);
            models.extend(model.map(|model| (at, model)));
            diags.append(own);
        }
        models.sort_by_key(|(at, _)| *at);
        if diags.count() > 0 {
            let sources = std::mem::take(&mut loader.sources);
            return Err(Error::Rejected(diags.finish(sources)));
        }
        if let (Some(Warned(told)), true) = (&self.warned, diags.has_warnings()) {
            told(&diags.finish(loader.sources.clone()));
        }
        self.check_elsewhere(models.iter().map(|(_, model)| model))?;
        let named = models.into_iter();
        Ok(named
            .map(|(at, model)| (self.inputs[at].0.as_path(), model))
            .collect())
    }

    fn x_model(
        &self,
        inputs: &[rpcl::Input<'_>],
        loader: &mut Loader<'_>,
        diags: &mut Diagnostics,
    ) -> Result<Option<Model>, Error> {
        let options = rpcl::Options {
            includes: self.includes.clone(),
            defines: self.defines.clone(),
            strings: self.strings,
            elsewhere: self.elsewhere.clone(),
        };
        let mut own = Diagnostics::default();
        let read = rpcl::read(inputs, &options, &mut loader.sources, &mut own);
        let read = read?;
        loader.included.extend(read.files);
        let model = rpcl::lower(&read.unit, &options, &mut own);
        diags.append(own);
        Ok(model)
    }

    /// A path that is none, or a name that no file has, is a slip of the pen.
    fn check_elsewhere<'m>(&self, models: impl Iterator<Item = &'m Model>) -> Result<(), Error> {
        let mut names: HashSet<&str> = HashSet::new();
        for model in models {
            names.extend(model.namespaces.iter().map(|n| n.name.as_str()));
            let types = model
                .items
                .iter()
                .filter(|_| model.language != Language::Idl);
            names.extend(types.map(|item| item.name.as_str()));
        }
        for (namespace, path) in &self.elsewhere {
            let within = |name: &&str| emit::is_within(name, namespace);
            let why = if syn::parse_str::<syn::Path>(path).is_err() {
                "that is no path of a Rust module, such as `crate::money`"
            } else if namespace.is_empty() || !names.iter().any(within) {
                "no file has this namespace, and no .x file needs this type"
            } else {
                continue;
            };
            return Err(Error::Extern {
                namespace: namespace.clone(),
                path: path.clone(),
                why,
            });
        }
        Ok(())
    }
}

/// Whether a file is in the RPC language, by its name.
pub(crate) fn is_x(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "x")
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn output_name(path: &Path, extension: &str) -> String {
    let stem = match files::is_stdin(path) {
        true => "stdin".into(),
        false => path
            .file_stem()
            .unwrap_or(path.as_os_str())
            .to_string_lossy(),
    };
    format!("{stem}.{extension}")
}

fn all_differ<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    let mut names: Vec<&String> = names.collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::SameOutput {
            file_name: pair[0].clone(),
        }),
        None => Ok(()),
    }
}

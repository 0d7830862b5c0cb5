//! The way in: which files, and where to.

use crate::diag::{Diagnostics, Format, Mistakes, without_place};
use crate::source::{MAX_BYTES, Sources};
use crate::{check, emit, files, idl, x};
use std::path::{Path, PathBuf};

/// Compiles `.idl` files for a build script: `$OUT_DIR/bank.rs` is made of `../idl/bank.idl`.
///
/// Tells Cargo to run the script again when one of the files changes. If something is wrong it is
/// said on the standard error and the script ends with exit code 1, so this is of use in build
/// scripts only; others take a [`Compiler`].
pub fn build(files: &[impl AsRef<Path>]) {
    let mut compiler = Compiler::new();
    for file in files {
        println!("cargo::rerun-if-changed={}", file.as_ref().display());
        compiler = compiler.file(file);
    }
    if let Some(dir) = std::env::var_os("OUT_DIR") {
        compiler = compiler.out_dir(PathBuf::from(dir));
    }
    if let Err(error) = compiler.compile() {
        eprintln!("{error}");
        std::process::exit(1);
    }
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
    out_dir: Option<PathBuf>,
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
    /// Formatting a file would change what it says, so it is left alone.
    #[error(
        "{} is left alone: its new text would not say the same. This is a mistake of idlc, please report it",
        path.display()
    )]
    Changed {
        /// Which one.
        path: PathBuf,
    },
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
            Error::Read { path, .. } | Error::Write { path, .. } | Error::TooLarge { path } => {
                Some(path.as_path())
            }
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

    /// Adds a file.
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
        let generated = self.run(|model, path| Generated {
            file_name: output_name(path, "rs"),
            rust: emit::rust(model, &file_name(path)),
        })?;
        all_differ(generated.iter().map(|g| &g.file_name))?;
        Ok(generated)
    }

    /// Compiles the files, writes the output, and returns where. Each file is written whole or not
    /// at all, and none is if one of the inputs has a mistake.
    pub fn compile(&self) -> Result<Vec<PathBuf>, Error> {
        let generated = self.generate()?.into_iter();
        self.write(generated.map(|g| (g.file_name, g.rust)))
    }

    /// Makes `.x` files, for `rpcgen`, and writes nothing.
    pub fn generate_x(&self) -> Result<Vec<GeneratedX>, Error> {
        let generated = self.run(|model, path| GeneratedX {
            file_name: output_name(path, "x"),
            text: x::text(model, &file_name(path)),
        })?;
        all_differ(generated.iter().map(|g| &g.file_name))?;
        Ok(generated)
    }

    /// Makes `.x` files, for `rpcgen`, writes them as [`compile`](Self::compile) does, and returns where.
    pub fn compile_x(&self) -> Result<Vec<PathBuf>, Error> {
        let generated = self.generate_x()?.into_iter();
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

    /// Reads and checks all files, then makes something of each.
    fn run<T>(&self, make: impl Fn(&crate::model::Model, &Path) -> T) -> Result<Vec<T>, Error> {
        let mut sources = Sources::default();
        let mut diags = Diagnostics::default();
        let mut models = Vec::new();
        for (path, text) in &self.inputs {
            let bytes = match text {
                Some(text) => text.clone().into_bytes(),
                None => files::read(path)?,
            };
            if bytes.len() > MAX_BYTES {
                return Err(Error::TooLarge { path: path.clone() });
            }
            // Each file is judged by itself: mistakes in one do not hide those in the next.
            let mut own = Diagnostics::default();
            let id = sources.add(path, bytes, &mut own);
            // In what is not even text, each further mistake would only hide that one.
            if own.count() == 0 {
                let file = idl::parse(id, &sources.get(id).text, &mut own);
                models.extend(check::check(&file, &mut own).map(|model| (path, model)));
            }
            diags.append(own);
        }
        if diags.count() > 0 {
            return Err(Error::Rejected(diags.finish(sources)));
        }
        Ok(models
            .iter()
            .map(|(path, model)| make(model, path))
            .collect())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn output_name(path: &Path, extension: &str) -> String {
    let stem = path
        .file_stem()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
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

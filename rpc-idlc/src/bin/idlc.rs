//! The `idlc` program.

use clap::{Args, Parser, Subcommand, ValueEnum};
use rpc_idlc::{Compiler, Error, Format, Strings};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compiles .idl files, and the .x files of rpcgen.
///
/// Exit code 0: all is well. 1: there are mistakes in the files, `fmt --check` would change
/// one, or `diff` found that something breaks.
/// 2: the command was wrong, or a file could not be read or written.
#[derive(Parser)]
#[command(name = "idlc", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Whether to show messages in colour; `auto` does on a terminal, and heeds NO_COLOR and
    /// CLICOLOR_FORCE
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
    /// How to show messages: as text on the standard error, or as a line of JSON each on the standard
    /// output
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    format: Shown,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shown {
    Text,
    Json,
}

impl Cli {
    fn format(&self) -> Format {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let colour = match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR").is_some() => false,
            When::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            When::Auto => {
                std::io::stderr().is_terminal() && set("TERM").is_none_or(|term| term != "dumb")
            }
        };
        match (self.format, colour) {
            (Shown::Json, _) => Format::Json,
            (Shown::Text, true) => Format::Colour,
            (Shown::Text, false) => Format::Plain,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Check files and write nothing
    Check(Inputs),
    /// Write a Rust file for each .idl file, and one for all .x files together
    Rust {
        #[command(flatten)]
        inputs: Inputs,
        /// The folder to write to; it is made if need be
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Describe files as JSON, for tools, on the standard output
    Json(Inputs),
    /// Say what the code of a message means
    Explain {
        /// For instance E0301
        code: String,
    },
    /// Say what changed between two versions of a contract, and for whom it breaks
    ///
    /// A line for each change, with its place in either file, and what it breaks: `wire` (old and new
    /// programs refuse or misunderstand each other), `source` (code that uses the generated Rust has to be
    /// changed), `semantics` (the same bytes, another promise), or it is `harmless`. Then each method that
    /// old and new programs do not call as before. Exit code 0: nothing breaks. 1: something does. 2: the
    /// command was wrong, or one of the files cannot be read or has a mistake.
    Diff {
        /// The old version, an .idl or .x file
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// The new version
        #[arg(value_name = "NEW")]
        new: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// Bring files into the one canonical style
    ///
    /// Only space and the comma behind the last element of a list change: all else stays, comments
    /// included. A file with a mistake in its syntax is left alone; the others are still formatted.
    Fmt {
        /// The .idl files; `-` reads the standard input and writes to the standard output
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write nothing, show what would change, and end with exit code 1 if anything would
        #[arg(long)]
        check: bool,
    },
    /// Write a classic .x file for each .idl file, and one for all .x files together, from which rpcgen makes C programs
    ///
    /// The C programs and those that `idlc rust` leads to understand each other: every value has
    /// the same bytes. What C does not keep of the contract is said in the file.
    X {
        #[command(flatten)]
        inputs: Inputs,
        /// The folder to write to; it is made if need be
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Args)]
struct Inputs {
    /// The .idl files (`-` is the standard input), or .x files, which make one unit together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// How files are read, whatever is made of them.
#[derive(Args)]
struct Options {
    /// Where to look for imports and includes that are not beside the file that names them; may be repeated
    #[arg(short = 'I', long = "include", value_name = "DIR")]
    includes: Vec<PathBuf>,
    /// The Rust path of a namespace, or of a type that .x files use, whose code is elsewhere, as in
    /// acme.money=crate::money; may be repeated
    #[arg(long = "extern", value_name = "NAME=PATH", value_parser = mapping)]
    elsewhere: Vec<(String, String)>,
    /// Define a macro for .x files; without a value it is 1; may be repeated
    #[arg(short = 'D', long = "define", value_name = "NAME[=VALUE]", value_parser = definition)]
    defines: Vec<(String, String)>,
    /// What the strings of .x files become: bytes, since peers may send anything, or a String, which
    /// refuses what is no UTF-8
    #[arg(long, value_name = "KIND", default_value = "bytes")]
    strings: Kind,
}

fn mapping(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((namespace, path)) => Ok((namespace.to_owned(), path.to_owned())),
        None => Err("it is written acme.money=crate::money".to_owned()),
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Bytes,
    Utf8,
}

fn definition(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, "1"));
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let all = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match name.starts_with(starts) && all {
        true => Ok((name.to_owned(), value.to_owned())),
        false => Err("it is written NAME or NAME=VALUE".to_owned()),
    }
}

impl Inputs {
    fn compiler(&self, format: Format) -> Compiler {
        let compiler = self.options.compiler(format);
        let files = self.files.iter();
        files.fold(compiler, |compiler, file| compiler.file(file))
    }
}

impl Options {
    fn compiler(&self, format: Format) -> Compiler {
        let strings = match self.strings {
            Kind::Bytes => Strings::Bytes,
            Kind::Utf8 => Strings::Utf8,
        };
        let mut compiler = Compiler::new().strings(strings);
        compiler = compiler.on_warnings(move |warnings| say(&warnings.render(format), format));
        for (name, value) in &self.defines {
            compiler = compiler.define(name, value);
        }
        for dir in &self.includes {
            compiler = compiler.include(dir);
        }
        for (namespace, path) in &self.elsewhere {
            compiler = compiler.extern_path(namespace, path);
        }
        compiler
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = cli.format();
    let done = match cli.command {
        Command::Check(inputs) => inputs.compiler(format).check(),
        Command::Rust { inputs, out } => inputs.compiler(format).out_dir(out).compile().map(drop),
        Command::Json(inputs) => inputs.compiler(format).json().map(|text| show(&text)),
        Command::Explain { code } => return explain(&code),
        Command::Diff { old, new, options } => {
            return diff(options.compiler(format).file(old).file(new), format);
        }
        Command::Fmt { files, check } => return format_all(&files, check, format),
        Command::X { inputs, out } => inputs.compiler(format).out_dir(out).compile_x().map(drop),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error, format);
            ExitCode::from(if error.is_rejected() { 1 } else { 2 })
        }
    }
}

fn explain(code: &str) -> ExitCode {
    match rpc_idlc::explain(code) {
        Some(text) => {
            // Whoever looks at the first lines only closes the pipe.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("error: there is no message with the code {code:?}; they look like E0301");
            ExitCode::from(2)
        }
    }
}

fn diff(compiler: Compiler, format: Format) -> ExitCode {
    match compiler.diff() {
        Ok(comparison) => {
            show(&comparison.render(format));
            ExitCode::from(u8::from(comparison.breaks()))
        }
        Err(error) => {
            complain(&error, format);
            ExitCode::from(2)
        }
    }
}

/// Formats each file; the worst exit code of them is that of the whole.
fn format_all(files: &[PathBuf], check: bool, format: Format) -> ExitCode {
    let codes = files.iter().map(|file| match format_one(file, check) {
        Ok(fine) => u8::from(!fine),
        Err(error) => {
            complain(&error, format);
            if error.is_rejected() { 1 } else { 2 }
        }
    });
    ExitCode::from(codes.max().unwrap_or(0))
}

/// Formats one file. False: it is not in the canonical style, and stays so.
fn format_one(file: &Path, check: bool) -> Result<bool, Error> {
    let stdin = file.as_os_str() == "-";
    let formatted = match stdin {
        true => rpc_idlc::format_stdin()?,
        false => rpc_idlc::format_file(file)?,
    };
    if check {
        show(&formatted.difference());
        return Ok(!formatted.is_changed());
    }
    match stdin {
        true => show(&formatted.after),
        false => formatted.write()?,
    }
    Ok(true)
}

/// Prints to the standard output. Whoever closed it wants to see no more.
fn show(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Says what is wrong.
fn complain(error: &Error, format: Format) {
    say(&error.render(format), format);
}

/// Nobody is left to be told when this fails.
fn say(text: &str, format: Format) {
    let _ = match format {
        Format::Json => std::io::stdout().write_all(text.as_bytes()),
        _ => std::io::stderr().write_all(text.as_bytes()),
    };
}

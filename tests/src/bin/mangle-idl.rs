//! Gives the IDL compiler mangled files, some for each seed: none may make it panic or hang, what it
//! refuses it must explain, and what it accepts it must be able to format.
//!
//! `cargo run --release -p tests --bin mangle-idl -- --seeds 100000`

use clap::Parser;
use rpc_idlc::{Compiler, Error, Format};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use testkit::simulation::rng::Rng;
use testkit::sweep::{Sum, Sweep};

/// Gives the IDL compiler mangled files, some for each seed.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    sweep: Sweep,
}

/// What all seeds together came to.
#[derive(Default)]
struct Total {
    texts: u64,
    accepted: u64,
    messages: u64,
}

impl Sum for Total {
    fn join(&mut self, other: Self) {
        self.texts += other.texts;
        self.accepted += other.accepted;
        self.messages += other.messages;
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let files = match files() {
        Ok(files) if files.len() > 50 => files,
        other => {
            eprintln!("too few files to mangle: {other:?}");
            return ExitCode::FAILURE;
        }
    };
    let words: Vec<&str> = files.iter().flat_map(|text| words(text)).collect();
    let started = Instant::now();
    let (total, failed) = arguments.sweep.run(|seed| world(seed, &files, &words));
    println!(
        "{} seeds in {:.1} s; {} texts, {} accepted, {} messages",
        arguments.sweep.seeds,
        started.elapsed().as_secs_f64(),
        total.texts,
        total.accepted,
        total.messages
    );
    if let Some((seed, violation)) = failed {
        println!("\nseed {seed} fails: {violation}");
        println!(
            "to replay: cargo run --release -p tests --bin mangle-idl -- --seeds 1 --seed {seed}"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// All `.idl` files of the project, good and bad.
fn files() -> std::io::Result<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts = Vec::new();
    for folder in [
        "idl",
        "rpc-idlc/tests/fixtures/good",
        "rpc-idlc/tests/fixtures/bad",
    ] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "idl") {
                texts.push(String::from_utf8_lossy(&fs::read(path)?).into_owned());
            }
        }
    }
    // The order of a folder is not the same everywhere, and a seed should be.
    texts.sort();
    let page = fs::read_to_string(root.join("docs/errors.md"))?;
    let blocks = page.split("```").skip(1).step_by(2);
    texts.extend(blocks.filter_map(|block| Some(block.split_once('\n')?.1.to_owned())));
    Ok(texts)
}

fn world(seed: u64, files: &[String], words: &[&str]) -> (Total, Option<String>) {
    let mut rng = Rng::new(seed);
    let mut total = Total::default();
    for _ in 0..8 {
        let text = text(&mut rng, files, words);
        total.texts += 1;
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&text)));
        match judged {
            Ok(Ok(0)) => total.accepted += 1,
            Ok(Ok(messages)) => total.messages += messages,
            Ok(Err(violation)) => return (total, Some(format!("{violation}\n{text}"))),
            Err(_) => return (total, Some(format!("the compiler panicked at\n{text}"))),
        }
    }
    (total, None)
}

/// How many mistakes the compiler found, or what it did wrong.
fn judge(text: &str) -> Result<u64, String> {
    let compiled = Compiler::new().text("mangled.idl", text).generate();
    let formatted = rpc_idlc::format("mangled.idl", text);
    let mistakes = match compiled {
        Ok(_) => {
            let once =
                formatted.map_err(|error| format!("accepted, and not formatted: {error}"))?;
            let again = rpc_idlc::format("mangled.idl", once.as_str());
            return match again {
                Ok(again) if again == once => Ok(0),
                _ => Err(format!("formatted again, it changes:\n{once}")),
            };
        }
        Err(Error::Rejected(mistakes)) => mistakes,
        Err(other) => return Err(format!("not judged: {other}")),
    };
    let count = mistakes.count();
    let plain = mistakes.render(Format::Plain);
    let shown = plain.matches("error[E").count();
    if shown < count.min(50) {
        return Err(format!(
            "{count} mistakes, of which {shown} are shown:\n{plain}"
        ));
    }
    if let Some(order) = plain.chars().find(|c| c.is_control() && *c != '\n') {
        return Err(format!("{order:?} goes to the terminal:\n{plain}"));
    }
    let _ = mistakes.render(Format::Colour);
    let json = mistakes.render(Format::Json);
    let lines = json
        .lines()
        .filter(|l| l.starts_with("{\"code\":") && l.ends_with('}'));
    match lines.count() == json.lines().count() && json.lines().count() >= count.min(50) {
        true => Ok(count as u64),
        false => Err(format!("{count} mistakes are told as\n{json}")),
    }
}

/// A text that is a little wrong, or very.
fn text(rng: &mut Rng, files: &[String], words: &[&str]) -> String {
    match rng.below(10) {
        0 => {
            let bytes: Vec<u8> = (0..rng.below(200)).map(|_| rng.next() as u8).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        1 | 2 => {
            let space = rng.pick(&["", " ", "\n"]);
            let soup: Vec<&str> = (0..rng.below(60)).map(|_| rng.pick(words)).collect();
            soup.join(space)
        }
        // Two files as one: most names are then defined twice, or now known.
        3 => files[rng.below(files.len() as u64) as usize].clone() + &mutated(rng, files, words),
        _ => mutated(rng, files, words),
    }
}

fn mutated(rng: &mut Rng, files: &[String], words: &[&str]) -> String {
    let mut pieces = self::words(&files[rng.below(files.len() as u64) as usize]);
    for _ in 0..rng.below(5) {
        if pieces.is_empty() {
            break;
        }
        let at = rng.below(pieces.len() as u64) as usize;
        let other = rng.below(pieces.len() as u64) as usize;
        match rng.below(7) {
            0 => drop(pieces.remove(at)),
            1 => pieces.insert(at, rng.pick(words)),
            2 => pieces[at] = rng.pick(words),
            3 => pieces.swap(at, other),
            4 => pieces.truncate(at),
            5 => pieces.insert(at, STRANGE[rng.below(STRANGE.len() as u64) as usize]),
            _ => {
                let run = pieces[at.min(other)..at.max(other)].to_vec();
                pieces.splice(at..at, run);
            }
        }
    }
    pieces.concat()
}

/// What no file has, and some do.
const STRANGE: &[&str] = &[
    "\0",
    "\u{1b}[31m",
    "\u{feff}",
    "\u{202e}",
    "é",
    "漢",
    "🦀",
    "\u{301}",
    "\r\n",
    "\t",
    "\r",
    "\\",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "///",
    "&",
    "*",
    "#",
    "@",
    "@a.b",
    "<<<<<<<<",
    "((((((((",
    "[[[[[[[[",
    "{",
    "}",
    "->",
    "=",
    "99999999999999999999999999999999999999999",
    "-1",
    "0x",
    "0b2",
    "1_",
    "_",
    "import \"",
    "namespace a.b;",
    "map<",
    "set<",
    "(u8, ",
    "optional<",
    "unsigned ",
    "repeated ",
    "rpc ",
    "returns ",
    "typedef ",
    "class ",
];

/// The text in pieces: words, spaces and signs. Put together they are the text again.
fn words(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = |c: char| (c.is_alphanumeric() || c == '_', c.is_whitespace());
        let alone = kind(first) == (false, false);
        let end = match alone {
            true => first.len_utf8(),
            false => rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

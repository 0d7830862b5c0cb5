//! What `#[derive(Xdr)]` costs whoever compiles it: `cargo check` of 2,000 types, against the same types with the derives of
//! the standard library and with none.
//!
//! The types go into a crate of their own under `target/derive-speed`. Dependencies are checked before the clock starts.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

const TYPES: usize = 2000;

/// Each variant is checked so often, and the quickest counts: the machine may be busy.
const RUNS: usize = 3;

const VARIANTS: [(&str, &str); 3] = [
    ("none", ""),
    (
        "Clone, Debug, PartialEq",
        "#[derive(Clone, Debug, PartialEq)]",
    ),
    ("Xdr", "#[derive(rpc_core::Xdr)]"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = Scratch::new()?;
    scratch.check("")?;
    println!("{TYPES} types                    seconds   user");
    for (name, derive) in VARIANTS {
        let source = types(derive)?;
        let mut best = Cost::MOST;
        for _ in 0..RUNS {
            best = best.min(scratch.check(&source)?);
        }
        let (wall, user) = (best.wall.as_secs_f64(), best.user.as_secs_f64());
        println!("{name:<28} {wall:>7.2} {user:>6.2}");
    }
    Ok(())
}

/// Time that a command took, and its share of a processor outside of the kernel.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    user: Duration,
}

impl Cost {
    const MOST: Self = Self {
        wall: Duration::MAX,
        user: Duration::MAX,
    };

    fn min(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            user: self.user.min(other.user),
        }
    }
}

/// The crate that is checked.
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    fn new() -> Result<Self, Box<dyn Error>> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()?;
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
        let folder = target.join("derive-speed");
        fs::create_dir_all(folder.join("src"))?;
        let core = workspace.join("rpc-core");
        let manifest = format!(
            "[package]\nname = \"derive-speed-types\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nrpc-core.path = {core:?}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder })
    }

    /// Checks a library of this source.
    fn check(&self, source: &str) -> Result<Cost, Box<dyn Error>> {
        fs::write(self.folder.join("src/lib.rs"), source)?;
        let (start, user) = (Instant::now(), user_time_of_children()?);
        let status = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--offline"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_INCREMENTAL", "0")
            .status()?;
        if !status.success() {
            return Err(format!("cargo check in {} failed", self.folder.display()).into());
        }
        Ok(Cost {
            wall: start.elapsed(),
            user: user_time_of_children()? - user,
        })
    }
}

/// The time of all children that have ended, theirs included, from `/proc/self/stat` (in hundredths of a second).
fn user_time_of_children() -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in parentheses, may hold spaces. What follows it begins with the third field; the 16th counts.
    let (_, fields) = stat
        .rsplit_once(") ")
        .ok_or("an unknown form of /proc/self/stat")?;
    let ticks: u64 = fields
        .split(' ')
        .nth(13)
        .ok_or("too few fields in /proc/self/stat")?
        .parse()?;
    Ok(Duration::from_millis(10 * ticks))
}

/// The source of the types: of each ten one of every shape, which contain those before them.
fn types(derive: &str) -> Result<String, std::fmt::Error> {
    let mut source =
        String::from("#![allow(dead_code)]\nuse std::collections::{BTreeMap, BTreeSet};\n");
    for tenth in 0..TYPES / SHAPES.len() {
        for (index, shape) in SHAPES.iter().enumerate() {
            // What only our derive knows is left out for the others.
            let shape = if derive.contains("Xdr") {
                (*shape).to_owned()
            } else {
                without_attributes(shape)
            };
            let before = tenth.saturating_sub(1);
            let text = shape
                .replace("{n}", &tenth.to_string())
                .replace("{before}", &before.to_string());
            writeln!(source, "// {index} of {tenth}\n{derive}\n{text}")?;
        }
    }
    Ok(source)
}

fn without_attributes(shape: &str) -> String {
    let lines = shape
        .lines()
        .filter(|line| !line.trim_start().starts_with("#[xdr"));
    lines.collect::<Vec<_>>().join("\n")
}

const SHAPES: [&str; 10] = [
    "pub struct Numbers{n} { pub a: u32, pub b: i64, pub c: bool, pub d: f64, pub e: u16 }",
    "pub struct Entry{n} { pub name: String, pub numbers: Numbers{n}, pub lines: Vec<String>, pub data: Option<Vec<u8>> }",
    "pub struct Pair{n}(pub u64, pub Entry{before});",
    "pub enum Colour{n} { Red = 1, Green, Blue, Cyan = 10, Magenta, Yellow, Black = -1, White = 100 }",
    "pub enum Event{n} { Started, Named(String), Moved { x: i32, y: i32 }, Held(Box<Entry{n}>), Counted(u64, Colour{n}) }",
    "#[xdr(switch = Colour{n})]
    pub enum Shape{n} {
        #[xdr(case = Colour{n}::Red)]
        Circle { radius: u32 },
        #[xdr(case = Colour{n}::Green | Colour{n}::Blue)]
        Square(Colour{n}, u32),
        #[xdr(default)]
        Other(Colour{n}, String),
    }",
    "pub struct Borrowed{n}<'a> { pub name: &'a str, pub data: &'a [u8], pub marks: Vec<&'a str> }",
    "pub struct Page{n}<T> { pub items: Vec<T>, pub next: Option<u32>, pub first: T }",
    "pub struct Index{n} { pub by_name: BTreeMap<String, Page{n}<Pair{n}>>, pub seen: BTreeSet<u64>, pub took: std::time::Duration }",
    "pub struct Node{n} {
        pub value: Result<u32, Event{n}>,
        pub next: Option<Box<Node{n}>>,
        #[xdr(chain)]
        pub others: Vec<Entry{n}>,
        pub grid: [[u32; 3]; 3],
    }",
];

//! Clients that others made: libnfs, through a program of ours and by its own tools.

use crate::stage::Stage;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use testkit::{Running, eventually};

const FILES: usize = 2_000;
const FOLDERS: usize = 40;
const MEBIBYTE: usize = 1 << 20;
/// More than anything here takes on a loaded machine.
const BOUND: Duration = Duration::from_secs(60);

#[test]
fn a_tree_goes_in_and_out_also_if_the_server_is_killed_half_way() {
    let test = "a_tree_goes_in_and_out_also_if_the_server_is_killed_half_way";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let mut stage = Stage::new("tree", &[]);
    let tree = Tree::new(&stage);
    let mut client = Client::new(&stage);
    for killed in [false, true] {
        let mut half_way = |file: usize| {
            if killed && file == FILES / 2 {
                stage.restart();
            }
        };
        tree.copy_in(&mut client, &mut half_way);
        tree.copy_out(&mut client, &mut half_way);
        tree.rename(&mut client, &mut half_way);
        tree.remove(&mut client, &mut half_way);
        let left = fs::read_dir(stage.export()).expect("it is there");
        assert_eq!(left.count(), 0, "killed: {killed}");
    }
}

#[test]
fn a_long_file_is_whole_although_the_server_was_killed_meanwhile() {
    let test = "a_long_file_is_whole_although_the_server_was_killed_meanwhile";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let mut stage = Stage::new("long", &[]);
    let (local, remote) = (stage.beside("local"), stage.export().join("remote"));
    let text = bytes(7, 48 * MEBIBYTE);
    fs::write(&local, &text).expect("it can be written");
    let mut client = Client::new(&stage);
    client.say(&format!("put {} /remote", local.display()));
    for pieces in [1, 9, 17, 25] {
        let size = || fs::metadata(&remote).map_or(0, |found| found.len());
        let enough = || (size() >= pieces * MEBIBYTE as u64).then_some(());
        eventually("the file grows", BOUND, enough);
        stage.restart();
    }
    assert_eq!(client.answer(), "ok");
    assert!(fs::read(&remote).expect("it is there") == text);
}

#[test]
fn files_are_looked_at_and_changed_by_a_stock_client() {
    let test = "files_are_looked_at_and_changed_by_a_stock_client";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let stage = Stage::new("rows", &[]);
    fs::write(stage.beside("text"), "some text").expect("it can be written");
    let mut client = Client::new(&stage);
    let text = stage.beside("text").display().to_string();
    for (line, answer) in [
        (format!("put {text} /file").as_str(), "ok"),
        ("stat /file", "ok 9 100644 1"),
        ("chmod /file 4750", "ok"),
        ("stat /file", "ok 9 104750 1"),
        ("truncate /file 4", "ok"),
        ("stat /file", "ok 4 104750 1"),
        ("mkdir /folder", "ok"),
        ("mkdir /folder", "error 17"),
        ("link /file /folder/second", "ok"),
        ("stat /folder/second", "ok 4 104750 2"),
        ("symlink ../file /folder/link", "ok"),
        ("readlink /folder/link", "ok ../file"),
        ("stat /folder/link", "ok 7 120777 1"),
        ("pipe /folder/pipe", "ok"),
        ("stat /folder/pipe", "ok 0 10600 1"),
        ("rename /file /folder/second", "ok"),
        ("rename /file /folder/third", "ok"),
        ("stat /file", "error 2"),
        ("rmdir /folder", "error 39"),
        ("remove /folder", "error 21"),
        ("rmdir /folder/third", "error 20"),
        ("remove /folder/third", "ok"),
        ("remove /folder/third", "error 2"),
        ("stat /folder/second", "ok 4 104750 1"),
    ] {
        client.say(line);
        let said = client.answer();
        let said = said.strip_prefix("error ").map_or(said.clone(), |error| {
            let number = error.split(' ').next().unwrap_or(error);
            format!("error {number}")
        });
        assert_eq!(said, answer, "{line}");
    }
}

#[test]
fn the_stock_tools_list_copy_and_show() {
    if let Some(missing) = missing_tool() {
        return testkit::skip("the_stock_tools_list_copy_and_show", &missing);
    }
    let stage = Stage::new("tools", &[]);
    let (there, back) = (stage.beside("there"), stage.beside("back"));
    let text = bytes(1, 3 * MEBIBYTE + 1);
    fs::write(&there, &text).expect("it can be written");
    fs::create_dir(stage.export().join("folder")).expect("it can be made");
    let path = |path: &Path| path.display().to_string();
    run("nfs-cp", &[&path(&there), &stage.url("/folder/copy")]);
    run("nfs-cp", &[&stage.url("/folder/copy"), &path(&back)]);
    assert!(fs::read(&back).expect("it is there") == text);
    assert!(run("nfs-cat", &[&stage.url("/folder/copy")]) == text);
    let listed = run("nfs-ls", &["-R", &stage.url("")]);
    let listed = String::from_utf8(listed).expect("the names are text");
    for (kind, size, name) in [("d", "", "folder"), ("-", "3145729", "folder/copy")] {
        let row = |line: &&str| line.starts_with(kind) && line.ends_with(&format!(" {name}"));
        let row = listed.lines().find(row);
        let row = row.unwrap_or_else(|| panic!("{name} is not in {listed}"));
        assert!(row.contains(size), "{row}");
    }
}

/// Folders and files, in the way in which they are to come out again.
struct Tree {
    local: PathBuf,
    back: PathBuf,
    export: PathBuf,
}

impl Tree {
    fn new(stage: &Stage) -> Self {
        let tree = Self {
            local: stage.beside("tree"),
            back: stage.beside("back"),
            export: stage.export(),
        };
        for folder in 0..FOLDERS {
            fs::create_dir_all(tree.local.join(folder_of(folder))).expect("it can be made");
            fs::create_dir_all(tree.back.join(folder_of(folder))).expect("it can be made");
        }
        for file in 0..FILES {
            let length = match file {
                77 => 3 * MEBIBYTE + 5,
                _ => file * 37 % 6_000,
            };
            let path = tree.local.join(path_of(file));
            fs::write(path, bytes(file, length)).expect("it can be written");
        }
        tree
    }

    fn copy_in(&self, client: &mut Client, half_way: &mut impl FnMut(usize)) {
        for folder in 0..FOLDERS {
            client.expect_ok(&format!("mkdir /{}", folder_of(folder)));
        }
        for file in 0..FILES {
            half_way(file);
            let (local, path) = (self.local.display(), path_of(file));
            client.expect_ok(&format!("put {local}/{path} /{path}"));
        }
        for folder in 0..FOLDERS {
            let expected: BTreeSet<_> = (folder..FILES).step_by(FOLDERS).map(name_of).collect();
            client.say(&format!("list /{}", folder_of(folder)));
            let answer = client.answer();
            let listed = answer.split(' ').skip(1).filter(|name| *name != "deeper");
            assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), expected);
        }
    }

    fn copy_out(&self, client: &mut Client, half_way: &mut impl FnMut(usize)) {
        for file in 0..FILES {
            half_way(file);
            let (back, path) = (self.back.display(), path_of(file));
            client.expect_ok(&format!("get /{path} {back}/{path}"));
            let length = fs::metadata(self.local.join(&path))
                .expect("it is there")
                .len();
            client.say(&format!("stat /{path}"));
            assert_eq!(client.answer(), format!("ok {length} 100644 1"));
        }
        for file in 0..FILES {
            let path = path_of(file);
            let text = |folder: &Path| fs::read(folder.join(&path)).expect("it is there");
            assert!(text(&self.local) == text(&self.back), "{path}");
            assert!(text(&self.local) == text(&self.export), "{path}");
        }
    }

    /// Each file gets the name of another that is not there, in the next folder.
    fn rename(&self, client: &mut Client, half_way: &mut impl FnMut(usize)) {
        for file in 0..FILES {
            half_way(file);
            client.expect_ok(&format!("rename /{} /{}", path_of(file), renamed(file)));
        }
        for file in 0..FILES {
            let text = fs::read(self.export.join(renamed(file))).expect("it is there");
            let length = fs::metadata(self.local.join(path_of(file)))
                .expect("it is there")
                .len();
            assert_eq!(text.len() as u64, length, "{file}");
            assert!(!self.export.join(path_of(file)).exists());
        }
    }

    fn remove(&self, client: &mut Client, half_way: &mut impl FnMut(usize)) {
        for file in 0..FILES {
            half_way(file);
            client.expect_ok(&format!("remove /{}", renamed(file)));
        }
        for folder in (0..FOLDERS).rev() {
            client.expect_ok(&format!("rmdir /{}", folder_of(folder)));
        }
    }
}

/// A chain of folders, each in the one before.
fn folder_of(folder: usize) -> String {
    (0..folder % 4).fold(format!("folder{}", folder / 4), |path, _| path + "/deeper")
}

fn name_of(file: usize) -> String {
    format!("fil\u{e9}-{file}")
}

fn path_of(file: usize) -> String {
    format!("{}/{}", folder_of(file % FOLDERS), name_of(file))
}

fn renamed(file: usize) -> String {
    format!("{}/new-{file}", folder_of((file + 1) % FOLDERS))
}

/// Bytes that differ from file to file and from place to place.
fn bytes(seed: usize, length: usize) -> Vec<u8> {
    let mut state = seed as u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The program of `client.c`, which keeps one mount through all lives of the server.
struct Client {
    _process: Running,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn new(stage: &Stage) -> Self {
        let program = stage.beside("client");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dfs/client.c");
        let (program_name, source) = (program.display().to_string(), source.display().to_string());
        run(
            "gcc",
            &["-Wall", "-Werror", &source, "-o", &program_name, "-lnfs"],
        );
        let mut client = Command::new(&program);
        client
            .arg(stage.url(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = Running(client.spawn().expect("the client starts"));
        Self {
            input: process.0.stdin.take().expect("it is piped"),
            output: BufReader::new(process.0.stdout.take().expect("it is piped")),
            _process: process,
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("the client reads");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output
            .read_line(&mut line)
            .expect("the client answers");
        line.trim_end().to_owned()
    }

    #[track_caller]
    fn expect_ok(&mut self, line: &str) {
        self.say(line);
        assert_eq!(self.answer(), "ok", "{line}");
    }
}

/// What has to be installed first, if anything.
pub fn missing_tool() -> Option<String> {
    let proofs = [
        ("gcc", "/usr/bin/gcc"),
        ("libnfs-dev", "/usr/include/nfsc/libnfs.h"),
        ("libnfs-utils", "/usr/bin/nfs-cp"),
    ];
    let missing = proofs.iter().find(|(_, proof)| !Path::new(proof).exists());
    missing.map(|(package, _)| format!("{package} is not installed"))
}

/// Runs a program, which must succeed, and gives its output.
#[track_caller]
pub fn run(program: &str, words: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(words).output();
    let output = output.expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {errors}");
    output.stdout
}

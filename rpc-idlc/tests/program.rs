//! The `idlc` program: its exit codes, and what it leaves on the disk.

#![allow(clippy::unwrap_used, reason = "a test's own folder is there")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GOOD: &str = "/// A number.\ntype Number = u64;\n";
const BAD: &str = "type Number = u46;\n";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// The names of all that is in a folder of this one.
    fn list(&self, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.join(name)) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    fn idlc(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idlc"));
        command.args(words).current_dir(&self.0).output().unwrap()
    }

    /// Runs `idlc` and checks its exit code; returns what it said.
    fn run(&self, words: &[&str], code: i32) -> String {
        let output = self.idlc(words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        said
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn exit_code_0_means_that_all_is_well() {
    let folder = Folder::new("exit_code_0");
    folder.write("a.idl", GOOD);
    folder.write("b.idl", GOOD);
    assert_eq!(folder.run(&["check", "a.idl", "b.idl"], 0), "");
    assert_eq!(
        folder.run(&["rust", "a.idl", "b.idl", "--out", "new/folder"], 0),
        ""
    );
    assert_eq!(folder.list("new/folder"), ["a.rs", "b.rs"]);
    let help = folder.idlc(&["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("check"));
    let version = folder.idlc(&["--version"]);
    let expected = format!("idlc {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
}

#[test]
fn exit_code_1_means_that_a_file_has_mistakes() {
    let folder = Folder::new("exit_code_1");
    folder.write("a.idl", BAD);
    folder.write("b.idl", "struct B { a: Missing }");
    let said = folder.run(&["check", "a.idl", "b.idl"], 1);
    assert!(
        said.contains("a.idl:1:15") && said.contains("b.idl:1:15"),
        "{said}"
    );
    assert!(said.ends_with("2 errors\n"), "{said}");
    folder.run(&["rust", "a.idl", "--out", "out"], 1);
}

/// As when the wrong file was named: what a parser could say to each byte would only hide what is wrong.
#[test]
fn what_is_not_text_is_one_mistake() {
    let folder = Folder::new("not_text");
    for (name, bytes, place) in [
        ("latin.idl", b"// caf\xe9\n" as &[u8], "latin.idl:1:7"),
        (
            "broken.idl",
            b"struct \xff { $ }\n} # }\n",
            "broken.idl:1:8",
        ),
        (
            "program.idl",
            b"\x7fELF\x02\x01\0\n\xd0\x0d$#\n};;{{\xfe",
            "program.idl:2:1",
        ),
    ] {
        folder.write(name, bytes);
        let said = folder.run(&["check", name], 1);
        assert!(said.contains(place) && said.contains("UTF-8"), "{said}");
        assert!(said.ends_with("\n1 error\n"), "{said}");
    }
}

#[test]
fn exit_code_2_means_that_the_command_or_the_disk_is_wrong() {
    let folder = Folder::new("exit_code_2");
    folder.write("a.idl", GOOD);
    folder.write("file", "");
    fs::create_dir(folder.0.join("sub")).unwrap();
    folder.write("sub/a.idl", GOOD);
    for (words, part) in [
        (&["check"] as &[&str], "FILE"),
        (&[], "Usage"),
        (&["compile", "a.idl"], "compile"),
        (&["rust", "a.idl"], "--out"),
        (&["check", "missing.idl"], "missing.idl"),
        (&["check", "sub"], "sub"),
        (&["rust", "a.idl", "--out", "file"], "file"),
        (&["rust", "a.idl", "sub/a.idl", "--out", "out"], "a.rs"),
    ] {
        let said = folder.run(words, 2);
        assert!(said.contains(part), "{words:?}: {said}");
    }
    assert_eq!(folder.list("out"), [""; 0]);
}

#[test]
fn one_bad_file_of_several_and_none_is_written() {
    let folder = Folder::new("one_bad_file");
    folder.write("a.idl", GOOD);
    folder.write("b.idl", BAD);
    folder.run(&["rust", "a.idl", "b.idl", "--out", "out"], 1);
    assert_eq!(folder.list("out"), [""; 0]);
}

#[test]
fn one_file_that_cannot_be_written_and_none_is() {
    let folder = Folder::new("one_unwritable");
    folder.write("a.idl", GOOD);
    folder.write("b.idl", GOOD);
    folder.run(&["rust", "a.idl", "--out", "out"], 0);
    fs::create_dir(folder.0.join("out/b.rs")).unwrap();
    folder.write("a.idl", "type Other = u8;");
    let said = folder.run(&["rust", "a.idl", "b.idl", "--out", "out"], 2);
    assert!(said.contains("b.rs"), "{said}");
    assert_eq!(folder.list("out"), ["a.rs", "b.rs"]);
    let kept = fs::read_to_string(folder.0.join("out/a.rs")).unwrap();
    assert!(kept.contains("Number"), "the old file is lost: {kept}");
}

#[test]
fn output_that_would_not_change_is_not_touched() {
    let folder = Folder::new("not_touched");
    folder.write("a.idl", GOOD);
    folder.run(&["rust", "a.idl", "--out", "out"], 0);
    let path = folder.0.join("out/a.rs");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    folder.run(&["rust", "a.idl", "--out", "out"], 0);
    assert_eq!(
        fs::metadata(&path).unwrap().modified().unwrap(),
        std::time::UNIX_EPOCH
    );
}

#[test]
fn diff_ends_with_1_if_something_breaks_and_with_2_if_nothing_can_be_compared() {
    let folder = Folder::new("diff");
    folder.write("a.idl", "struct A { a: u32 }\n");
    folder.write(
        "b.idl",
        "// Another.\nstruct A { a: u32 }\n\nstruct B { a: A }\n",
    );
    folder.write("c.idl", "struct A { b: u32 }\n");
    folder.write("bad.idl", BAD);
    for (words, code, said) in [
        (["diff", "a.idl", "a.idl"], 0, "nothing changed\n"),
        (
            ["diff", "a.idl", "b.idl"],
            0,
            "- -> b.idl:4:8: harmless: struct `B` is new\n\nnothing breaks\n",
        ),
        (
            ["diff", "a.idl", "c.idl"],
            1,
            "a.idl:1:12 -> c.idl:1:12: source: field `a` of struct `A` is called `b` now\n\n1 change: 1 source\n",
        ),
        (["diff", "a.idl", "bad.idl"], 2, ""),
        (["diff", "missing.idl", "a.idl"], 2, ""),
    ] {
        let output = folder.idlc(&words);
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), said, "{words:?}");
    }
    let json = folder.idlc(&["diff", "a.idl", "c.idl", "--format", "json"]);
    let expected = "{\"breaks\":true,\"changes\":[{\"id\":\"member-renamed\",\"kinds\":[\"source\"],\
        \"message\":\"field `a` of struct `A` is called `b` now\",\
        \"old\":{\"file\":\"a.idl\",\"line\":1,\"column\":12},\
        \"new\":{\"file\":\"c.idl\",\"line\":1,\"column\":12}}],\"methods\":[]}\n";
    assert_eq!(String::from_utf8_lossy(&json.stdout), expected);
}

#[test]
fn fmt_rewrites_what_is_not_in_the_style_and_nothing_else() {
    let folder = Folder::new("fmt_rewrites");
    folder.write("a.idl", "type Number=u64;");
    folder.write("b.idl", GOOD);
    folder.write("bad.idl", "type Number u64;");
    let untouched = |name| {
        let path = folder.0.join(name);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        move || fs::metadata(&path).unwrap().modified().unwrap() == std::time::UNIX_EPOCH
    };
    let (b, bad) = (untouched("b.idl"), untouched("bad.idl"));
    let said = folder.run(&["fmt", "a.idl", "bad.idl", "b.idl"], 1);
    assert!(said.contains("bad.idl:1:13"), "{said}");
    let text = fs::read_to_string(folder.0.join("a.idl")).unwrap();
    assert_eq!(text, "type Number = u64;\n");
    assert!(b() && bad());
    assert_eq!(folder.run(&["fmt", "a.idl", "b.idl"], 0), "");
    assert_eq!(folder.list("."), ["a.idl", "b.idl", "bad.idl"]);
}

#[test]
fn fmt_check_shows_what_would_change() {
    let folder = Folder::new("fmt_check");
    let text = "type A = u8;\n\n\ntype B=u8;\n";
    folder.write("a.idl", text);
    folder.write("b.idl", GOOD);
    let output = folder.idlc(&["fmt", "--check", "b.idl", "a.idl"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = "--- a.idl\n+++ a.idl (canonical style)\n@@ -1,4 +1,3 @@\n type A = u8;\n \n-\n-type B=u8;\n+type B = u8;\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), shown);
    assert_eq!(fs::read_to_string(folder.0.join("a.idl")).unwrap(), text);
    assert_eq!(folder.idlc(&["fmt", "--check", "b.idl"]).stdout, b"");
    folder.run(&["fmt", "missing.idl"], 2);
}

#[test]
fn fmt_keeps_permissions_and_symbolic_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("fmt_keeps");
    folder.write("a.idl", "type A=u8;");
    let (file, link) = (folder.0.join("a.idl"), folder.0.join("link.idl"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.idl", &link).unwrap();
    folder.run(&["fmt", "link.idl"], 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "type A = u8;\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn fmt_reads_the_standard_input() {
    use std::io::Write;
    use std::process::Stdio;
    let mut command = Command::new(env!("CARGO_BIN_EXE_idlc"));
    command
        .args(["fmt", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"type A=u8;")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"type A = u8;\n");
}

/// Not a test by itself: `a_build_script_…` run it as a build script would be.
#[test]
fn build_script() {
    if let Some(file) = std::env::var_os("BUILD_SCRIPT_OF") {
        rpc_idlc::build(&[file]);
    }
}

/// Runs this very program as the build script of `file`.
fn run_build_script(folder: &Folder, file: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["build_script", "--exact", "--nocapture"]);
    command
        .env("BUILD_SCRIPT_OF", file)
        .env("OUT_DIR", folder.0.join("out"));
    command.current_dir(&folder.0).output().unwrap()
}

#[test]
fn a_build_script_writes_to_its_folder_and_runs_again_when_the_file_changes() {
    let folder = Folder::new("build_script_good");
    folder.write("a.idl", GOOD);
    let output = run_build_script(&folder, "a.idl");
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.lines()
            .any(|line| line == "cargo::rerun-if-changed=a.idl"),
        "{told}"
    );
    assert_eq!(folder.list("out"), ["a.rs"]);
}

#[test]
fn a_build_script_runs_again_when_an_imported_file_changes() {
    let folder = Folder::new("build_script_imports");
    folder.write("a.idl", "import \"b.idl\";");
    folder.write("b.idl", "import \"c.idl\"; type B = u46;");
    folder.write("c.idl", GOOD);
    let output = run_build_script(&folder, "a.idl");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout);
    let watched = |line: &&str| line.starts_with("cargo::rerun-if-changed=");
    let watched: Vec<&str> = told.lines().filter(watched).collect();
    assert_eq!(
        watched,
        ["a.idl", "b.idl", "c.idl"].map(|name| format!("cargo::rerun-if-changed={name}"))
    );
}

#[test]
fn imports_are_found_in_folders_and_namespaces_elsewhere() {
    let folder = Folder::new("includes");
    fs::create_dir(folder.0.join("inc")).unwrap();
    folder.write(
        "inc/money.idl",
        "namespace acme.money; struct Amount { cents: u64 }",
    );
    folder.write(
        "a.idl",
        "import \"money.idl\"; type Price = acme.money.Amount;",
    );
    let said = folder.run(&["check", "a.idl"], 1);
    assert!(said.contains("error[E0602]"), "{said}");
    folder.run(&["check", "a.idl", "-I", "nowhere", "-I", "inc"], 0);
    let elsewhere = "acme.money=crate::money";
    let words = [
        "rust",
        "a.idl",
        "--include",
        "inc",
        "--extern",
        elsewhere,
        "--out",
        "out",
    ];
    folder.run(&words, 0);
    let rust = fs::read_to_string(folder.0.join("out/a.rs")).unwrap();
    assert!(
        rust.ends_with("\npub type Price = crate::money::Amount;\n"),
        "{rust}"
    );
    for wrong in [
        "acme.money",
        "acme.mony=crate::money",
        "acme.money=crate money",
    ] {
        folder.run(&["check", "a.idl", "-I", "inc", "--extern", wrong], 2);
    }
}

#[test]
fn a_build_script_shows_the_mistakes_and_fails() {
    let folder = Folder::new("build_script_bad");
    folder.write("a.idl", BAD);
    let output = run_build_script(&folder, "a.idl");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let (told, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(told.contains("cargo::rerun-if-changed=a.idl"), "{told}");
    assert!(
        said.contains("a.idl:1:15") && said.contains("did you mean `u64`?"),
        "{said}"
    );
    assert_eq!(folder.list("out"), [""; 0]);
}

/// Runs `idlc check bad.idl` with these words and variables before; its two outputs.
fn shown(folder: &Folder, words: &[&str], variables: &[(&str, &str)]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idlc"));
    for name in ["NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.args(words).args(["check", "bad.idl"]);
    command
        .envs(variables.iter().copied())
        .current_dir(&folder.0);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// The standard error is a pipe here, so `auto` is plain.
#[test]
fn colour_is_for_terminals_and_for_whoever_asks() {
    let folder = Folder::new("colour");
    folder.write("bad.idl", BAD);
    for (words, variables, coloured) in [
        (&[] as &[&str], &[] as &[(&str, &str)], false),
        (&["--color=always"], &[], true),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (&["--color=never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], true),
        (&["--format=json", "--color=always"], &[], false),
    ] {
        let (out, said) = shown(&folder, words, variables);
        let found = (out + &said).contains('\u{1b}');
        assert_eq!(found, coloured, "{words:?} {variables:?}: {said}");
    }
}

#[test]
fn editors_get_a_line_of_json_for_each_mistake() {
    let folder = Folder::new("json");
    folder.write(
        "bad.idl",
        "\u{feff}// é\r\ntype Näme = u8;\r\n\tstruct A { a: u46 }",
    );
    let (out, said) = shown(&folder, &["--format", "json"], &[]);
    assert_eq!(said, "");
    let lines: Vec<&str> = out.lines().collect();
    let name = "{\"code\":\"E0104\",\"severity\":\"error\",\"message\":\"names are made of the letters a to z, \
                digits and `_`\",\"file\":\"bad.idl\",\"line\":2,\"column\":6,\"spans\":[{\"file\":\"bad.idl\",\
                \"line\":2,\"column\":6,\"end_line\":2,\"end_column\":10,\"byte\":15,\"end_byte\":20,\
                \"primary\":true,\"label\":null}],\"help\":[],\"edit\":null}";
    let ty = "{\"code\":\"E0204\",\"severity\":\"error\",\"message\":\"unknown type `u46`\",\"file\":\"bad.idl\",\
              \"line\":3,\"column\":16,\"spans\":[{\"file\":\"bad.idl\",\"line\":3,\"column\":16,\"end_line\":3,\
              \"end_column\":19,\"byte\":43,\"end_byte\":46,\"primary\":true,\"label\":null}],\
              \"help\":[\"did you mean `u64`?\"],\"edit\":{\"file\":\"bad.idl\",\"line\":3,\"column\":16,\
              \"end_line\":3,\"end_column\":19,\"byte\":43,\"end_byte\":46,\"replacement\":\"u64\"}}";
    assert_eq!(lines, [name, ty]);
    let missing = folder.idlc(&["check", "missing.idl", "--format", "json"]);
    let said = String::from_utf8(missing.stdout).unwrap();
    assert!(
        said.starts_with(
            "{\"code\":null,\"severity\":\"error\",\"message\":\"cannot read missing.idl: "
        ) && said.contains("\"file\":\"missing.idl\",\"line\":null"),
        "{said}"
    );
}

#[test]
fn codes_are_explained() {
    let folder = Folder::new("explain");
    let output = folder.idlc(&["explain", "E0204"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.starts_with("E0204: "),
        "{text}"
    );
    let said = folder.run(&["explain", "E9999\u{1b}"], 2);
    assert!(said.contains("E9999") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn two_x_files_are_compared_with_the_options_that_they_need() {
    let folder = Folder::new("diff_x");
    folder.write("old.x", "#include \"t.x\"\nstruct a { t b[SIZE]; };");
    folder.write(
        "new.x",
        "#include \"t.x\"\nstruct a { t b[SIZE]; stamp *c; };",
    );
    fs::create_dir(folder.0.join("inc")).unwrap();
    folder.write("inc/t.x", "typedef string t<>;");
    let words = ["diff", "old.x", "new.x", "-I", "inc"];
    let more = ["-D", "SIZE=4", "--extern", "stamp=crate::Stamp"];
    let text = ["--strings", "utf8"];
    assert_eq!(folder.idlc(&words).status.code(), Some(2));
    let output = folder.idlc(&[&words[..], &more, &text].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
}

#[test]
fn a_dash_is_the_standard_input() {
    let folder = Folder::new("stdin");
    for (text, words, code, part) in [
        (GOOD, &["check", "-"] as &[&str], 0, ""),
        (BAD, &["check", "-"], 1, "--> -:1:15"),
        (
            "\n%#include <a.h>\nstruct a { int b<>; };",
            &["check", "-"],
            1,
            "--> -:2:1",
        ),
        (
            "/* About it. */\n\nstruct a { int b<>; };\nstruct c { int d<>; };",
            &["check", "-"],
            1,
            "give `idlc` the name of the .x file\n\n1 error\n",
        ),
        (GOOD, &["rust", "-", "--out", "out"], 0, ""),
    ] {
        folder.write("input", text);
        let input = fs::File::open(folder.0.join("input")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_idlc"));
        let command = command.args(words).stdin(input).current_dir(&folder.0);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(folder.list("out"), ["stdin.rs"]);
}

#[test]
fn a_file_may_be_empty_and_may_be_too_large() {
    const MOST: usize = 16 << 20;
    let folder = Folder::new("sizes");
    for (size, code, part) in [
        (0, 0, ""),
        (MOST, 0, ""),
        (MOST + 1, 2, "larger than 16 MiB"),
    ] {
        folder.write("a.idl", vec![b'\n'; size]);
        let said = folder.run(&["check", "a.idl"], code);
        assert!(said.contains(part), "{size}: {said}");
    }
}

#[test]
fn x_files_take_options_of_their_own() {
    let folder = Folder::new("x_options");
    fs::create_dir_all(folder.0.join("more")).unwrap();
    folder.write("more/types.x", "typedef string name<MAX>;\n");
    let text = "#include \"types.x\"\n#ifdef LARGE\nstruct a { name b; stamp c; };\n#endif\n";
    folder.write("a.x", text);
    let mut words = vec![
        "rust", "a.x", "--out", "out", "-I", "more", "-D", "LARGE", "-DMAX=9",
    ];
    words.extend(["--extern", "stamp=crate::Stamp", "--strings", "utf8"]);
    assert_eq!(folder.run(&words, 0), "");
    let rust = fs::read_to_string(folder.0.join("out/a.rs")).unwrap();
    for part in [
        "rpc_core::Bounded<String, MAX>",
        "MAX: u32 = 9",
        "pub c: crate::Stamp",
    ] {
        assert!(rust.contains(part), "{part}: {rust}");
    }
    let said = folder.run(&["check", "a.x", "-D", "9"], 2);
    assert!(said.contains("NAME=VALUE"), "{said}");
    let said = folder.run(&["fmt", "a.x"], 2);
    assert!(said.contains("only .idl files are formatted"), "{said}");
}

#[test]
fn warnings_are_shown_and_change_no_exit_code() {
    let folder = Folder::new("warnings");
    folder.write("a.x", "enum a { B, };\n");
    let said = folder.run(&["check", "a.x"], 0);
    assert!(
        said.starts_with("warning[W0951]: ") && said.ends_with("\n1 warning\n"),
        "{said}"
    );
    let output = folder.idlc(&["check", "a.x", "--format", "json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"severity\":\"warning\""), "{said}");
    folder.write("a.x", "enum a { B, };\nstruct b { c d; };\n");
    let said = folder.run(&["check", "a.x"], 1);
    assert!(said.ends_with("\n1 error, 1 warning\n"), "{said}");
}

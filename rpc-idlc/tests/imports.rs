//! Several files: what they see of each other, where they are looked for, and what may go wrong.

#![allow(clippy::unwrap_used, reason = "a test's own folder is there")]

use rpc_idlc::{Compiler, Error};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("imports_{test}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A compiler for texts, each with its name.
fn compiler(texts: &[(&str, &str)]) -> Compiler {
    let add = |compiler: Compiler, (name, text): &(&str, &str)| compiler.text(name, *text);
    texts.iter().fold(Compiler::new(), add)
}

/// What is said to mistakes.
#[track_caller]
fn refused(compiler: &Compiler) -> String {
    match compiler.generate() {
        Err(Error::Rejected(mistakes)) => mistakes.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The Rust of the first file.
#[track_caller]
fn accepted(compiler: &Compiler) -> String {
    match compiler.generate() {
        Ok(generated) => generated[0].rust.clone(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn files_see_what_they_import_and_no_more() {
    let money = "namespace acme.money; struct Amount { cents: u64 } error Refused { Busy = 1 } const MOST = 3;";
    for (text, parts) in [
        ("import \"m.idl\"; type A = acme.money.Amount;", &[][..]),
        ("import \"far.idl\"; type A = acme.money.Amount;", &[]),
        (
            "namespace acme.money; import \"m.idl\"; type A = Amount;",
            &[],
        ),
        (
            "import \"m.idl\"; import \"bare.idl\";",
            &[
                "unknown type `acme.money.Amount`",
                "bare.idl:1:10",
                "it is here",
                "import the file",
            ],
        ),
        (
            "type A = acme.money.Amount;",
            &["unknown type `acme.money.Amount`"],
        ),
        (
            "import \"m.idl\"; type A = Amount;",
            &["unknown type `Amount`", "did you mean `acme.money.Amount`?"],
        ),
        (
            "import \"m.idl\"; type A = acme.mony.Amount;",
            &["did you mean `acme.money.Amount`?"],
        ),
        (
            "import \"m.idl\"; type A = acme.money.Amuont;",
            &["did you mean `acme.money.Amount`?"],
        ),
        (
            "import \"m.idl\"; type A = list<u8x, MOST>;",
            &["unknown constant `MOST`", "did you mean `acme.money.MOST`?"],
        ),
        (
            "import \"m.idl\"; interface I { program 1; version 1; a() throws Refused = 1; }",
            &[
                "unknown error `Refused`",
                "did you mean `acme.money.Refused`?",
            ],
        ),
        (
            "namespace acme.money; import \"m.idl\"; struct Amount { }",
            &["`Amount` is defined twice", "m.idl:1:", "a.idl:1:"],
        ),
    ] {
        let mut texts = vec![
            ("a.idl", text),
            ("m.idl", money),
            ("far.idl", "import \"m.idl\";"),
        ];
        if text.contains("bare.idl") {
            texts.push(("bare.idl", "type A = acme.money.Amount;"));
        }
        let compiler = compiler(&texts);
        if parts.is_empty() {
            accepted(&compiler);
            continue;
        }
        let said = refused(&compiler);
        assert!(
            parts.iter().all(|part| said.contains(part)),
            "{text}\n{said}"
        );
    }
}

#[test]
fn files_without_a_namespace_share_one() {
    let texts = [
        (
            "a.idl",
            "import \"b.idl\"; import \"b.idl\"; import \"./b.idl\"; type A = B;",
        ),
        ("b.idl", "type B = u8;"),
    ];
    assert!(accepted(&compiler(&texts)).contains("pub type A = B;\npub type B = u8;\n"));
    let clash = [("a.idl", "import \"b.idl\"; type B = u16;"), texts[1]];
    assert!(refused(&compiler(&clash)).contains("`B` is defined twice"));
}

#[test]
fn imports_in_a_circle_are_shown_all_the_way_round() {
    let texts = [
        ("a.idl", "import \"b.idl\";"),
        ("b.idl", "import \"c.idl\";"),
        ("c.idl", "\nimport \"b.idl\";"),
        ("self.idl", "import \"self.idl\";"),
    ];
    let said = refused(&compiler(&texts));
    for part in [
        "error[E0603]",
        "c.idl:2:8",
        "b.idl imports c.idl imports b.idl",
        "self.idl imports self.idl",
        "2 errors",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_mistake_in_a_file_that_two_import_is_told_once() {
    let texts = [
        ("a.idl", "import \"c.idl\"; type A = u46;"),
        ("b.idl", "import \"c.idl\"; type B = u46;"),
        ("c.idl", "type C = u46; $"),
    ];
    let said = refused(&compiler(&texts));
    assert!(said.ends_with("\n4 errors\n"), "{said}");
}

#[test]
fn namespaces_that_would_be_one_module_are_refused() {
    for (first, second) in [("a.fooBar", "a.foo_bar"), ("fooBar.a", "foo_bar.b")] {
        let (first, second) = (
            format!("namespace {first};"),
            format!("namespace {second};"),
        );
        let root = "import \"b.idl\"; import \"c.idl\";";
        let said = refused(&compiler(&[
            ("a.idl", root),
            ("b.idl", &first),
            ("c.idl", &second),
        ]));
        assert!(said.contains("would both be `foo_bar` in Rust"), "{said}");
        assert!(said.ends_with("\n1 error\n"), "{said}");
    }
}

#[test]
fn one_program_is_not_two_interfaces_of_several_files() {
    let interface = |name| format!("interface {name} {{ program 7; version 1; }}");
    let (a, b) = (
        format!("import \"b.idl\"; {}", interface("A")),
        interface("B"),
    );
    let said = refused(&compiler(&[("a.idl", &a), ("b.idl", &b)]));
    assert!(
        said.contains("same program and version") && said.contains("b.idl:1:34"),
        "{said}"
    );
}

#[test]
fn imports_are_looked_for_beside_the_file_and_then_in_the_folders() {
    let folder = Folder::new("looked_for");
    let root = folder.write(
        "a/root.idl",
        "import \"x.idl\"; import \"y.idl\"; type A = (X, Y);",
    );
    folder.write("a/x.idl", "type X = u8;");
    folder.write("inc/x.idl", "type X = u16;");
    folder.write("inc/y.idl", "import \"z/z.idl\"; type Y = Z;");
    folder.write("inc/z/z.idl", "type Z = u32;");
    let said = refused(&Compiler::new().file(&root).include(folder.path("none")));
    for looked in ["a/y.idl", "none/y.idl"] {
        let looked = format!("looked for {}", folder.path(looked).display());
        assert!(said.contains(&looked), "{said}");
    }
    assert!(
        said.contains("error[E0602]: there is no file `y.idl`"),
        "{said}"
    );
    let rust = accepted(&Compiler::new().file(&root).include(folder.path("inc")));
    assert!(
        rust.contains("type X = u8") && rust.contains("type Z = u32"),
        "{rust}"
    );
}

#[cfg(unix)]
#[test]
fn one_file_by_many_names_is_read_once() {
    let folder = Folder::new("links");
    folder.write("b/common.idl", "type Id = u64;");
    std::os::unix::fs::symlink("common.idl", folder.path("b/link.idl")).unwrap();
    std::os::unix::fs::symlink("b", folder.path("c")).unwrap();
    let text = "import \"b/common.idl\"; import \"b/link.idl\"; import \"c/link.idl\";
        import \"b/../b/common.idl\"; type A = Id;";
    let rust = accepted(&Compiler::new().file(folder.write("a.idl", text)));
    assert_eq!(rust.matches("type Id").count(), 1, "{rust}");
    // A file is known by its own place too: here it is a root, and imported.
    let both = Compiler::new()
        .file(folder.path("a.idl"))
        .file(folder.path("c/link.idl"));
    assert_eq!(both.generate().unwrap().len(), 2);
}

#[test]
fn what_is_no_file_cannot_be_imported() {
    let folder = Folder::new("no_file");
    fs::create_dir_all(folder.path("dir.idl")).unwrap();
    for name in [
        "dir.idl",
        "",
        "/nowhere/at/all.idl",
        "a\\nb",
        "../../../../../../../x",
    ] {
        let root = folder.write("root.idl", &format!("import \"{name}\";"));
        let said = refused(&Compiler::new().file(&root));
        assert!(
            said.contains("error[E0602]") && said.contains("looked for"),
            "{said}"
        );
    }
}

#[test]
fn a_long_chain_of_imports_uses_up_no_stack() {
    let folder = Folder::new("chain");
    for n in 0..500 {
        folder.write(&format!("{n}.idl"), &format!("import \"{}.idl\";", n + 1));
    }
    let root = folder.path("0.idl");
    assert!(refused(&Compiler::new().file(&root)).contains("there is no file `500.idl`"));
    folder.write("500.idl", "type Last = u8;");
    assert!(accepted(&Compiler::new().file(&root)).contains("type Last"));
}

#[test]
fn a_file_sees_what_its_imports_import_and_no_more() {
    let folder = Folder::new("sees");
    for n in 0..50 {
        let text = format!("import \"{}.idl\"; type T{n} = T{};", n + 1, n + 1);
        folder.write(&format!("{n}.idl"), &text);
    }
    folder.write("50.idl", "type T50 = u8;");
    let root = folder.path("0.idl");
    assert!(accepted(&Compiler::new().file(&root)).contains("type T0 = T1"));
    // The far end is seen from the beginning, and not the other way round.
    folder.write("0.idl", "import \"1.idl\"; type T0 = T50;");
    assert!(accepted(&Compiler::new().file(&root)).contains("type T0 = T50"));
    folder.write("50.idl", "type T50 = T49;");
    let said = refused(&Compiler::new().file(&root));
    assert!(said.contains("import the file that defines it"), "{said}");
}

#[test]
fn the_rust_of_a_namespace_may_be_elsewhere() {
    let texts = [
        (
            "a.idl",
            "import \"m.idl\"; import \"d.idl\"; struct A { m: acme.money.Amount, d: acme.money.deep.Deep }",
        ),
        (
            "m.idl",
            "namespace acme.money; struct Amount { cents: u64 }",
        ),
        ("d.idl", "namespace acme.money.deep; struct Deep { a: u8 }"),
    ];
    let rust = accepted(&compiler(&texts).extern_path("acme.money", "crate::money"));
    assert!(rust.contains("m: crate::money::Amount"), "{rust}");
    assert!(rust.contains("d: crate::money::deep::Deep"), "{rust}");
    assert!(!rust.contains("mod "), "{rust}");
    let within = compiler(&texts)
        .extern_path("acme", "::acme_api")
        .extern_path("acme.money.deep", "deep::inside");
    let rust = accepted(&within);
    assert!(rust.contains("m: ::acme_api::money::Amount"), "{rust}");
    assert!(rust.contains("d: deep::inside::Deep"), "{rust}");
    for (namespace, path, why) in [
        (
            "acme.mony",
            "crate::money",
            "no file has this namespace, and no .x file needs this type",
        ),
        (
            "acme.mon",
            "crate::money",
            "no file has this namespace, and no .x file needs this type",
        ),
        (
            "",
            "crate::money",
            "no file has this namespace, and no .x file needs this type",
        ),
        ("acme.money", "crate money", "no path of a Rust module"),
        ("acme.money", "", "no path of a Rust module"),
    ] {
        let error = compiler(&texts)
            .extern_path(namespace, path)
            .generate()
            .unwrap_err();
        assert!(
            error.to_string().contains(why) && !error.is_rejected(),
            "{error}"
        );
    }
}

#[test]
fn an_x_file_holds_all_that_is_imported_under_names_with_their_namespaces() {
    let money =
        "namespace acme.money; struct Amount { cents: u64 } enum Kind { ALL = 1 } const MOST = 3;";
    let bank = "namespace acme.bank; import \"m.idl\"; \
                struct Amount { of: acme.money.Amount, kinds: list<acme.money.Kind, acme.money.MOST> }";
    let made = compiler(&[("b.idl", bank), ("m.idl", money)]).generate_x();
    let text = &made.unwrap_or_else(|error| panic!("{error}"))[0].text;
    for part in [
        "struct Amount {\n\tacme_money_Amount of;\n\tacme_money_Kind kinds<ACME_MONEY_MOST>;\n};",
        "/* `acme.money.Amount` in the contract. */\nstruct acme_money_Amount {",
        "ACME_MONEY_KIND_ALL = 1",
        "const ACME_MONEY_MOST = 3;",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

//! `docs/errors.md`: each failing sample gives the code of its section and nothing else, each mended
//! one compiles. What is said to the failing ones is kept in `fixtures/codes`.
//!
//! With `RPC_TESTS_REGENERATE=1` the expected files are written instead of compared. That every code
//! has a section is a test of the library.

#![allow(clippy::unwrap_used, reason = "no test holds the lock when it fails")]

mod common;

use common::check_expected;
use rpc_idlc::{Compiler, Error};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

#[test]
fn every_sample_is_judged_as_the_page_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../docs/errors.md")).expect("the page is there");
    let sections = page.split("\n## ").skip(1);
    for section in sections {
        let code = section[..5].to_owned();
        let folder = Folder::new(&code);
        let (mut refused, mut mended) = (0, 0);
        for (words, text) in blocks(section) {
            match words[..] {
                [language @ ("idl" | "x")] => {
                    mended += 1;
                    let found = folder.judge(language, text.as_bytes());
                    assert_eq!(
                        found, "",
                        "the mended sample of {code} is refused:\n{found}"
                    );
                }
                [language @ ("idl" | "x"), "bad", ..] => {
                    refused += 1;
                    let bytes = match words.contains(&"latin-1") {
                        true => text.chars().map(|c| c as u8).collect(),
                        false => text.as_bytes().to_vec(),
                    };
                    let message = folder.judge(language, &bytes);
                    let severity = if code.starts_with('W') {
                        "warning"
                    } else {
                        "error"
                    };
                    let only = message.contains(&format!("{severity}[{code}]: "))
                        && message.ends_with(&format!("\n1 {severity}\n"));
                    assert!(only, "the sample of {code} gives:\n{message}");
                    let expected = root.join(format!("tests/fixtures/codes/{code}.txt"));
                    check_expected(&expected, &message);
                }
                // Another file, which the samples may import.
                ["idl" | "x", name] => folder.write(name, text.as_bytes()),
                _ => {}
            }
        }
        assert!(refused >= 1 && mended >= 1, "{code} lacks a sample");
    }
}

/// The blocks of a section: the words behind the fence, and the text.
fn blocks(section: &str) -> Vec<(Vec<&str>, &str)> {
    let fenced = section.split("```").skip(1).step_by(2);
    let cut = fenced.map(|block| block.split_once('\n').expect("a fence has a line"));
    cut.map(|(words, text)| (words.split(' ').collect(), text))
        .collect()
}

/// Where the samples of a section are; it goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(code: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("codes")
            .join(code);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a test has a folder");
        Folder(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).expect("a sample can be written");
    }

    /// What is said to a sample, without the path of the folder. Nothing, if it is good.
    fn judge(&self, language: &str, sample: &[u8]) -> String {
        let name = format!("sample.{language}");
        self.write(&name, sample);
        let warnings = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&warnings);
        let compiler = Compiler::new().file(self.0.join(name));
        let compiler =
            compiler.on_warnings(move |warned| *told.lock().unwrap() = warned.to_string());
        let message = match compiler.generate() {
            Ok(_) => warnings.lock().unwrap().clone(),
            Err(Error::Rejected(mistakes)) => mistakes.to_string(),
            Err(other) => panic!("{}: {other:?}", self.0.display()),
        };
        message.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

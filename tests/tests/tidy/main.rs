//! What must be absent stays absent. Each test here keeps a sentence of `docs/architecture.md` that starts with "Never".

mod manifest;
mod paths;
mod sources;

use std::fs;

use manifest::Manifest;
use sources::{Source, root, sources};

/// Which crates of the workspace each crate may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("rpc-macros", &[]),
    ("rpc-idlc", &[]),
    ("rpc-proto", &["rpc-macros"]),
    ("rpc-core", &["rpc-macros", "rpc-proto"]),
    ("rpc-matchmaker", &["rpc-core"]),
    (
        "examples",
        &["rpc-core", "rpc-matchmaker", "rpc-idlc (build)"],
    ),
    ("benches", &["rpc-core", "rpc-idlc", "rpc-matchmaker"]),
    (
        "tests",
        &[
            "rpc-core",
            "rpc-idlc",
            "rpc-idlc (build)",
            "rpc-macros",
            "rpc-matchmaker",
            "rpc-proto",
        ],
    ),
    ("xtask", &[]),
];

/// Which modules of rpc-proto each module may name. A module that is not listed may name all that are above it.
const LAYERS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("record", &[]),
    ("describe", &["xdr"]),
    ("xdr", &["describe"]),
    ("message", &["xdr"]),
    (
        "session::client",
        &[
            "describe", "entropy", "message", "record", "session", "time", "xdr",
        ],
    ),
    (
        "session::server",
        &[
            "describe", "entropy", "message", "record", "session", "time", "xdr",
        ],
    ),
];

/// What a crate without I/O has no business with.
const OUTSIDE_WORLD: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::hash::RandomState",
    "std::collections::hash_map::RandomState",
    "getrandom",
    "mio",
    "rand",
    "rustix",
    "socket2",
    "tokio",
];

/// Files that may contain `unsafe`, each block under a `SAFETY` comment.
const UNSAFE_FILES: &[&str] = &[];

const LONGEST_FILE: usize = 600;

#[test]
fn dependencies_point_downwards() {
    let mut crates = Vec::new();
    for (name, allowed) in EDGES {
        let manifest = Manifest::of(name);
        for edge in manifest.workspace_edges() {
            assert!(
                allowed.contains(&edge.as_str()),
                "{name} depends on {edge}, which the map does not allow"
            );
        }
        crates.push((*name).to_owned());
    }
    let mut members = manifest::members();
    crates.sort();
    members.sort();
    assert_eq!(
        crates, members,
        "the map and the workspace list the same crates"
    );
}

#[test]
fn the_protocol_touches_nothing_outside() {
    let protocol = sources("rpc-proto/src");
    // A point in time is a value like another; to ask for the present one would be to have a clock.
    let is_moments = |source: &Source| source.name == "rpc-proto/src/xdr/moments.rs";
    forbid(&protocol, |source| !is_moments(source), OUTSIDE_WORLD);
    let clock = ["SystemTime::now", "Self::now", "Instant", "elapsed"];
    let moments = protocol.iter().find(|source| is_moments(source));
    let moments = moments.expect("the file that encodes times is there");
    assert!(!clock.iter().any(|word| moments.text.contains(word)));
    let allowed = ["rpc-macros", "siphasher", "thiserror", "uuid"];
    for dependency in Manifest::of("rpc-proto").dependencies() {
        assert!(
            allowed.contains(&dependency.as_str()),
            "rpc-proto depends on {dependency}"
        );
    }
    let library = protocol
        .iter()
        .find(|source| source.name == "rpc-proto/src/lib.rs");
    assert!(library.is_some_and(|source| source.text.contains("#![forbid(unsafe_code)]")));
}

#[test]
fn the_protocol_modules_keep_their_order() {
    let protocol = sources("rpc-proto/src");
    for (module, allowed) in LAYERS {
        let members = protocol.iter().filter(|source| source.is_in(module));
        for source in members {
            for path in paths::named_in(source)
                .iter()
                .filter_map(|path| path.strip_prefix("crate::"))
            {
                let top = path.split("::").next().unwrap_or(path);
                let fine = path.starts_with(module) || allowed.contains(&top);
                assert!(
                    fine,
                    "{} names crate::{path}; {module} may name {allowed:?}",
                    source.name
                );
            }
        }
    }
}

#[test]
fn client_and_server_machines_do_not_know_each_other() {
    let protocol = sources("rpc-proto/src");
    forbid(
        &protocol,
        |source| source.is_in("session::client"),
        &["crate::session::server"],
    );
    forbid(
        &protocol,
        |source| source.is_in("session::server"),
        &["crate::session::client"],
    );
}

#[test]
fn transports_know_no_request_ids() {
    let above = [
        "rpc_proto::session",
        "rpc_proto::message",
        "crate::client",
        "crate::server",
        "crate::matchmaker",
    ];
    forbid(
        &sources("rpc-core/src"),
        |source| source.is_in("transport"),
        &above,
    );
}

#[test]
fn the_core_needs_no_runtime() {
    for runtime in ["async-std", "async-trait", "futures", "smol", "tokio"] {
        let dependencies = Manifest::of("rpc-core").dependencies();
        assert!(
            !dependencies.iter().any(|name| name == runtime),
            "rpc-core depends on {runtime}"
        );
    }
}

#[test]
fn stubs_are_written_in_one_place() {
    for source in sources("rpc-idlc/src").iter().chain(&sources("examples")) {
        assert!(
            !source.text.contains("__private"),
            "{} names what only rpc-macros writes",
            source.name
        );
    }
}

#[test]
fn unsafe_stays_in_its_files() {
    for source in everything() {
        let unsafe_lines = source.lines_with_word("unsafe");
        if !UNSAFE_FILES.contains(&source.name.as_str()) {
            assert!(
                unsafe_lines.is_empty(),
                "{}: unsafe in lines {unsafe_lines:?}",
                source.name
            );
        }
        for line in unsafe_lines {
            assert!(
                source.has_safety_comment(line),
                "{}:{line}: unsafe without a SAFETY comment",
                source.name
            );
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for source in everything().filter(|source| !source.is_generated()) {
        let lines = source.text.lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "{} has {lines} lines; the most is {LONGEST_FILE}",
            source.name
        );
    }
}

#[test]
fn no_code_waits_by_sleeping() {
    forbid_everywhere(&[
        "std::thread::sleep",
        "thread::sleep",
        "rustix::thread::nanosleep",
    ]);
}

#[test]
fn products_have_no_fault_switches() {
    for (name, _) in EDGES {
        let unknown: Vec<String> = Manifest::of(name)
            .features()
            .into_iter()
            .filter(|feature| !FEATURES.contains(&feature.as_str()))
            .collect();
        assert!(
            unknown.is_empty(),
            "{name} has features that nobody decided on: {unknown:?}"
        );
    }
}

/// All features that the design has.
const FEATURES: &[&str] = &["default", "cli", "durable", "postcard"];

#[test]
fn every_never_names_the_test_that_keeps_it() {
    let document = fs::read_to_string(root().join("docs/architecture.md"))
        .expect("docs/architecture.md can be read");
    let this_file =
        fs::read_to_string(root().join("tests/tests/tidy/main.rs")).expect("this file can be read");
    let mut kept = Vec::new();
    for sentence in document
        .split("\n- ")
        .filter(|item| item.starts_with("Never"))
    {
        let sentence = sentence.split("\n\n").next().unwrap_or(sentence);
        let keeper = sentence
            .split("*kept by* `")
            .nth(1)
            .and_then(|rest| rest.split('`').next());
        let keeper = keeper.unwrap_or_else(|| panic!("nothing keeps this sentence: {sentence}"));
        assert!(
            this_file.contains(&format!("fn {keeper}()")),
            "no test is called {keeper}"
        );
        kept.push(keeper);
    }
    for test in this_file
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|rest| rest.split("()").next())
    {
        let spoken_of = kept.contains(&test) || test.starts_with("every_never");
        assert!(spoken_of, "docs/architecture.md has no sentence for {test}");
    }
}

/// All Rust sources of the workspace.
fn everything() -> impl Iterator<Item = Source> {
    manifest::members()
        .into_iter()
        .flat_map(|member| sources(&member))
}

fn forbid_everywhere(forbidden: &[&str]) {
    let all: Vec<Source> = everything().collect();
    for source in &all {
        forbid_in(source, &paths::named_in_tests_too(source), forbidden);
    }
}

/// None of the chosen files names anything at or under the forbidden paths, tests within them excepted.
#[track_caller]
fn forbid(sources: &[Source], chosen: impl Fn(&Source) -> bool, forbidden: &[&str]) {
    let mut looked_at = 0;
    for source in sources.iter().filter(|source| chosen(source)) {
        forbid_in(source, &paths::named_in(source), forbidden);
        looked_at += 1;
    }
    assert!(
        looked_at > 0,
        "the rule about {forbidden:?} found no file to look at"
    );
}

#[track_caller]
fn forbid_in(source: &Source, paths: &[String], forbidden: &[&str]) {
    for path in paths {
        let under = |prefix: &&str| {
            path == *prefix
                || path
                    .strip_prefix(*prefix)
                    .is_some_and(|rest| rest.starts_with("::"))
        };
        assert!(!forbidden.iter().any(under), "{} names {path}", source.name);
    }
}

//! What `idlc diff` says of a change is what happens: clients of either version call servers of the other.
//!
//! The changes are the rows of `changes.md`. With `RPC_TESTS_REGENERATE=1` the words there are written instead of compared.

use rpc_core::{Error, Executed, Server};
use rpc_idlc::{Compiler, Format, Outcome};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex};

#[path = "../src/changes.rs"]
#[allow(dead_code, reason = "the build script needs the rest")]
mod rows;

#[allow(
    dead_code,
    clippy::all,
    missing_docs,
    reason = "contracts are made to be changed"
)]
mod changes {
    include!(concat!(env!("OUT_DIR"), "/changes.rs"));
}

/// What servers were called with, in the words of `Debug`.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn hear(&self, value: &impl Debug) {
        self.0
            .lock()
            .expect("nobody panicked")
            .push(format!("{value:?}"));
    }

    fn last(&self) -> Option<String> {
        self.0.lock().expect("nobody panicked").pop()
    }
}

/// A client that could not even be made calls nothing.
type Called<T> = Result<Result<T, Error>, String>;

/// What became of one call: what was sent, heard, and answered, names made equal by `renamed`.
fn outcome<T: Debug>(
    sent: &str,
    heard: Option<String>,
    reply: Called<T>,
    renamed: &[(&str, &str)],
) -> Outcome {
    let plain = |text: &str| {
        renamed
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    match reply {
        Err(_) => Outcome::Refused,
        Ok(Err(error)) => {
            assert_eq!(error.executed(), Executed::No, "{error}");
            assert_eq!(heard, None, "it ran all the same: {error}");
            Outcome::Refused
        }
        Ok(Ok(reply)) => {
            let heard = heard.expect("what was answered was heard");
            let same = plain(&heard) == plain(sent) && plain(&format!("{reply:?}")) == plain(sent);
            if same {
                Outcome::Works
            } else {
                Outcome::Misread
            }
        }
    }
}

/// Of many calls the worst: refused all alike, or misread once.
fn worst(row: &str, outcomes: Vec<Outcome>) -> Outcome {
    assert!(!outcomes.is_empty(), "{row}: nobody called");
    let all = |wanted: Outcome| outcomes.iter().all(|outcome| *outcome == wanted);
    match () {
        () if all(Outcome::Works) => Outcome::Works,
        () if all(Outcome::Refused) => Outcome::Refused,
        () => {
            assert!(outcomes.contains(&Outcome::Misread), "{row}: {outcomes:?}");
            Outcome::Misread
        }
    }
}

/// What `idlc diff` says of a method of an interface; one that got another number is there twice.
fn said(row: &str, interface: &str, method: &str) -> (Outcome, Outcome) {
    let page = page();
    let rows = rows::changes(&page);
    let row = rows
        .iter()
        .find(|found| found.name == row)
        .expect("there is such a row");
    let compared = compare(row);
    let verdicts = compared.verdicts().iter();
    let ours: Vec<_> = verdicts
        .filter(|v| v.interface == interface && v.method == method)
        .collect();
    let known = |outcomes: Vec<Outcome>| {
        outcomes
            .into_iter()
            .find(|outcome| *outcome != Outcome::Absent)
    };
    let old = known(ours.iter().map(|verdict| verdict.old_client).collect());
    let new = known(ours.iter().map(|verdict| verdict.new_client).collect());
    (old.unwrap_or(Outcome::Works), new.unwrap_or(Outcome::Works))
}

fn compare(row: &rows::Row<'_>) -> rpc_idlc::Comparison {
    let compiler = Compiler::new()
        .text("old.idl", row.old.as_str())
        .text("new.idl", row.new.as_str());
    compiler
        .diff()
        .unwrap_or_else(|error| panic!("{}: {error}", row.name))
}

fn page() -> String {
    std::fs::read_to_string(path()).expect("the page can be read")
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("changes.md")
}

/// `row, old Trait Client Service method, new …`: both serve an echo, and each calls the other with its own values.
macro_rules! echo {
    ($row:ident, [$($old:expr),*], [$($new:expr),*] $(, renamed $renamed:expr)?) => {
        echo!($row, old Row RowClient RowService call [$($old),*], new Row RowClient RowService call [$($new),*] $(, renamed $renamed)?);
    };
    ($row:ident, old $ot:ident $oc:ident $os:ident $om:ident [$($old:expr),*] $({ $($oextra:tt)* })?,
     new $nt:ident $nc:ident $ns:ident $nm:ident [$($new:expr),*] $({ $($nextra:tt)* })? $(, renamed $renamed:expr)?) => {
        #[test]
        fn $row() {
            #[allow(unused_imports, reason = "some rows need it")]
            use changes::$row::{new, old};
            struct Old(Heard);
            struct New(Heard);
            impl changes::$row::old::$ot for Old {
                fn $om(&self, _: &rpc_core::Context, value: changes::$row::old::V) -> changes::$row::old::V {
                    self.0.hear(&value);
                    value
                }
                $($($oextra)*)?
            }
            impl changes::$row::new::$nt for New {
                fn $nm(&self, _: &rpc_core::Context, value: changes::$row::new::V) -> changes::$row::new::V {
                    self.0.hear(&value);
                    value
                }
                $($($nextra)*)?
            }
            let renamed: &[(&str, &str)] = &[$($renamed)?];
            let heard = Heard::default();
            let server = start(Server::builder().serve(new::$ns::new(New(heard.clone()))));
            let to = server.endpoints()[0].to_string();
            let client = old::$oc::connect(&to).map_err(|error| error.to_string());
            let old_client = vec![$({
                let value = $old;
                let sent = format!("{value:?}");
                let reply = client.as_ref().map_err(Clone::clone).map(|client| client.$om(value).wait());
                outcome(&sent, heard.last(), reply, renamed)
            }),*];
            let heard = Heard::default();
            let server = start(Server::builder().serve(old::$os::new(Old(heard.clone()))));
            let to = server.endpoints()[0].to_string();
            let client = new::$nc::connect(&to).map_err(|error| error.to_string());
            let new_client = vec![$({
                let value = $new;
                let sent = format!("{value:?}");
                let reply = client.as_ref().map_err(Clone::clone).map(|client| client.$nm(value).wait());
                outcome(&sent, heard.last(), reply, renamed)
            }),*];
            let seen = (worst(stringify!($row), old_client), worst(stringify!($row), new_client));
            assert_eq!(seen, said(stringify!($row), stringify!($nt), stringify!($nm)), "seen, and said");
        }
    };
}

fn start(builder: rpc_core::ServerBuilder) -> Server {
    builder
        .listen("tcp://127.0.0.1:0")
        .start()
        .expect("the server starts")
}

fn bounded<T: rpc_core::xdr::Measure, const N: u32>(value: T) -> rpc_core::Bounded<T, N> {
    match rpc_core::Bounded::new(value) {
        Ok(bounded) => bounded,
        Err(_) => panic!("it is short"),
    }
}

echo!(
    field_added,
    [old::V { a: 1, b: 2 }],
    [new::V { a: 1, b: 2, c: 3 }]
);
echo!(
    field_removed,
    [old::V { a: 1, b: 2, c: 3 }],
    [new::V { a: 1, b: 2 }]
);
echo!(
    field_renamed,
    [old::V { a: 1, b: 2 }],
    [new::V { a: 1, z: 2 }],
    renamed("b:", "z:")
);
echo!(
    fields_swapped,
    [old::V { a: 1, b: 2 }],
    [new::V { a: 1, b: 2 }]
);
echo!(
    fields_of_two_types_swapped,
    [old::V {
        a: 1,
        b: "b".into()
    }],
    [new::V {
        a: 1,
        b: "b".into()
    }]
);
echo!(
    field_widened,
    [old::V { a: 1, b: 2 }],
    [new::V { a: 1, b: 2 }]
);
echo!(
    field_narrowed,
    [old::V { a: 1, b: 2 }],
    [new::V { a: 1, b: 2 }]
);
echo!(
    field_signed,
    [old::V { a: 1, b: 2 }, old::V { a: 1, b: u32::MAX }],
    [new::V { a: 1, b: -2 }]
);
echo!(
    field_optional,
    [old::V { a: 1, b: 1 }],
    [new::V { a: 1, b: Some(1) }, new::V { a: 1, b: None }]
);
echo!(
    field_wrapped,
    [old::V { a: 1, b: 2 }],
    [new::V {
        a: 1,
        b: new::Wrapped { b: 2 }
    }],
    renamed("Wrapped { b: 2 }", "2")
);
echo!(
    value_added,
    [old::V::Red, old::V::Green],
    [new::V::Red, new::V::Blue]
);
echo!(value_removed, [old::V::Red, old::V::Blue], [new::V::Red]);
echo!(
    value_renamed,
    [old::V::Red, old::V::Green],
    [new::V::Red, new::V::Lime],
    renamed("Green", "Lime")
);
echo!(
    values_swapped,
    [old::V::Red, old::V::Green],
    [new::V::Red, new::V::Green]
);
echo!(
    arm_added,
    [old::V::A, old::V::B(1)],
    [new::V::A, new::V::C(1)]
);
echo!(
    arm_removed,
    [old::V::A, old::V::C(1)],
    [new::V::A, new::V::B(1)]
);
echo!(
    arm_renamed,
    [old::V::A, old::V::B(1)],
    [new::V::A, new::V::Z(1)],
    renamed("B(", "Z(")
);
echo!(
    arms_swapped,
    [old::V::A(1), old::V::B(2)],
    [new::V::A(1), new::V::B(2)]
);
echo!(
    arm_holds_more,
    [old::V::A, old::V::B(1)],
    [new::V::A, new::V::B(1, 2)]
);
echo!(
    bound_raised,
    [old::V {
        a: bounded("a".to_owned())
    }],
    [
        new::V {
            a: bounded("a".to_owned())
        },
        new::V {
            a: bounded("0123456789".to_owned())
        }
    ]
);
echo!(
    bound_lowered,
    [old::V {
        a: bounded("a".to_owned())
    }],
    [new::V {
        a: bounded("a".to_owned())
    }]
);
echo!(
    bound_added,
    [old::V { a: vec![1] }],
    [new::V {
        a: bounded(vec![1])
    }]
);
echo!(
    bound_removed,
    [old::V {
        a: bounded(vec![1])
    }],
    [new::V { a: vec![1; 9] }]
);
echo!(
    bound_by_a_constant,
    [old::V {
        a: bounded("a".to_owned())
    }],
    [new::V {
        a: bounded("a".to_owned())
    }]
);
echo!(alias_gone, [old::V { a: 1 }], [new::V { a: 1 }]);
echo!(alias_of_an_alias, [old::V { a: 1 }], [new::V { a: 1 }]);
echo!(
    struct_renamed,
    [old::V {
        inner: old::Inner { a: 1, b: 2 },
        c: 3
    }],
    [new::V {
        inner: new::Other { a: 1, b: 2 },
        c: 3
    }],
    renamed("Inner", "Other")
);
echo!(
    list_to_set,
    [old::V { a: vec![1, 2] }],
    [new::V { a: [1, 2].into() }]
);
echo!(
    pairs_to_map,
    [old::V { a: vec![(1, 2)] }],
    [new::V { a: [(1, 2)].into() }]
);
echo!(
    text_to_bytes,
    [old::V { a: "a".into() }],
    [new::V { a: b"a".to_vec() }]
);
echo!(
    bytes_to_uuid,
    [old::V { a: [7; 16] }],
    [new::V {
        a: rpc_core::Uuid::from_bytes([7; 16])
    }]
);
echo!(
    array_longer,
    [old::V { a: [1, 2] }],
    [new::V { a: [1, 2, 3] }]
);
echo!(
    recursive_field_added,
    [old::V { a: 1, next: None }],
    [new::V {
        a: 1,
        b: 2,
        next: None
    }]
);
echo!(semantics_weaker, [1], [1]);
echo!(semantics_stronger, [1], [1]);
echo!(semantics_said, [1], [1]);
echo!(deadline_changed, [1], [1]);
echo!(argument_renamed, [1], [1]);
echo!(version_raised, [1], [1]);
echo!(version_beside, [1], [1]);
echo!(only_comments, [old::V { a: 1 }], [new::V { a: 1 }]);
echo!(interface_renamed, old Row RowClient RowService call [1], new Line LineClient LineService call [1]);
echo!(method_renamed, old Row RowClient RowService call [1], new Row RowClient RowService say [1]);
echo!(method_renumbered, [1], [1]);

echo!(method_added,
    old Row RowClient RowService call [1],
    new Row RowClient RowService call [1] { fn more(&self, _: &rpc_core::Context, value: u32) -> u32 { value } });
echo!(method_removed,
    old Row RowClient RowService call [1] { fn more(&self, _: &rpc_core::Context, value: u32) -> u32 { value } },
    new Row RowClient RowService call [1]);
echo!(methods_swapped,
    old Row RowClient RowService call [1] { fn more(&self, _: &rpc_core::Context, value: u32) -> u32 { self.0.hear(&value); value + 1 } },
    new Row RowClient RowService call [1] { fn more(&self, _: &rpc_core::Context, value: u32) -> u32 { self.0.hear(&value); value + 1 } });

/// Serves both versions of a row whose methods are no echo, and calls each with the other's client.
macro_rules! calls {
    ($row:ident, old { $($old:tt)* } [$($sent:expr),*] is $told:literal,
     new { $($new:tt)* } [$($resent:expr),*] is $retold:literal) => {
        #[test]
        fn $row() {
            use changes::$row::{new, old};
            struct Old(Heard);
            struct New(Heard);
            impl old::Row for Old { $($old)* }
            impl new::Row for New { $($new)* }
            let heard = Heard::default();
            let server = start(Server::builder().serve(new::RowService::new(New(heard.clone()))));
            let client = old::RowClient::connect(&server.endpoints()[0].to_string()).expect("it connects");
            let reply = client.call($($sent),*).wait();
            let old_client = arrived(reply.map(drop), heard.last(), $told);
            let heard = Heard::default();
            let server = start(Server::builder().serve(old::RowService::new(Old(heard.clone()))));
            let client = new::RowClient::connect(&server.endpoints()[0].to_string()).expect("it connects");
            let reply = client.call($($resent),*).wait();
            let new_client = arrived(reply.map(drop), heard.last(), $retold);
            assert_eq!((old_client, new_client), said(stringify!($row), "Row", "call"), "seen, and said");
        }
    };
}

/// Servers write down `value` before `other`.
fn arrived(reply: Result<(), Error>, heard: Option<String>, sent: &str) -> Outcome {
    match reply {
        Ok(()) if heard == Some(format!("{sent:?}")) => Outcome::Works,
        Ok(()) => Outcome::Misread,
        Err(error) => {
            assert_eq!((error.executed(), heard), (Executed::No, None), "{error}");
            Outcome::Refused
        }
    }
}

calls!(arguments_swapped,
    old { fn call(&self, _: &rpc_core::Context, value: u32, other: u32) -> u32 { self.0.hear(&format!("{value} {other}")); 0 } } [1, 2] is "1 2",
    new { fn call(&self, _: &rpc_core::Context, other: u32, value: u32) -> u32 { self.0.hear(&format!("{value} {other}")); 0 } } [2, 1] is "1 2");
calls!(argument_added,
    old { fn call(&self, _: &rpc_core::Context, value: u32) -> u32 { self.0.hear(&value.to_string()); 0 } } [1] is "1",
    new { fn call(&self, _: &rpc_core::Context, value: u32, other: u32) -> u32 { self.0.hear(&format!("{value} {other}")); 0 } } [1, 2] is "1 2");
calls!(result_changed,
    old { fn call(&self, _: &rpc_core::Context, value: u32) -> u32 { self.0.hear(&value.to_string()); 0 } } [1] is "1",
    new { fn call(&self, _: &rpc_core::Context, value: u32) -> Option<u32> { self.0.hear(&value.to_string()); None } } [1] is "1");
calls!(error_added,
    old { fn call(&self, _: &rpc_core::Context, value: u32) -> u32 { self.0.hear(&value.to_string()); 0 } } [1] is "1",
    new { fn call(&self, _: &rpc_core::Context, value: u32) -> Result<u32, new::E> { self.0.hear(&value.to_string()); Ok(0) } } [1] is "1");

#[test]
fn error_in_a_union() {
    use changes::error_in_a_union::{new, old};
    struct Old;
    impl old::Row for Old {
        fn call(&self, _: &rpc_core::Context, value: u32) -> Result<u32, old::E> {
            if value == 0 {
                Err(old::E::Bad)
            } else {
                Ok(value)
            }
        }
    }
    struct New;
    impl new::Row for New {
        fn call(&self, _: &rpc_core::Context, value: u32) -> new::Outcome {
            match value {
                0 => new::Outcome::Failed(new::E::Bad),
                value => new::Outcome::Good(value),
            }
        }
    }
    let server = start(Server::builder().serve(new::RowService::new(New)));
    let client = old::RowClient::connect(&server.endpoints()[0].to_string()).expect("it connects");
    assert!(matches!(client.call(7).wait(), Ok(Ok(7))));
    assert!(matches!(client.call(0).wait(), Ok(Err(old::E::Bad))));
    let server = start(Server::builder().serve(old::RowService::new(Old)));
    let client = new::RowClient::connect(&server.endpoints()[0].to_string()).expect("it connects");
    assert!(matches!(client.call(7).wait(), Ok(new::Outcome::Good(7))));
    assert!(matches!(
        client.call(0).wait(),
        Ok(new::Outcome::Failed(new::E::Bad))
    ));
    assert_eq!(
        said("error_in_a_union", "Row", "call"),
        (Outcome::Works, Outcome::Works)
    );
}

#[test]
#[allow(deprecated, reason = "that is the change")]
fn deprecated() {
    use changes::deprecated::{new, old};
    struct Old;
    impl old::Row for Old {
        fn call(&self, _: &rpc_core::Context, value: u32) -> u32 {
            value
        }
    }
    let server = start(Server::builder().serve(old::RowService::new(Old)));
    let client = new::RowClient::connect(&server.endpoints()[0].to_string()).expect("it connects");
    assert_eq!(client.call(7).wait().ok(), Some(7));
    assert_eq!(
        said("deprecated", "Row", "call"),
        (Outcome::Works, Outcome::Works)
    );
}

#[test]
fn the_words_are_those_of_the_page_and_every_row_is_run() {
    let (page, test) = (page(), include_str!("changes.rs"));
    let mut found = page.split("\n## ").next().unwrap_or_default().to_owned();
    let mut names = BTreeSet::new();
    for (row, section) in rows::changes(&page).iter().zip(page.split("\n## ").skip(1)) {
        let run = [
            format!("echo!({},", row.name),
            format!("calls!({},", row.name),
            format!("fn {}()", row.name),
        ];
        let run_in_lines = format!("\n    {},\n", row.name);
        assert!(
            run.iter().any(|run| test.contains(run)) || test.contains(&run_in_lines),
            "{} is not run",
            row.name
        );
        assert!(names.insert(row.name), "{} is there twice", row.name);
        let (before, _) = section.split_once("```text\n").expect("a row has words");
        found += &format!(
            "\n## {before}```text\n{}```\n",
            compare(row).render(Format::Plain)
        );
    }
    assert!(names.len() >= 50);
    if std::env::var_os("RPC_TESTS_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(path(), &found).expect("the page can be written");
    }
    assert!(
        std::fs::read_to_string(path()).is_ok_and(|page| page == found),
        "write it anew with RPC_TESTS_REGENERATE=1"
    );
}

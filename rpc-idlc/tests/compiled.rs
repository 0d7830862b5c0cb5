//! rustc takes the Rust of every fixture, with the real derive and the real `#[rpc]`.

mod common;

use common::{fixtures, x_files};

/// Declares a module for each fixture's Rust, which is how rustc gets to see it, and their list.
macro_rules! compiled {
    ($list:ident in $folder:literal: $($name:ident)*) => {
        $(
            #[allow(dead_code, missing_docs, reason = "fixtures are read, not used")]
            pub(crate) mod $name {
                include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/", $folder, "/", stringify!($name), ".rs"));
            }
        )*
        const $list: &[&str] = &[$(stringify!($name)),*];
    };
}

compiled! {
    COMPILED in "good":
    aliases annotations both_doors clashes comments constants enums errors interfaces large lengths maps names namespaces
    optional prelude scalars semantics structs times to_c tuples unions unions_with_switch versions windows
}

mod x_read {
    compiled! {
        COMPILED in "x_read":
        anonymous arrays beyond_c c_names comments conditions constants crlf digit_separators empty enums header include
        latin1 line_markers lists macros macros_in_macros marked namespaces never_met no_final_newline octets one_char own_names
        passed passed_conditions passed_defines passed_types program_constants programs quadruple sloppy ti_rpc two_values
        types unions
    }

    pub(super) const FIXTURES: &[&str] = COMPILED;
}

/// The Rust of `.x` files.
mod x {
    compiled! {
        COMPILED in "x":
        absent_lists anonymous bytes constants empty enums floats large lists names namespaces odd_names only_default
        prelude programs semantics structs typedefs unions versions
    }

    pub(super) const FIXTURES: &[&str] = COMPILED;
}

#[test]
fn rustc_has_seen_every_fixture() {
    for (paths, compiled) in [
        (fixtures("good"), COMPILED),
        (x_files("x_read"), x_read::FIXTURES),
        (x_files("x"), x::FIXTURES),
    ] {
        let found: Vec<String> = paths
            .iter()
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        assert_eq!(found, compiled);
    }
}

/// What a thread has if nobody says otherwise.
const STACK: usize = 2 << 20;

/// Takes a value from zeros, which are one of each type here, and writes it again.
fn there_and_back<T: for<'a> rpc_core::Decode<'a> + rpc_core::Encode + Clone + PartialEq>(
    bytes: &[u8],
) {
    let mut input = rpc_core::xdr::Decoder::new(bytes, rpc_core::xdr::Limits::default());
    let value = T::decode(&mut input).expect("it is a value");
    let clone = value.clone();
    assert!(clone == value);
    let taken = &bytes[..input.position()];
    assert!(rpc_core::xdr::to_vec(&clone).expect("it has an encoding") == taken);
}

#[test]
fn large_arrays_stay_off_the_stack() {
    let all = || {
        let zeros = vec![0; 4 << 20];
        there_and_back::<x::large::Block>(&zeros);
        there_and_back::<x::large::Letters>(&zeros);
        there_and_back::<x::large::Large>(&zeros);
        there_and_back::<x::large::Pieces>(&zeros);
        there_and_back::<x::large::Page>(&zeros);
        there_and_back::<large::Large>(&zeros);
        // Each in its left one, as deep as the limit for depth lets them.
        let node = |left: u8| [&[0; 2900][..], &[0, 0, 0, left]].concat();
        let nodes = [node(1).repeat(126), node(0), vec![0; 4 * 127]].concat();
        there_and_back::<x::large::Nodes>(&nodes);
        // A union and the box around it are two levels.
        let leaf = [&[0, 0, 0, 1][..], &[0; 100]].concat();
        let tree = [[0, 0, 0, 2].repeat(62), leaf.repeat(63)].concat();
        there_and_back::<large::Tree>(&tree);
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(all);
    thread.expect("it starts").join().expect("all is well");
}

#[test]
fn a_declared_error_says_what_happened() {
    use errors::{BankError, Failure, Refused};
    for (error, expected) in [
        (
            &BankError::NoSuchAccount { account: 7 } as &dyn std::error::Error,
            "no such account: account 7",
        ),
        (
            &BankError::InsufficientFunds {
                missing: 25,
                r#type: "cash".to_owned(),
            },
            "insufficient funds: missing 25, type \"cash\"",
        ),
        (&BankError::Frozen, "frozen"),
        (&BankError::Two(1, 2), "two: 1, 2"),
        (&Refused::NotToday, "not today"),
        (
            &Failure::Known {
                discriminant: 2,
                line: 9,
            },
            "known: line 9",
        ),
        (&Failure::Pair(3, 9), "pair: 9"),
        (&Failure::Bare(5), "bare"),
        (
            &Failure::Unknown {
                discriminant: 8,
                text: String::new(),
            },
            "unknown: text \"\"",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

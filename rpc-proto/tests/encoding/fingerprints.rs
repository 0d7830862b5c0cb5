//! Rules E-18 and E-19: a fingerprint depends on what is on the wire and what is promised, and on nothing else.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use rpc_macros::Xdr;
use rpc_proto::describe::{Describe, Field, Interface, Method, Semantics, Type, TypeFn};
use rpc_proto::xdr::{Bounded, Uuid};

use super::types::*;

fn result_print(result: TypeFn) -> u64 {
    Method {
        name: "m",
        procedure: 1,
        semantics: Semantics::AtMostOnce,
        deadline: None,
        args: &[],
        result,
    }
    .fingerprint()
}

fn print<T: Describe>() -> u64 {
    result_print(T::describe)
}

/// `Node` under other names and spellings.
#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
struct Link {
    rest: (i32, Option<Box<Link>>),
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
struct Endless {
    next: Box<Endless>,
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
enum Outcome {
    Worked(u64),
    Failed(String),
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
enum Reordered {
    Azure = 1_000_000,
    Verdant = -5,
    Scarlet = 0,
}

#[test]
fn e19_names_and_spellings_do_not_count() {
    assert_eq!(print::<Node>(), print::<Link>());
    assert_eq!(print::<Point>(), print::<(i32, i64)>());
    assert_eq!(print::<((u32,),)>(), print::<u32>());
    assert_eq!(print::<Result<u64, String>>(), print::<Outcome>());
    assert_eq!(print::<Color>(), print::<Reordered>());
    assert_eq!(print::<&str>(), print::<String>());
    assert_eq!(print::<Vec<u8>>(), print::<&[u8]>());
    assert_eq!(print::<Box<u32>>(), print::<u32>());
    assert_eq!(print::<Cow<'_, str>>(), print::<String>());
    assert_eq!(print::<Cow<'_, [u8]>>(), print::<Vec<u8>>());
    assert_eq!(print::<HashMap<u8, u16>>(), print::<BTreeMap<u8, u16>>());
    assert_eq!(print::<HashSet<u8>>(), print::<BTreeSet<u8>>());
    assert_eq!(print::<SocketAddr>(), print::<(IpAddr, u16)>());
}

/// `Status` with its arms in another order.
#[derive(Xdr)]
#[xdr(crate = rpc_proto, switch = u32)]
#[allow(dead_code, reason = "only its descriptor is used")]
enum Shuffled {
    #[xdr(default)]
    Rest { code: u32, text: String },
    #[xdr(case = 2 | 1)]
    Slow { code: u32, seconds: u64 },
    #[xdr(case = 0)]
    Done,
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
struct Twin {
    left: Option<Box<Twin>>,
    right: Option<Box<Twin>>,
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
struct Even {
    left: Option<Box<Odd>>,
    right: Option<Box<Even>>,
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
#[allow(dead_code, reason = "only its descriptor is used")]
struct Odd {
    left: Option<Box<Even>>,
    right: Option<Box<Twin>>,
}

#[test]
fn e19_neither_does_the_order_of_arms_or_a_second_name_for_a_number() {
    assert_eq!(print::<Status>(), print::<Shuffled>());
    let twice = || &Type::Enum {
        name: "e",
        values: &[("a", 7), ("b", -7), ("also a", 7)],
    };
    let once = || &Type::Enum {
        name: "e",
        values: &[("b", -7), ("a", 7)],
    };
    assert_eq!(result_print(twice), result_print(once));
}

/// Three types that contain each other unfold to the same tree as one that contains itself twice.
#[test]
fn e18_only_the_tree_that_a_type_unfolds_to_counts() {
    assert_eq!(print::<Twin>(), print::<Even>());
    assert_eq!(print::<Twin>(), print::<Odd>());
}

#[test]
fn e19_what_is_on_the_wire_counts() {
    let mut prints = vec![
        print::<()>(),
        print::<bool>(),
        print::<i8>(),
        print::<i16>(),
        print::<i32>(),
        print::<i64>(),
        print::<u8>(),
        print::<u16>(),
        print::<u32>(),
        print::<u64>(),
        print::<f32>(),
        print::<f64>(),
        print::<String>(),
        print::<Vec<u8>>(),
        print::<[u8; 3]>(),
        print::<[u8; 4]>(),
        print::<Vec<u32>>(),
        print::<Vec<u64>>(),
        print::<[u32; 3]>(),
        print::<[u32; 4]>(),
        print::<Option<u32>>(),
        print::<Option<Option<u32>>>(),
        print::<(u32, u32)>(),
        print::<(u32, u32, u32)>(),
        print::<((u32, u32), u32)>(),
        print::<Bounded<String, 3>>(),
        print::<Bounded<String, 4>>(),
        print::<Result<u32, u64>>(),
        print::<Result<u64, u32>>(),
        print::<Color>(),
        print::<FileKind>(),
        print::<Shape>(),
        print::<Status>(),
        print::<Node>(),
        print::<Tree>(),
        print::<Everything>(),
        print::<Endless>(),
        print::<u128>(),
        print::<i128>(),
        print::<Duration>(),
        print::<SystemTime>(),
        print::<Uuid>(),
        print::<Ipv4Addr>(),
        print::<Ipv6Addr>(),
        print::<IpAddr>(),
        print::<SocketAddr>(),
        print::<BTreeMap<u32, u64>>(),
        print::<BTreeMap<u64, u32>>(),
        print::<Vec<(u32, u64)>>(),
        print::<BTreeMap<u32, ()>>(),
        print::<BTreeSet<u32>>(),
        print::<BTreeSet<u64>>(),
        print::<Bounded<BTreeSet<u64>, 3>>(),
    ];
    let count = prints.len();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), count);
}

const ARGS: &[Field] = &[
    Field {
        name: "a",
        ty: u32::describe,
    },
    Field {
        name: "b",
        ty: String::describe,
    },
];
const BASE: Method = Method {
    name: "m",
    procedure: 1,
    semantics: Semantics::AtMostOnce,
    deadline: None,
    args: ARGS,
    result: bool::describe,
};

#[test]
fn e18_procedure_semantics_arguments_and_result_count() {
    let base = BASE.fingerprint();
    for same in [
        Method {
            name: "other",
            ..BASE
        },
        Method {
            deadline: Some(Duration::from_secs(1)),
            ..BASE
        },
    ] {
        assert_eq!(same.fingerprint(), base, "{same:?}");
    }
    for changed in [
        Method {
            procedure: 2,
            ..BASE
        },
        Method {
            semantics: Semantics::ExactlyOnce,
            ..BASE
        },
        Method {
            args: &ARGS[..1],
            ..BASE
        },
        Method {
            result: u32::describe,
            ..BASE
        },
    ] {
        assert_ne!(changed.fingerprint(), base, "{changed:?}");
    }
}

/// Servers and clients of different releases compare fingerprints, so these numbers may never change.
#[test]
fn e18_fingerprints_are_fixed() {
    let found = [
        BASE.fingerprint(),
        print::<()>(),
        print::<Node>(),
        print::<Status>(),
        print::<Everything>(),
        print::<(u128, i128)>(),
        print::<(Duration, SystemTime)>(),
        print::<(Uuid, Ipv4Addr, Ipv6Addr, IpAddr)>(),
        print::<BTreeMap<String, BTreeSet<u32>>>(),
    ];
    assert_eq!(found.map(|print| format!("{print:016x}")), FIXED);
}

const FIXED: [&str; 9] = [
    "9588bdc69f7644c7",
    "b4c657f8484d0a3b",
    "e76f4eec30e33ba9",
    "ee2a60880142402d",
    "adf26093032d3501",
    "d961a6c4a7fa4786",
    "16da710ca2034288",
    "f3075ee1a3419ebf",
    "1ae7cb4a432614dc",
];

#[test]
fn an_interface_finds_its_methods_by_number() {
    const METHODS: &[Method] = &[
        BASE,
        Method {
            procedure: 2,
            ..BASE
        },
        Method {
            procedure: 9,
            ..BASE
        },
    ];
    let interface = Interface {
        name: "i",
        program: 1,
        version: 1,
        methods: METHODS,
    };
    for procedure in 0..12 {
        let found = interface.method(procedure).map(|method| method.procedure);
        assert_eq!(found, [1, 2, 9].contains(&procedure).then_some(procedure));
    }
}

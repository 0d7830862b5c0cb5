//! `tests/vectors/refused.txt`: bytes that are not accepted.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use rpc_proto::xdr::{Bounded, Decode, DecodeError, Limits, Uuid, from_slice};

use super::types::*;
use super::vectors::bytes;

#[test]
fn e1_to_e25_what_is_not_canonical_is_refused_where_it_is_wrong() {
    let text = include_str!("../../../tests/vectors/refused.txt");
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let [kind, hex, at, what] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("not `type | bytes | offset | problem`: {line}");
        };
        let error = decode(kind, &bytes(hex));
        assert_eq!(
            (
                error.at.to_string().as_str(),
                format!("{:?}", error.what).as_str()
            ),
            (at, what),
            "{line}"
        );
    }
}

fn decode(kind: &str, bytes: &[u8]) -> DecodeError {
    match kind {
        "void" => refuse::<()>(bytes),
        "bool" => refuse::<bool>(bytes),
        "i8" => refuse::<i8>(bytes),
        "u8" => refuse::<u8>(bytes),
        "i16" => refuse::<i16>(bytes),
        "u16" => refuse::<u16>(bytes),
        "u32" => refuse::<u32>(bytes),
        "u64" => refuse::<u64>(bytes),
        "string" => refuse_all([refuse::<String>(bytes), refuse::<&str>(bytes)]),
        "list of u8" => refuse_all([refuse::<Vec<u8>>(bytes), refuse::<&[u8]>(bytes)]),
        "list of i16" => refuse::<Vec<i16>>(bytes),
        "list of u64" => refuse::<Vec<u64>>(bytes),
        "list of string" => refuse_all([refuse::<Vec<String>>(bytes), refuse::<Vec<&str>>(bytes)]),
        "list of void" => refuse::<Vec<()>>(bytes),
        "array of 3 u8" => refuse::<[u8; 3]>(bytes),
        "array of 2 u16" => refuse::<[u16; 2]>(bytes),
        "array of 2 u32" => refuse::<[u32; 2]>(bytes),
        "option of u32" => refuse::<Option<u32>>(bytes),
        "result" => refuse::<Result<u32, u32>>(bytes),
        "color" => refuse::<Color>(bytes),
        "shape" => refuse::<Shape>(bytes),
        "tree" => refuse::<Tree>(bytes),
        "string of at most 3" => refuse_all([
            refuse::<Bounded<String, 3>>(bytes),
            refuse::<Bounded<&str, 3>>(bytes),
        ]),
        "list of at most 2 u32" => refuse::<Bounded<Vec<u32>, 2>>(bytes),
        other => decode_extended(other, bytes),
    }
}

fn decode_extended(kind: &str, bytes: &[u8]) -> DecodeError {
    match kind {
        "u128" => refuse::<u128>(bytes),
        "duration" => refuse::<Duration>(bytes),
        "time" => refuse::<SystemTime>(bytes),
        "uuid" => refuse::<Uuid>(bytes),
        "ipv4" => refuse::<Ipv4Addr>(bytes),
        "ipv6" => refuse::<Ipv6Addr>(bytes),
        "ip" => refuse::<IpAddr>(bytes),
        "socket" => refuse::<SocketAddr>(bytes),
        "map of i32 to string" => refuse_all([
            refuse::<BTreeMap<i32, String>>(bytes),
            refuse::<HashMap<i32, &str>>(bytes),
        ]),
        "set of string" => refuse_all([
            refuse::<BTreeSet<String>>(bytes),
            refuse::<HashSet<&str>>(bytes),
        ]),
        "set of void" => refuse::<BTreeSet<()>>(bytes),
        "set of loud words" => refuse::<HashSet<LoudWord>>(bytes),
        "map of at most 1" => refuse_all([
            refuse::<Bounded<BTreeMap<u32, u32>, 1>>(bytes),
            refuse::<Bounded<HashMap<u32, u32>, 1>>(bytes),
        ]),
        "set of at most 1" => refuse_all([
            refuse::<Bounded<BTreeSet<u32>, 1>>(bytes),
            refuse::<Bounded<HashSet<u32>, 1>>(bytes),
        ]),
        "cow of at most 3" => refuse::<Bounded<Cow<'_, str>, 3>>(bytes),
        "cow of u16" => refuse::<Cow<'_, [u16]>>(bytes),
        "boxed string" => refuse::<Box<str>>(bytes),
        other => panic!("no type is called {other}"),
    }
}

#[track_caller]
fn refuse<'a, T: Decode<'a> + Debug>(bytes: &'a [u8]) -> DecodeError {
    from_slice::<T>(bytes, Limits::default()).expect_err("these bytes are not canonical")
}

/// Owned and borrowed types refuse the same.
#[track_caller]
fn refuse_all([owned, borrowed]: [DecodeError; 2]) -> DecodeError {
    assert_eq!(owned, borrowed);
    owned
}

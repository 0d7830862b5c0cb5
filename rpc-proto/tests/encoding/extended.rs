//! Rules E-20 to E-25: `tests/vectors/extended.txt`, the laws over random values and bytes, and the limits of maps and sets.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use rpc_proto::describe::{Describe, Type};
use rpc_proto::xdr::{DecodeProblem, Encode, EncodeError, Limits, Uuid, from_slice, to_vec};

use super::properties::{bytes_survive, value_survives};
use super::types::{Animal, LoudWord};
use super::vectors::{Rows, bounded};

#[test]
fn e20_to_e25_values_have_their_bytes() {
    let mut rows = Rows::read(include_str!("../../../tests/vectors/extended.txt"));
    numbers_and_times(&mut rows);
    addresses(&mut rows);
    maps(&mut rows);
    sets(&mut rows);
    rows.check_borrowed::<Cow<'_, [u16]>>("cow/list", Cow::Owned(vec![1, 2]));
    rows.check::<Box<str>>("box/text", "abc".into());
    rows.check::<Box<[u8]>>("box/bytes", [1, 2].into());
    rows.check::<Box<[u16]>>("box/list", [1, 2].into());
    let text: Cow<'_, str> = Cow::Borrowed("abc");
    rows.check_borrowed("cow/text", text.clone());
    rows.check_borrowed("cow/bounded", bounded::<_, 3>(text));
    rows.check_borrowed::<Cow<'_, [u8]>>("cow/bytes", Cow::Borrowed(&[1, 2]));
    rows.finish();
}

fn numbers_and_times(rows: &mut Rows) {
    rows.check("u128/order", 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10_u128);
    rows.check("u128/max", u128::MAX);
    rows.check("i128/minus-two", -2i128);
    rows.check("i128/min", i128::MIN);
    rows.check("u128/list", vec![1u128, 2]);
    rows.check("i128/array", [-1i128, 0]);
    rows.check("duration/zero", Duration::ZERO);
    rows.check("duration/half", Duration::from_millis(1500));
    rows.check("duration/longest", Duration::MAX);
    let epoch = SystemTime::UNIX_EPOCH;
    rows.check("time/epoch", epoch);
    rows.check("time/order", epoch + Duration::new(1_753_600_000, 7));
    rows.check(
        "time/just-before-the-epoch",
        epoch - Duration::from_nanos(1),
    );
    rows.check("time/first", epoch - Duration::from_secs(1 << 63));
    rows.check(
        "time/last",
        epoch + Duration::new(i64::MAX as u64, 999_999_999),
    );
}

fn addresses(rows: &mut Rows) {
    let v4 = Ipv4Addr::new(192, 0, 2, 1);
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    rows.check(
        "uuid",
        Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
    );
    rows.check("ipv4", v4);
    rows.check("ipv6", v6);
    rows.check("ip/4", IpAddr::V4(v4));
    rows.check("ip/6", IpAddr::V6(v6));
    rows.check("socket/4", SocketAddr::from((v4, 80)));
    rows.check("socket/6", SocketAddr::from((v6, 443)));
    rows.check("socket/v4-alone", SocketAddrV4::new(v4, 80));
    rows.check("socket/v6-alone", SocketAddrV6::new(v6, 443, 0, 0));
}

fn maps(rows: &mut Rows) {
    rows.check("map/empty", BTreeMap::<u32, String>::new());
    rows.check("map/numbers", BTreeMap::from([(2u32, false), (1, true)]));
    rows.check(
        "map/negative-keys-come-last",
        BTreeMap::from([(-2, 20), (-1, 10), (0, 0), (7, 70)]),
    );
    let words = [("aa", "x"), ("b", ""), ("c", "yz")];
    let words = words.map(|(key, value)| (key.to_owned(), value.to_owned()));
    rows.check("map/shorter-strings-come-first", BTreeMap::from(words));
    rows.check("map/hash", HashMap::from([("one".to_owned(), 1u32)]));
    rows.check(
        "map/map",
        BTreeMap::from([
            (1, BTreeMap::new()),
            (-1, BTreeMap::from([(-1, 1), (1, 2)])),
        ]),
    );
    rows.check(
        "map/pairs",
        BTreeMap::from([((1, String::new()), ()), ((-1, "b".to_owned()), ())]),
    );
    rows.check(
        "map/bounded",
        bounded::<_, 1>(BTreeMap::from([(1u32, 2u32)])),
    );
}

fn sets(rows: &mut Rows) {
    rows.check("set/empty", BTreeSet::<u32>::new());
    rows.check("set/numbers", BTreeSet::from([300u32, 1, u32::MAX]));
    rows.check(
        "set/strings",
        BTreeSet::from(["aa", "b"].map(str::to_owned)),
    );
    rows.check("set/hash", HashSet::from([false]));
    let lists = [vec![], vec![1u32], vec![1, 2], vec![2]];
    rows.check(
        "set/set",
        BTreeSet::from(lists.map(|list| list.into_iter().collect::<BTreeSet<_>>())),
    );
    rows.check(
        "set/bounded",
        bounded::<_, 1>(HashSet::from(["b".to_owned()])),
    );
}

/// Text that a message lends is not copied; what a list of numbers takes in memory is not what it takes on the wire.
#[test]
fn e25_text_and_bytes_are_borrowed() {
    let bytes = to_vec(&("abc", &[1u8, 2, 3, 4][..], &[1u16][..])).unwrap();
    type Found<'a> = (Cow<'a, str>, Cow<'a, [u8]>, Cow<'a, [u16]>);
    let (text, data, numbers): Found<'_> = from_slice(&bytes, Limits::default()).unwrap();
    let within = bytes.as_ptr_range();
    assert!(within.contains(&text.as_ptr()) && within.contains(&data.as_ptr()));
    assert!(matches!(numbers, Cow::Owned(_)));
}

/// Two keys that are different to Rust and equal on the wire, and the other way round.
#[test]
fn e20_a_key_twice_has_no_encoding() {
    let animals = BTreeMap::from([(Animal::Cat(1), 1u32), (Animal::Cat(2), 2)]);
    assert_eq!(to_vec(&animals), Err(EncodeError::Duplicate));
    let set: HashSet<Animal> = animals.into_keys().collect();
    assert_eq!(to_vec(&set), Err(EncodeError::Duplicate));
    let words = to_vec(&[LoudWord("A".into()), LoudWord("a".into())][..]).unwrap();
    let found = from_slice::<HashSet<LoudWord>>(&words, Limits::default());
    assert_eq!(
        found.map_err(|error| error.what),
        Err(DecodeProblem::Duplicate)
    );
}

#[test]
fn e22_e23_what_is_of_one_host_only_has_no_encoding() {
    let address = |flow, scope| SocketAddrV6::new(Ipv6Addr::LOCALHOST, 1, flow, scope);
    for (address, fine) in [
        (address(0, 0), true),
        (address(1, 0), false),
        (address(0, 1), false),
    ] {
        assert_eq!(to_vec(&address).is_ok(), fine, "{address}");
        assert_eq!(to_vec(&SocketAddr::V6(address)).is_ok(), fine, "{address}");
    }
}

#[test]
fn e20_maps_and_sets_are_within_the_limits() {
    let limits = |depth, allocation| Limits {
        depth,
        allocation,
        ..Limits::default()
    };
    let problem = |result: Result<_, rpc_proto::xdr::DecodeError>| {
        result.map(drop).map_err(|error| error.what)
    };
    let map = to_vec(&BTreeMap::from([(1u64, 1u64), (2, 2)])).unwrap();
    type Map = BTreeMap<u64, u64>;
    // Two entries of 16 bytes, and as much again for the room that a tree keeps.
    for (limits, expected) in [
        (limits(1, 64), Ok(())),
        (limits(1, 63), Err(DecodeProblem::AllocationLimit)),
        (limits(0, 64), Err(DecodeProblem::DepthLimit)),
    ] {
        assert_eq!(problem(from_slice::<Map>(&map, limits).map(drop)), expected);
        assert_eq!(
            problem(from_slice::<HashMap<u64, u64>>(&map, limits).map(drop)),
            expected
        );
    }
    let deep = to_vec(&BTreeSet::from([BTreeSet::from([1u8])])).unwrap();
    let found = from_slice::<BTreeSet<BTreeSet<u8>>>(&deep, limits(1, 1 << 20));
    assert_eq!(problem(found.map(drop)), Err(DecodeProblem::DepthLimit));
}

#[test]
fn socket_addresses_and_cows_are_described_as_what_they_are_on_the_wire() {
    let Type::Tuple([ip, port]) = SocketAddr::describe() else {
        panic!("{:?}", SocketAddr::describe())
    };
    assert!(matches!((ip(), port()), (Type::Ip, Type::U16)));
    assert!(matches!(<Cow<'_, [u8]>>::describe(), Type::Opaque));
    assert!(matches!(<Box<str>>::describe(), Type::String));
    assert!(matches!(<HashMap<u8, u8>>::describe(), Type::Map(..)));
    assert!(matches!(<HashSet<u8>>::describe(), Type::Set(_)));
}

/// Runs the second law on the types of this file; whether any accepted the bytes.
fn bytes_survive_in_any(bytes: &[u8]) -> bool {
    let accepted = [
        bytes_survive::<(u128, i128)>(bytes),
        bytes_survive::<Vec<u128>>(bytes),
        bytes_survive::<(Duration, SystemTime)>(bytes),
        bytes_survive::<(Uuid, Ipv4Addr, Ipv6Addr)>(bytes),
        bytes_survive::<Vec<SocketAddr>>(bytes),
        bytes_survive::<BTreeMap<i32, String>>(bytes),
        bytes_survive::<HashMap<String, Vec<u8>>>(bytes),
        bytes_survive::<BTreeMap<u8, BTreeMap<i8, ()>>>(bytes),
        bytes_survive::<BTreeMap<Option<i16>, bool>>(bytes),
        bytes_survive::<BTreeSet<Vec<i32>>>(bytes),
        bytes_survive::<HashSet<LoudWord>>(bytes),
        bytes_survive::<BTreeSet<BTreeSet<String>>>(bytes),
        bytes_survive::<(Cow<'_, str>, Cow<'_, [u8]>, Cow<'_, [i16]>)>(bytes),
        bytes_survive::<(Box<str>, Box<[u8]>)>(bytes),
    ];
    accepted.contains(&true)
}

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from)
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0..1_000_000_000u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

fn time() -> impl Strategy<Value = SystemTime> {
    (any::<i64>(), 0..1_000_000_000u64).prop_map(|(seconds, nanos)| {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let second = match seconds {
            ..0 => SystemTime::UNIX_EPOCH - distance,
            0.. => SystemTime::UNIX_EPOCH + distance,
        };
        second + Duration::from_nanos(nanos)
    })
}

fn words() -> impl Strategy<Value = BTreeMap<i32, String>> {
    prop::collection::btree_map(any::<i32>(), any::<String>(), 0..6)
}

fn table() -> impl Strategy<Value = HashMap<String, Vec<u8>>> {
    let blob = prop::collection::vec(any::<u8>(), 0..9);
    prop::collection::hash_map(any::<String>(), blob, 0..6)
}

fn tree() -> impl Strategy<Value = BTreeMap<u8, BTreeMap<i8, ()>>> {
    let leaves = prop::collection::btree_map(any::<i8>(), Just(()), 0..6);
    prop::collection::btree_map(any::<u8>(), leaves, 0..6)
}

fn lists() -> impl Strategy<Value = BTreeSet<Vec<i32>>> {
    let list = prop::collection::vec(any::<i32>(), 0..4);
    prop::collection::btree_set(list, 0..6)
}

/// Some value's encoding, of any of the types.
fn encoding() -> impl Strategy<Value = Vec<u8>> {
    fn bytes<T: Encode>(value: T) -> Vec<u8> {
        to_vec(&value).expect("the value has an encoding")
    }
    prop_oneof![
        any::<(u128, i128)>().prop_map(bytes),
        (duration(), time()).prop_map(bytes),
        prop::collection::vec((ip(), any::<u16>()), 0..4).prop_map(bytes),
        words().prop_map(bytes),
        table().prop_map(bytes),
        tree().prop_map(bytes),
        lists().prop_map(bytes),
    ]
}

proptest! {
    #[test]
    fn e20_to_e25_values_survive(
        numbers: (u128, i128, Vec<u128>),
        times in (duration(), time()),
        (ip, port) in (ip(), any::<u16>()),
        trees in (words(), tree(), lists()),
        tables in (table(), prop::collection::hash_set(any::<i64>(), 0..6)),
    ) {
        value_survives(&numbers)?;
        value_survives(&times)?;
        value_survives(&(ip, SocketAddr::from((ip, port))))?;
        value_survives(&trees)?;
        value_survives(&tables)?;
    }

    /// The order is that of the encoded keys, whatever the keys and wherever they come from.
    #[test]
    fn e20_entries_are_sorted_by_their_bytes(
        map in prop::collection::hash_map(("[a-d]{0,5}", any::<i8>()), any::<u32>(), 0..20),
    ) {
        let mut entries: Vec<_> = map.iter().map(|entry| (to_vec(entry.0).unwrap(), to_vec(entry.1).unwrap())).collect();
        entries.sort();
        let mut expected = to_vec(&(map.len() as u32)).unwrap();
        entries.into_iter().for_each(|(key, value)| expected.extend([key, value].concat()));
        prop_assert_eq!(&to_vec(&map).unwrap(), &expected);
        prop_assert_eq!(to_vec(&map.into_iter().collect::<BTreeMap<_, _>>()).unwrap(), expected);
    }

    #[test]
    fn e20_to_e25_small_words_that_are_accepted_survive(words in prop::collection::vec(0u32..4, 0..20)) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes_survive_in_any(&bytes);
    }

    #[test]
    fn e20_to_e25_damaged_encodings_that_are_accepted_survive(
        bytes in encoding(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4), 0..3),
    ) {
        prop_assert!(bytes_survive_in_any(&bytes));
        let mut bytes = bytes;
        for (place, value) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
        }
        bytes_survive_in_any(&bytes);
    }
}

/// Encoded in the wrong order at every level, which a second walk of each level would make exponential.
#[test]
fn e20_deep_maps_take_no_longer_than_wide_ones() {
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, rpc_macros::Xdr)]
    #[xdr(crate = rpc_proto)]
    struct Level(BTreeMap<i32, Level>);
    let level = |below| Level([(-1, Level(BTreeMap::new())), (0, below)].into());
    let deep = (1..100).fold(Level(BTreeMap::new()), |below, _| level(below));
    let bytes = to_vec(&deep).unwrap();
    assert_eq!(from_slice::<Level>(&bytes, Limits::default()), Ok(deep));
}

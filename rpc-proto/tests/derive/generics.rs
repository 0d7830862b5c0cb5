//! Types with parameters: what they encode as, what they ask of their parameters, and what people are told they are.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::marker::PhantomData;

use rpc_macros::Xdr;
use rpc_proto::describe::{Describe, Type, TypeFn};
use rpc_proto::xdr::{Bounded, DecodeProblem};

use super::{check, refused};

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Tree<T> {
    value: T,
    children: Vec<Tree<T>>,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
enum List<T, E = bool>
where
    E: Clone,
{
    Empty,
    Link(T, Box<List<T, E>>),
    Broken(E),
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Mixed<'a, T: 'a, U, const ROWS: usize, const FLAG: bool = true>
where
    T: Copy,
{
    name: &'a str,
    corner: T,
    rows: [U; ROWS],
    rest: Cow<'a, [u8]>,
}

#[test]
fn parameters_are_encoded_where_they_stand() {
    let buffer = &mut Vec::new();
    let page = Page {
        items: vec![Some(vec![1u32, 2]), None],
        next: Some(3),
    };
    check(page, &[2, 1, 2, 1, 2, 0, 1, 3], buffer);
    let leaf = |value| Tree {
        value,
        children: vec![],
    };
    let tree = Tree {
        value: 1u16,
        children: vec![leaf(2), leaf(3)],
    };
    check(tree, &[1, 2, 2, 0, 3, 0], buffer);
    let list: List<Page<u8>, i8> = List::Link(
        Page {
            items: vec![7, 8],
            next: None,
        },
        Box::new(List::Broken(-1)),
    );
    check(list, &[1, 2, 0x0708_0000, 0, 2, u32::MAX], buffer);
    check(List::<String>::Empty, &[0], buffer);
    let mixed: Mixed<'_, u64, i8, 2> = Mixed {
        name: "ab",
        corner: 9,
        rows: [-1, 1],
        rest: Cow::Borrowed(&[5]),
    };
    check(
        mixed,
        &[2, 0x6162_0000, 0, 9, u32::MAX, 1, 1, 0x0500_0000],
        buffer,
    );
}

trait Shelf {
    type Item;
    const LABEL: u32;
}

#[derive(Debug, PartialEq)]
struct Books;

impl Shelf for Books {
    type Item = String;
    const LABEL: u32 = 3;
}

/// The shelf itself has no encoding, and needs none.
#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Shelved<S: Shelf> {
    first: S::Item,
    others: Option<Box<<S as Shelf>::Item>>,
}

/// What a number is the number of.
#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Id<Of> {
    number: u32,
    of: PhantomData<Of>,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
enum Marked<Of> {
    Not,
    With(PhantomData<fn(Of) -> Of>, u32),
}

#[test]
fn only_what_is_on_the_wire_needs_an_encoding() {
    let buffer = &mut Vec::new();
    let shelved = Shelved::<Books> {
        first: "ab".to_owned(),
        others: Some(Box::new("c".to_owned())),
    };
    check(shelved, &[2, 0x6162_0000, 1, 1, 0x6300_0000], buffer);
    assert_eq!(Books::LABEL, 3);
    let of = PhantomData::<fn()>;
    check(Id { number: 5, of }, &[5], buffer);
    check(Marked::<Books>::With(PhantomData, 8), &[1, 8], buffer);
    assert_eq!(
        refused::<Marked<Books>>(&[2]),
        DecodeProblem::Discriminant {
            kind: "Marked",
            value: 2
        }
    );
    let Type::Struct { fields, .. } = Id::<Books>::describe() else {
        panic!("{:?}", Id::<Books>::describe())
    };
    assert_eq!(fields.len(), 1, "a marker is not described");
}

type Plain = BuildHasherDefault<std::hash::DefaultHasher>;

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Index<K, V> {
    tree: BTreeMap<K, V>,
}

/// A table can only be compared if its keys can be hashed, so nothing is derived here but the encoding.
#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
struct Tables<K, V, S = Plain> {
    table: HashMap<(K, u32), V, S>,
    set: HashSet<K>,
}

#[test]
fn keys_need_what_their_map_needs() {
    let buffer = &mut Vec::new();
    let index = Index {
        tree: BTreeMap::from([(2u32, "b".to_owned()), (1, "a".to_owned())]),
    };
    check(index, &[2, 1, 1, 0x6100_0000, 2, 1, 0x6200_0000], buffer);
    let tables = Tables::<u8, bool> {
        table: HashMap::from_iter([((1, 2), true)]),
        set: HashSet::from([7]),
    };
    let bytes = rpc_proto::xdr::to_vec(&tables).expect("the value has an encoding");
    let back: Tables<u8, bool> =
        rpc_proto::xdr::from_slice(&bytes, Default::default()).expect("it was just encoded");
    assert_eq!((back.table, back.set), (tables.table, tables.set));
}

fn name(of: TypeFn) -> &'static str {
    match of() {
        Type::Struct { name, .. } | Type::Union { name, .. } => name,
        other => panic!("{other:?} has no name"),
    }
}

#[test]
fn names_tell_instantiations_apart() {
    for (of, expected) in [
        (Page::<u32>::describe as TypeFn, "Page<u32>"),
        (Page::<&str>::describe, "Page<String>"),
        (Page::<Option<Vec<i64>>>::describe, "Page<Option<Vec<i64>>>"),
        (Page::<Tree<[u8; 4]>>::describe, "Page<Tree<[u8; 4]>>"),
        (Tree::<Page<Tree<()>>>::describe, "Tree<Page<Tree<()>>>"),
        (List::<u8>::describe, "List<u8, bool>"),
        (
            Page::<(u8, Result<i128, String>)>::describe,
            "Page<(u8, Result<i128, String>)>",
        ),
        (
            Page::<HashMap<u8, HashSet<u128>>>::describe,
            "Page<Map<u8, Set<u128>>>",
        ),
        (
            Page::<Bounded<String, 20>>::describe,
            "Page<Bounded<String, 20>>",
        ),
        (
            Mixed::<'_, u8, bool, 12, false>::describe,
            "Mixed<u8, bool, 12, 0>",
        ),
        (Signed::<-7>::describe, "Signed<-7>"),
        (Id::<Books>::describe, "Id"),
        (Shelved::<Books>::describe, "Shelved"),
        (Page::<super::Colour>::describe, "Page<Colour>"),
        (Page::<super::Lease>::describe, "Page<lease>"),
    ] {
        assert_eq!(name(of), expected);
    }
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Signed<const BY: i8>(u32, u32);

/// A name is for people, so one that is too long is cut.
#[test]
fn names_are_finite() {
    type Three<T> = (T, T, T);
    type Long = Three<Three<Three<Three<u32>>>>;
    let name = name(Page::<Long>::describe);
    assert!(name.len() <= 200, "{name}");
    assert!(name.starts_with("Page<((((u32, u32, u32), "), "{name}");
    assert!(name.ends_with("…>"), "{name}");
}

/// Each instantiation has its own descriptor: the same code with other types in it.
#[test]
fn descriptors_are_of_the_instantiation() {
    let item = |of: TypeFn| {
        let Type::Struct {
            fields: [items, _], ..
        } = of()
        else {
            panic!("{:?}", of())
        };
        format!("{:?}", (items.ty)())
    };
    assert_eq!(item(Page::<u8>::describe), "Opaque");
    assert!(item(Page::<u32>::describe).starts_with("List("));
    let recursive = || {
        let Type::Struct {
            fields: [_, children],
            ..
        } = Tree::<i32>::describe()
        else {
            panic!("{:?}", Tree::<i32>::describe())
        };
        let Type::List(inner) = (children.ty)() else {
            panic!("{:?}", (children.ty)())
        };
        name(*inner)
    };
    assert_eq!(recursive(), "Tree<i32>");
}

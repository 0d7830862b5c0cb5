//! Descriptors of types as definitions and as the types that name them.

use super::super::{Arm, Field, Interface, Type, TypeFn};
use super::layout::{self, Item, group, lines, parameters, text};
use super::names::Names;
use super::thrown;
use std::collections::{HashMap, HashSet};

/// Types written inside each other more deeply than this get a name on the way: `.idl` allows 32 levels.
const DEEPEST: usize = 24;

/// The types that were met, and the definitions that they need.
pub(super) struct Types {
    names: Names,
    /// The name of each defined type, with the place where it was met.
    defined: Vec<(&'static Type, String)>,
    /// The same by address: most types are met at one address only.
    known: HashMap<*const Type, usize>,
    items: Vec<String>,
    notes: Vec<String>,
    errors: Vec<&'static Type>,
    switches: Vec<&'static Type>,
    nothing: Option<String>,
    byte: Option<String>,
    depth: usize,
}

/// Can this be declared as an `error`?
pub(super) fn is_error(ty: &Type) -> bool {
    matches!(ty, Type::Enum { .. } | Type::Union { .. })
}

impl Types {
    pub(super) fn new(names: Names, interfaces: &[&Interface]) -> Self {
        Self {
            names,
            defined: Vec::new(),
            known: HashMap::new(),
            items: Vec::new(),
            notes: Vec::new(),
            errors: thrown(interfaces),
            switches: switches(interfaces),
            nothing: None,
            byte: None,
            depth: 0,
        }
    }

    /// The definitions that have come up since the last time, each behind those that it names.
    pub(super) fn take_items(&mut self) -> Vec<String> {
        std::mem::take(&mut self.items)
    }

    /// What `.idl` cannot say.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A union cannot switch on an error, so an enum that one does is thrown by no name of its own.
    pub(super) fn can_be_thrown(&self, ty: &'static Type) -> bool {
        is_error(ty) && !self.switches.iter().any(|switch| same(switch, ty))
    }

    fn is_thrown(&self, ty: &'static Type) -> bool {
        self.can_be_thrown(ty) && self.errors.iter().any(|error| same(error, ty))
    }

    /// A type as it is written; `outer` is what a type without a name is called after.
    pub(super) fn ty(&mut self, ty: &'static Type, outer: &str) -> Item {
        self.depth += 1;
        let written = match self.depth > DEEPEST && is_nested(ty) {
            true => self.alias(ty, outer),
            false => self.spell(ty, outer),
        };
        self.depth -= 1;
        written
    }

    fn alias(&mut self, ty: &'static Type, outer: &str) -> Item {
        let depth = std::mem::take(&mut self.depth);
        let mut item = vec![text("")];
        item.extend(self.spell(ty, outer));
        let name = self.names.ty(&format!("{outer}_part"));
        item[0] = text(format!("type {name} = "));
        self.items.push(layout::line(&item, 0, ";"));
        self.depth = depth;
        vec![text(name)]
    }

    fn spell(&mut self, ty: &'static Type, outer: &str) -> Item {
        match *ty {
            Type::Void => self.nothing(),
            Type::FixedOpaque(0) => self.no_length("array", outer),
            Type::FixedOpaque(length) => vec![text(format!("bytes[{length}]"))],
            Type::Array(_, 0) => self.no_length("array", outer),
            Type::Array(inner, length) => {
                let mut item = self.element(inner, outer);
                item.push(text(format!("[{length}]")));
                item
            }
            Type::Option(inner) => {
                let inner = self.ty(inner(), outer);
                vec![text("optional"), parameters(vec![inner])]
            }
            Type::Bounded(inner, max) => self.bounded(inner(), max, outer),
            Type::List(_) | Type::Map(..) | Type::Set(_) => self.many(ty, None, outer),
            Type::Tuple([only]) => self.ty(only(), outer),
            Type::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.ty(part(), outer)).collect();
                vec![group("(", ")", parts)]
            }
            Type::Result(..) | Type::Struct { .. } | Type::Enum { .. } | Type::Union { .. } => {
                vec![text(self.named(ty, outer))]
            }
            _ => vec![text(simple(ty))],
        }
    }

    fn bounded(&mut self, inner: &'static Type, max: u32, outer: &str) -> Item {
        let bound = match max {
            0 => {
                self.notes
                    .push(format!("{outer}: a bound of 0 is written as 1."));
                1
            }
            max => max,
        };
        match inner {
            Type::String | Type::Opaque => {
                vec![
                    text(simple(inner)),
                    parameters(vec![vec![text(bound.to_string())]]),
                ]
            }
            _ => self.many(inner, Some(bound), outer),
        }
    }

    /// A list, a map or a set.
    fn many(&mut self, ty: &'static Type, bound: Option<u32>, outer: &str) -> Item {
        let (word, mut inner) = match *ty {
            Type::List(element) => ("list", vec![self.element(element, outer)]),
            Type::Set(element) => ("set", vec![self.ty(element(), outer)]),
            Type::Map(key, value) => {
                let key = self.ty(key(), &format!("{outer}_key"));
                ("map", vec![key, self.ty(value(), outer)])
            }
            _ => return self.spell(ty, outer),
        };
        inner.extend(bound.map(|bound| vec![text(bound.to_string())]));
        vec![text(word), parameters(inner)]
    }

    /// `list<u8>` would be bytes, and other bytes than a list of numbers has.
    fn element(&mut self, element: TypeFn, outer: &str) -> Item {
        if !matches!(unwrapped(element()), Type::U8) {
            return self.ty(element(), outer);
        }
        if self.byte.is_none() {
            let name = self.names.ty("Byte");
            self.items.push(format!("struct {name} {{ value: u8 }}\n"));
            self.byte = Some(name);
        }
        self.byte.iter().map(text).collect()
    }

    fn nothing(&mut self) -> Item {
        if self.nothing.is_none() {
            let name = self.names.ty("Nothing");
            self.items.push(format!("struct {name} {{}}\n"));
            self.nothing = Some(name);
        }
        self.nothing.iter().map(text).collect()
    }

    fn no_length(&mut self, what: &str, outer: &str) -> Item {
        self.notes.push(format!(
            "{outer}: an {what} of length 0 is written as a struct without fields."
        ));
        self.nothing()
    }

    /// The name of a type that is defined; it is if it was not yet.
    fn named(&mut self, ty: &'static Type, outer: &str) -> String {
        let place = std::ptr::from_ref(ty);
        let known = self.known.get(&place).copied();
        let known = known.or_else(|| self.defined.iter().position(|(other, _)| same(other, ty)));
        if let Some(at) = known {
            self.known.insert(place, at);
            return self.defined[at].1.clone();
        }
        let own = match *ty {
            Type::Struct { name, .. } | Type::Enum { name, .. } | Type::Union { name, .. } => name,
            _ => outer,
        };
        let name = self.names.ty(own);
        self.known.insert(place, self.defined.len());
        self.defined.push((ty, name.clone()));
        let depth = std::mem::take(&mut self.depth);
        let item = self.define(ty, &name);
        self.items.push(layout::line(&item, 0, ""));
        self.depth = depth;
        name
    }

    fn define(&mut self, ty: &'static Type, name: &str) -> Item {
        match *ty {
            Type::Struct { fields, .. } => {
                vec![
                    text(format!("struct {name} ")),
                    group("{", "}", self.fields(fields, name)),
                ]
            }
            Type::Enum { values, .. } => {
                let word = if self.is_thrown(ty) { "error" } else { "enum" };
                let mut names = Names::default();
                let values = values.iter().map(|(value, number)| {
                    vec![text(format!("{} = {number}", names.variant(value)))]
                });
                vec![
                    text(format!("{word} {name} ")),
                    group("{", "}", values.collect()),
                ]
            }
            Type::Union { switch, arms, .. } => self.union(ty, name, switch(), arms),
            Type::Result(good, bad) => {
                let arms = [("Ok", good, 0), ("Err", bad, 1)].map(|(arm, ty, number)| {
                    let held = self.ty(ty(), &format!("{name}_{arm}"));
                    vec![
                        text(arm),
                        group("(", ")", vec![held]),
                        text(format!(" = {number}")),
                    ]
                });
                vec![text(format!("union {name} ")), lines(arms.into())]
            }
            _ => Vec::new(),
        }
    }

    fn union(
        &mut self,
        ty: &'static Type,
        name: &str,
        switch: &'static Type,
        arms: &[Arm],
    ) -> Item {
        let word = if self.is_thrown(ty) { "error" } else { "union" };
        let switch = unwrapped(switch);
        let plain = arms
            .iter()
            .all(|arm| arm.fields.is_empty() && !arm.default && arm.cases.len() == 1);
        let mut item = vec![text(format!("{word} {name} "))];
        // Without it, a union of nothing but numbers would be an enum.
        if plain || !matches!(switch, Type::I32) {
            item.push(text("switch "));
            item.extend(self.ty(switch, &format!("{name}_switch")));
            item.push(text(" "));
        }
        let labels = labels(switch);
        let mut names = Names::default();
        let held = arms.iter().any(|arm| !arm.fields.is_empty());
        let arms = arms
            .iter()
            .map(|arm| self.arm(arm, name, &mut names, &labels))
            .collect();
        item.push(if held {
            lines(arms)
        } else {
            group("{", "}", arms)
        });
        item
    }

    fn arm(
        &mut self,
        arm: &Arm,
        outer: &str,
        names: &mut Names,
        labels: &dyn Fn(i32) -> String,
    ) -> Item {
        let own = names.variant(arm.name);
        let outer = format!("{outer}_{own}");
        let mut item = vec![text(if arm.default {
            format!("default {own}")
        } else {
            own
        })];
        // Those of a tuple are called by their places, behind the discriminant if the arm keeps it.
        let unnamed = |field: &Field| field.name.bytes().all(|byte| byte.is_ascii_digit());
        if arm.fields.is_empty() {
        } else if arm.fields.iter().all(unnamed) {
            let held = arm
                .fields
                .iter()
                .map(|field| self.ty((field.ty)(), &outer))
                .collect();
            item.push(group("(", ")", held));
        } else {
            item.push(text(" "));
            // There the discriminant itself becomes a field.
            let several = arm.default || arm.cases.len() > 1;
            let names = Names::without(several.then_some("discriminant"));
            item.push(group(
                "{",
                "}",
                self.named_fields(arm.fields, &outer, names),
            ));
        }
        if !arm.default {
            let cases: Vec<String> = arm.cases.iter().map(|case| labels(*case)).collect();
            item.push(text(format!(" = {}", cases.join(" | "))));
        }
        item
    }

    pub(super) fn fields(&mut self, fields: &'static [Field], outer: &str) -> Vec<Item> {
        self.named_fields(fields, outer, Names::default())
    }

    fn named_fields(
        &mut self,
        fields: &'static [Field],
        outer: &str,
        mut names: Names,
    ) -> Vec<Item> {
        let fields = fields.iter().map(|field| {
            let name = names.field(field.name);
            let mut item = vec![text(format!("{name}: "))];
            item.extend(self.ty((field.ty)(), &format!("{outer}_{name}")));
            item
        });
        fields.collect()
    }
}

/// The types that have a word of their own.
fn simple(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::I8 => "i8",
        Type::I16 => "i16",
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::I128 => "i128",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::U128 => "u128",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::String => "string",
        Type::Duration => "duration",
        Type::Time => "time",
        Type::Uuid => "uuid",
        Type::Ipv4 => "ipv4",
        Type::Ipv6 => "ipv6",
        Type::Ip => "ip",
        _ => "bytes",
    }
}

/// Does `.idl` write this type around others?
fn is_nested(ty: &Type) -> bool {
    inner(ty).next().is_some()
        && !matches!(
            ty,
            Type::Struct { .. } | Type::Union { .. } | Type::Result(..)
        )
}

/// A tuple of one is what is in it.
fn unwrapped(mut ty: &'static Type) -> &'static Type {
    while let Type::Tuple([only]) = *ty {
        ty = only();
    }
    ty
}

/// How the discriminants of a union are written.
fn labels(switch: &'static Type) -> Box<dyn Fn(i32) -> String> {
    match *switch {
        Type::Bool => Box::new(|case| (case != 0).to_string()),
        Type::U32 => Box::new(|case| case.cast_unsigned().to_string()),
        Type::Enum { values, .. } => {
            let mut names = Names::default();
            let names: HashMap<i32, String> = values
                .iter()
                .map(|(name, number)| (*number, names.variant(name)))
                .collect();
            Box::new(move |case| {
                names
                    .get(&case)
                    .cloned()
                    .unwrap_or_else(|| case.to_string())
            })
        }
        _ => Box::new(|case| case.to_string()),
    }
}

/// The types that a type is directly made of.
fn inner(ty: &Type) -> impl Iterator<Item = &'static Type> {
    let of_fields = |fields: &'static [Field]| fields.iter().map(|field| field.ty).collect();
    let types: Vec<TypeFn> = match *ty {
        Type::Option(inner) | Type::List(inner) | Type::Set(inner) => vec![inner],
        Type::Array(inner, _) | Type::Bounded(inner, _) => vec![inner],
        Type::Map(one, other) | Type::Result(one, other) => vec![one, other],
        Type::Tuple(parts) => parts.to_vec(),
        Type::Struct { fields, .. } => of_fields(fields),
        Type::Union { switch, arms, .. } => {
            let held = arms.iter().flat_map(|arm| arm.fields).map(|field| field.ty);
            held.chain([switch]).collect()
        }
        _ => Vec::new(),
    };
    types.into_iter().map(|ty| ty())
}

/// All types that unions switch on.
fn switches(interfaces: &[&Interface]) -> Vec<&'static Type> {
    let methods = interfaces.iter().flat_map(|interface| interface.methods);
    let mut open: Vec<&'static Type> = methods
        .flat_map(|method| method.args.iter().map(|arg| arg.ty).chain([method.result]))
        .map(|ty| ty())
        .collect();
    let mut seen = HashSet::new();
    let mut switches = Vec::new();
    while let Some(ty) = open.pop() {
        if seen.insert(std::ptr::from_ref(ty)) {
            open.extend(inner(ty));
            if let Type::Union { switch, .. } = *ty {
                switches.push(unwrapped(switch()));
            }
        }
    }
    switches
}

/// Are these one type, names included? The compiler may keep one descriptor at several addresses.
fn same(one: &'static Type, other: &'static Type) -> bool {
    let mut assumed = HashSet::new();
    let mut open = vec![(one, other)];
    while let Some((one, other)) = open.pop() {
        let places = (std::ptr::from_ref(one), std::ptr::from_ref(other));
        if places.0 == places.1 || !assumed.insert(places) {
            continue;
        }
        if head(one) != head(other) {
            return false;
        }
        open.extend(inner(one).zip(inner(other)));
    }
    true
}

/// All of a type but the types in it; one that holds as many types in the same order is the same.
fn head(ty: &'static Type) -> String {
    let names = |fields: &'static [Field]| -> String {
        fields
            .iter()
            .map(|field| format!("{}, ", field.name))
            .collect()
    };
    match *ty {
        Type::Option(_) => "option".to_owned(),
        Type::List(_) => "list".to_owned(),
        Type::Set(_) => "set".to_owned(),
        Type::Map(..) => "map".to_owned(),
        Type::Result(..) => "result".to_owned(),
        Type::Array(_, length) => format!("array {length}"),
        Type::Bounded(_, max) => format!("bounded {max}"),
        Type::Tuple(parts) => format!("tuple {}", parts.len()),
        Type::Struct { name, fields } => format!("struct {name} {}", names(fields)),
        Type::Enum { name, values } => format!("enum {name} {values:?}"),
        Type::Union { name, arms, .. } => {
            let arm = |arm: &Arm| {
                format!(
                    "{} {:?} {} ({}) ",
                    arm.name,
                    arm.cases,
                    arm.default,
                    names(arm.fields)
                )
            };
            format!("union {name} {}", arms.iter().map(arm).collect::<String>())
        }
        _ => format!("{ty:?}"),
    }
}

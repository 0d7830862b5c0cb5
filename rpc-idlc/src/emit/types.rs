//! Constants and types.

use super::derives::Derives;
use super::names::ident;
use super::{Emitter, head, integer};
use crate::ast::Scalar;
use crate::casing::{camel, snake};
use crate::check::DISCRIMINANT;
use crate::model::{
    Arm, Case, Const, ConstType, Enumerator, Field, Item, ItemId, ItemKind, Labels, Length,
    Payload, Type, Union, Value,
};
use proc_macro2::TokenStream;
use quote::quote;

impl Emitter<'_> {
    pub(super) fn constant(&self, id: ItemId, item: &Item, constant: &Const) -> TokenStream {
        let (docs, name) = (self.head(id, item), self.names.item(id));
        let ty = match constant.ty {
            ConstType::String => quote!(&str),
            ConstType::Scalar(scalar) => self.scalar(scalar),
        };
        let value = match (constant.of, &constant.value) {
            (Some(of), _) => self.other_constant(of, constant.ty, &ty),
            (None, Value::Int { value, hex }) => integer(*value, *hex),
            (None, Value::Str(text)) => quote!(#text),
            (None, Value::Bool(value)) => quote!(#value),
        };
        quote!(#docs pub const #name: #ty = #value;)
    }

    fn other_constant(&self, of: ItemId, ty: ConstType, written: &TokenStream) -> TokenStream {
        let name = self.path(of);
        match &self.model.items[of].kind {
            ItemKind::Const(other) if other.ty != ty => quote!(#name as #written),
            _ => quote!(#name),
        }
    }

    pub(super) fn alias(&self, id: ItemId, item: &Item, ty: &Type) -> TokenStream {
        let (docs, name, ty) = (self.head(id, item), self.names.item(id), self.ty(ty));
        quote!(#docs pub type #name = #ty;)
    }

    pub(super) fn structure(&self, id: ItemId, item: &Item, fields: &[Field]) -> TokenStream {
        let (docs, name, derives) = (
            self.head(id, item),
            self.names.item(id),
            self.derives.of(id),
        );
        let fields = fields.iter().map(|field| self.field(field, quote!(pub)));
        quote!(#docs #derives pub struct #name { #(#fields,)* })
    }

    fn field(&self, field: &Field, visible: TokenStream) -> TokenStream {
        let (docs, name, ty) = (
            head(&field.docs, &field.notes),
            ident(&snake(&field.name)),
            self.ty(&field.ty),
        );
        quote!(#docs #visible #name: #ty)
    }

    pub(super) fn enumeration(
        &self,
        id: ItemId,
        item: &Item,
        enumerators: &[Enumerator],
    ) -> TokenStream {
        let values = enumerators.iter().map(|e| {
            let (docs, name) = (head(&e.docs, &e.notes), ident(&camel(&e.name)));
            let value = integer(e.value.into(), false);
            quote!(#docs #name = #value)
        });
        self.plain_enum(id, item, values)
    }

    fn plain_enum(
        &self,
        id: ItemId,
        item: &Item,
        values: impl Iterator<Item = TokenStream>,
    ) -> TokenStream {
        let (docs, name, derives) = (self.head(id, item), self.names.item(id), Derives::plain());
        quote!(#docs #derives pub enum #name { #(#values,)* })
    }

    pub(super) fn union(&self, id: ItemId, item: &Item, union: &Union) -> Vec<TokenStream> {
        let definition = match union.plain() {
            Some(values) => {
                let values = union.arms.iter().zip(values).map(|(arm, value)| {
                    let (docs, name) = (head(&arm.docs, &arm.notes), ident(&camel(&arm.name)));
                    let value = integer(value.into(), false);
                    quote!(#docs #name = #value)
                });
                self.plain_enum(id, item, values)
            }
            None => {
                let (docs, name) = (self.head(id, item), self.names.item(id));
                let derives = self.derives.of(id);
                let switch = union.switch.as_ref().map(|ty| self.ty(ty));
                let attribute = switch.as_ref().map(|ty| quote!(#[xdr(switch = #ty)]));
                let key = switch.unwrap_or_else(|| self.scalar(Scalar::I32));
                let arms = union.arms.iter().map(|arm| self.arm(arm, &key));
                quote!(#docs #derives #attribute pub enum #name { #(#arms,)* })
            }
        };
        match union.error {
            true => [vec![definition], self.error(id, union)].concat(),
            false => vec![definition],
        }
    }

    fn arm(&self, arm: &Arm, key: &TokenStream) -> TokenStream {
        let (docs, name) = (head(&arm.docs, &arm.notes), ident(&camel(&arm.name)));
        let attribute = match &arm.labels {
            Labels::Default => quote!(#[xdr(default)]),
            Labels::Cases(cases) => {
                let cases = cases.iter().map(|case| self.case(case));
                quote!(#[xdr(case = #(#cases)|*)])
            }
        };
        let several = keeps_discriminant(arm);
        let payload = match &arm.payload {
            Payload::None if several => quote!((#key)),
            Payload::None => quote!(),
            Payload::Types(types) => {
                let types = types.iter().map(|ty| self.ty(ty));
                let key = several.then(|| quote!(#key,));
                quote!((#key #(#types),*))
            }
            Payload::Fields(fields) => {
                let fields = fields.iter().map(|field| self.field(field, quote!()));
                let first = ident(DISCRIMINANT);
                let docs = quote!(#[doc = " Which of this arm's numbers was sent."]);
                let key = several.then(|| quote!(#docs #first: #key,));
                quote!({ #key #(#fields,)* })
            }
        };
        quote!(#docs #attribute #name #payload)
    }

    fn case(&self, case: &Case) -> TokenStream {
        match *case {
            Case::Number(number) => integer(number.into(), false),
            Case::Bool(value) => quote!(#value),
            Case::Enumerator { of, index } => {
                let ItemKind::Enum(enumerators) = &self.model.items[of].kind else {
                    return quote!();
                };
                let (name, value) = (self.path(of), ident(&camel(&enumerators[index].name)));
                quote!(#name::#value)
            }
        }
    }

    pub(super) fn ty(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Scalar(scalar) => self.scalar(*scalar),
            Type::String(max) => self.bounded(self.prelude("String"), max.as_ref()),
            Type::Bytes(max) => {
                let vec = self.prelude("Vec");
                self.bounded(quote!(#vec<u8>), max.as_ref())
            }
            Type::FixedBytes(length) => {
                let length = self.array_length(length);
                quote!([u8; #length])
            }
            Type::List(element, max) => {
                let (vec, element) = (self.prelude("Vec"), self.ty(element));
                self.bounded(quote!(#vec<#element>), max.as_ref())
            }
            Type::Map(key, value, max) => {
                let (key, value) = (self.ty(key), self.ty(value));
                self.bounded(
                    quote!(std::collections::BTreeMap<#key, #value>),
                    max.as_ref(),
                )
            }
            Type::Set(element, max) => {
                let element = self.ty(element);
                self.bounded(quote!(std::collections::BTreeSet<#element>), max.as_ref())
            }
            Type::Array(element, length) => {
                let (element, length) = (self.ty(element), self.array_length(length));
                quote!([#element; #length])
            }
            Type::Optional(inner) => {
                let (option, inner) = (self.prelude("Option"), self.ty(inner));
                quote!(#option<#inner>)
            }
            Type::Boxed(inner) => {
                let (name, inner) = (self.prelude("Box"), self.ty(inner));
                quote!(#name<#inner>)
            }
            Type::Tuple(elements) => {
                let elements = elements.iter().map(|ty| self.ty(ty));
                quote!((#(#elements),*))
            }
            Type::Named(id) => self.path(*id),
        }
    }

    fn scalar(&self, scalar: Scalar) -> TokenStream {
        match scalar {
            Scalar::Duration => quote!(std::time::Duration),
            Scalar::Time => quote!(std::time::SystemTime),
            Scalar::Uuid => quote!(rpc_core::Uuid),
            Scalar::Ipv4 => quote!(std::net::Ipv4Addr),
            Scalar::Ipv6 => quote!(std::net::Ipv6Addr),
            Scalar::Ip => quote!(std::net::IpAddr),
            number => {
                let name = ident(number.name());
                quote!(#name)
            }
        }
    }

    fn bounded(&self, ty: TokenStream, max: Option<&Length>) -> TokenStream {
        let Some(max) = max else { return ty };
        let max = match max.of {
            None => integer(max.value.into(), false),
            Some(of) => {
                let name = self.path(of);
                // Rust takes a path of several names for that of a type, unless it stands in braces.
                match (self.is_u32(of), self.model.items[of].namespace == self.here) {
                    (true, true) => quote!(#name),
                    (true, false) => quote!({ #name }),
                    (false, _) => quote!({ #name as u32 }),
                }
            }
        };
        quote!(rpc_core::Bounded<#ty, #max>)
    }

    fn is_u32(&self, constant: ItemId) -> bool {
        let ty = ConstType::Scalar(Scalar::U32);
        matches!(&self.model.items[constant].kind, ItemKind::Const(c) if c.ty == ty)
    }

    fn array_length(&self, length: &Length) -> TokenStream {
        match length.of {
            None => integer(length.value.into(), false),
            Some(of) => {
                let name = self.path(of);
                quote!(#name as usize)
            }
        }
    }
}

/// Does the arm begin with the discriminant, since the arm alone does not tell it?
pub(super) fn keeps_discriminant(arm: &Arm) -> bool {
    match &arm.labels {
        Labels::Default => true,
        Labels::Cases(cases) => cases.len() > 1,
    }
}

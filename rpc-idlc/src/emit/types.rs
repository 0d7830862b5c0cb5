//! Constants and types.

use super::names::{distinct, ident};
use super::shapes::Coding;
use super::{Emitter, integer};
use crate::ast::Scalar;
use crate::casing::snake;
use crate::model::{Const, ConstType, Field, Item, ItemId, ItemKind, Length, Type, Value};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

impl Emitter<'_> {
    pub(super) fn constant(&self, id: ItemId, item: &Item, constant: &Const) -> TokenStream {
        let (docs, name) = (self.head(id, item), self.names.item(id));
        let ty = match constant.ty {
            ConstType::String => quote!(&str),
            ConstType::Bytes => quote!(&[u8]),
            ConstType::Scalar(scalar) => self.scalar(scalar),
        };
        let value = match (constant.of, &constant.value) {
            (Some(of), _) => self.other_constant(of, constant.ty, &ty),
            (None, Value::Int { value, hex }) => integer(*value, *hex),
            (None, Value::Str(text)) => quote!(#text),
            (None, Value::Bytes(bytes)) => Literal::byte_string(bytes).into_token_stream(),
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
        let (docs, name) = (self.head(id, item), self.names.item(id));
        let (coding, ty) = self.coded(self.shapes.coding_of(id), ty);
        // An alias cannot say how it is encoded; a type of its own can.
        match coding {
            None => quote!(#docs pub type #name = #ty;),
            Some(coding) => {
                let derives = self.derives.of(id);
                quote!(#docs #derives pub struct #name(#coding pub #ty);)
            }
        }
    }

    /// The attribute that says how a field is encoded, and the type of the field.
    pub(super) fn coded(&self, coding: Coding, ty: &Type) -> (Option<TokenStream>, TokenStream) {
        match coding {
            Coding::Plain => (None, self.ty(ty)),
            Coding::Words => {
                let bytes = self.ty(&bytes_of(ty));
                (Some(quote!(#[xdr(words)])), bytes)
            }
            Coding::Chain(item) => {
                let (vec, item) = (self.prelude("Vec"), self.path(item));
                (Some(quote!(#[xdr(chain)])), quote!(#vec<#item>))
            }
        }
    }

    pub(super) fn structure(&self, id: ItemId, item: &Item, fields: &[Field]) -> TokenStream {
        let (docs, name, derives) = (
            self.head(id, item),
            self.names.item(id),
            self.derives.of(id),
        );
        let kept = fields.len() - usize::from(self.shapes.is_link(id));
        let fields = self.fields(&fields[..kept], &quote!(pub));
        quote!(#docs #derives pub struct #name { #(#fields,)* })
    }

    pub(super) fn fields(&self, fields: &[Field], visible: &TokenStream) -> Vec<TokenStream> {
        let names = distinct(fields.iter().map(|field| snake(&field.name)));
        let fields = fields.iter().zip(names).map(|(field, rust)| {
            let docs = self.part(&field.docs, &field.notes, &field.name, &rust);
            let (coding, ty) = self.coded(self.shapes.coding(&field.ty), &field.ty);
            let name = ident(&rust);
            quote!(#docs #coding #visible #name: #ty)
        });
        fields.collect()
    }

    pub(super) fn ty(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Scalar(scalar) => self.scalar(*scalar),
            Type::String(max) if !self.strings_are_bytes() => {
                self.bounded(self.prelude("String"), max.as_ref())
            }
            Type::String(max) | Type::Bytes(max) => {
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
            Type::Large(inner) => match &**inner {
                Type::Array(element, length) => {
                    let (element, length) = (self.ty(element), self.array_parameter(length));
                    quote!(rpc_core::BoxedArray<#element, #length>)
                }
                Type::FixedBytes(length) => {
                    let length = self.array_parameter(length);
                    quote!(rpc_core::BoxedArray<u8, #length>)
                }
                inner => {
                    let (name, inner) = (self.prelude("Box"), self.ty(inner));
                    quote!(#name<#inner>)
                }
            },
            Type::Tuple(elements) => {
                let elements = elements.iter().map(|ty| self.ty(ty));
                quote!((#(#elements),*))
            }
            Type::Named(id) => self.path(*id),
        }
    }

    pub(super) fn scalar(&self, scalar: Scalar) -> TokenStream {
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

    /// The same as a parameter of a type, where what is more than one word stands in braces.
    fn array_parameter(&self, length: &Length) -> TokenStream {
        let value = self.array_length(length);
        match length.of {
            None => value,
            Some(_) => quote!({ #value }),
        }
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

/// What `#[xdr(words)]` asks for: the same, with bytes by that name.
fn bytes_of(ty: &Type) -> Type {
    match ty {
        Type::List(_, max) => Type::List(Box::new(Type::Scalar(Scalar::U8)), *max),
        Type::Array(row, length) => Type::Array(Box::new(bytes_of(row)), *length),
        Type::Large(inner) => Type::Large(Box::new(bytes_of(inner))),
        _ => Type::Scalar(Scalar::U8),
    }
}

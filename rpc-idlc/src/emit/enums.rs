//! Enums and unions.

use super::derives::Derives;
use super::names::{distinct, ident};
use super::{Emitter, head, integer, lints};
use crate::ast::Scalar;
use crate::casing::camel;
use crate::check::DISCRIMINANT;
use crate::model::{
    Arm, Case, Enumerator, Item, ItemId, ItemKind, Labels, Language, Payload, Type, Union,
};
use proc_macro2::TokenStream;
use quote::quote;

impl Emitter<'_> {
    /// Rust has one variant for a number; another name for it is a constant.
    pub(super) fn enumeration(
        &self,
        id: ItemId,
        item: &Item,
        enumerators: &[Enumerator],
    ) -> Vec<TokenStream> {
        let names = self.names.values(id);
        let (mut values, mut constants) = (Vec::new(), Vec::new());
        for (e, value) in enumerators.iter().zip(names) {
            let docs = self.part(&e.docs, &e.notes, &e.name, &value.rust);
            let (name, number) = (ident(&value.rust), integer(e.value.into(), false));
            match value.same_as {
                None => values.push(quote!(#docs #name = #number)),
                Some(first) => {
                    let first = ident(&names[first].rust);
                    constants.push(quote!(#docs pub const #name: Self = Self::#first;));
                }
            }
        }
        let variants = names.iter().filter(|value| value.same_as.is_none());
        let variants: Vec<String> = variants.map(|value| value.rust.clone()).collect();
        let mut definitions = vec![self.plain_enum(id, item, &variants, values.into_iter())];
        if !constants.is_empty() {
            let name = self.names.item(id);
            definitions.push(quote!(impl #name { #(#constants)* }));
        }
        definitions
    }

    fn plain_enum(
        &self,
        id: ItemId,
        item: &Item,
        variants: &[String],
        values: impl Iterator<Item = TokenStream>,
    ) -> TokenStream {
        let (docs, name, derives) = (self.head(id, item), self.names.item(id), Derives::plain());
        let allow = lints::of_enum(self.names.rust(id), variants);
        quote!(#docs #allow #derives pub enum #name { #(#values,)* })
    }

    pub(super) fn union(&self, id: ItemId, item: &Item, union: &Union) -> Vec<TokenStream> {
        if let Some(held) = self.shapes.option(id) {
            let optional = Type::Optional(Box::new(held.clone()));
            return vec![self.alias(id, item, &optional)];
        }
        let definition = match union.plain() {
            Some(values) => {
                let values = union.arms.iter().zip(values).map(|(arm, value)| {
                    let (docs, name) = (head(&arm.docs, &arm.notes), ident(&camel(&arm.name)));
                    let value = integer(value.into(), false);
                    quote!(#docs #name = #value)
                });
                let variants: Vec<_> = union.arms.iter().map(|arm| camel(&arm.name)).collect();
                self.plain_enum(id, item, &variants, values)
            }
            None => {
                let (docs, name) = (self.head(id, item), self.names.item(id));
                let derives = self.derives.of(id);
                let switch = union.switch.as_ref().map(|ty| self.ty(ty));
                let attribute = switch.as_ref().map(|ty| quote!(#[xdr(switch = #ty)]));
                let key = switch.unwrap_or_else(|| self.scalar(Scalar::I32));
                let names = distinct(union.arms.iter().map(|arm| self.variant(arm)));
                let allow = lints::of_enum(self.names.rust(id), &names);
                let arms = union.arms.iter().zip(names);
                let arms = arms.map(|(arm, name)| self.arm(arm, &name, &key));
                quote!(#docs #allow #derives #attribute pub enum #name { #(#arms,)* })
            }
        };
        match union.error {
            true => [vec![definition], self.error(id, union)].concat(),
            false => vec![definition],
        }
    }

    /// In a `.x` file, an arm has the name of its label.
    fn variant(&self, arm: &Arm) -> String {
        match (&arm.labels, self.model.language) {
            (Labels::Cases(cases), Language::X(_)) => match cases.first() {
                Some(&Case::Enumerator { of, index }) => self.names.values(of)[index].camel.clone(),
                _ => camel(&arm.name),
            },
            _ => camel(&arm.name),
        }
    }

    fn arm(&self, arm: &Arm, name: &str, key: &TokenStream) -> TokenStream {
        let attribute = match &arm.labels {
            Labels::Default => quote!(#[xdr(default)]),
            Labels::Cases(cases) => {
                let cases = cases.iter().map(|case| self.case(case));
                quote!(#[xdr(case = #(#cases)|*)])
            }
        };
        let (docs, payload) = (self.arm_docs(arm), self.payload(arm, key));
        let name = ident(name);
        quote!(#docs #attribute #name #payload)
    }

    fn arm_docs(&self, arm: &Arm) -> TokenStream {
        match (&arm.payload, self.model.language) {
            (Payload::Fields(fields), Language::X(_)) => {
                let name = fields.first().map(|field| format!("`{}`", field.name));
                let docs = fields.iter().flat_map(|field| &field.docs);
                let lines: Vec<String> = arm.docs.iter().chain(docs).cloned().collect();
                head(&super::docs::of_x(&lines, name), &arm.notes)
            }
            (_, Language::X(_)) => head(&super::docs::of_x(&arm.docs, None), &arm.notes),
            _ => head(&arm.docs, &arm.notes),
        }
    }

    fn payload(&self, arm: &Arm, key: &TokenStream) -> TokenStream {
        let several = keeps_discriminant(arm);
        match &arm.payload {
            Payload::None if several => quote!((#key)),
            Payload::None => quote!(),
            Payload::Types(types) => {
                let types = types.iter().map(|ty| self.ty(ty));
                let key = several.then(|| quote!(#key,));
                quote!((#key #(#types),*))
            }
            // What a `.x` file has there is one declaration.
            Payload::Fields(fields) if self.model.language != Language::Idl => {
                let fields = fields.iter().map(|field| {
                    let (coding, ty) = self.coded(self.shapes.coding(&field.ty), &field.ty);
                    quote!(#coding #ty)
                });
                let key = several.then(|| quote!(#key,));
                quote!((#key #(#fields),*))
            }
            Payload::Fields(fields) => {
                let fields = self.fields(fields, &quote!());
                let first = ident(DISCRIMINANT);
                let docs = quote!(#[doc = " Which of this arm's numbers was sent."]);
                let key = several.then(|| quote!(#docs #first: #key,));
                quote!({ #key #(#fields,)* })
            }
        }
    }

    fn case(&self, case: &Case) -> TokenStream {
        match *case {
            Case::Number(number) => integer(number.into(), false),
            Case::Bool(value) => quote!(#value),
            Case::Enumerator { of, index } => {
                let ItemKind::Enum(_) = &self.model.items[of].kind else {
                    return quote!();
                };
                let (name, value) = (self.path(of), ident(&self.names.values(of)[index].rust));
                quote!(#name::#value)
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

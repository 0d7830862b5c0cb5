//! The type that is being derived for, checked and named in the terms of XDR.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Data, DeriveInput, Expr, Fields, GenericParam, Generics, Ident, Index, Member, Path, Type,
};

use super::attributes::{OnField, OnType};
use super::coding::Coding;
use super::impls::Scope;
use super::types;
use super::variants::read_enum;
use crate::attribute::framework;
use crate::errors::Errors;
use crate::span::local;

/// One type, as its attributes and shape describe it.
pub struct Item {
    pub ident: Ident,
    pub generics: Generics,
    pub framework: Path,
    pub name: String,
    pub shape: Shape,
}

pub enum Shape {
    Struct(Vec<Field>),
    Enum(Vec<Value>),
    Union(Box<Union>),
}

/// A field, which is on the wire unless it is a `PhantomData`.
pub struct Field {
    pub member: Member,
    pub ty: Type,
    pub name: String,
    pub coding: Coding,
}

impl Field {
    pub fn is_on_the_wire(&self) -> bool {
        !matches!(self.coding, Coding::Absent)
    }

    /// Whether a module of the user's encodes it.
    pub fn has_module(&self) -> bool {
        matches!(self.coding, Coding::With(_))
    }

    /// The variable that holds the field inside a `match` arm.
    pub fn variable(&self) -> Ident {
        match &self.member {
            Member::Named(ident) => local(&format!("__field_{}", plain(ident))),
            Member::Unnamed(index) => local(&format!("__field_{}", index.index)),
        }
    }
}

/// A variant of an enum without data.
pub struct Value {
    pub ident: Ident,
    pub name: String,
    /// Where to point if its number does not fit.
    pub at: Span,
}

pub struct Union {
    pub switch: Type,
    pub arms: Vec<Arm>,
    /// The labels of all arms, in the order in which they are written.
    pub labels: Vec<Label>,
}

/// A constant of the switch type, and the name that it has in the generated code.
pub struct Label {
    pub expr: Expr,
    pub constant: Ident,
}

pub struct Arm {
    pub ident: Ident,
    pub name: String,
    pub selected: Selected,
    /// The field that keeps the discriminant, if more than one can select the arm.
    pub kept: Option<Field>,
    pub fields: Vec<Field>,
}

pub enum Selected {
    By(Vec<Ident>),
    ByDefault,
}

impl Arm {
    /// The names of the labels that select the arm; none for the default.
    pub fn constants(&self) -> &[Ident] {
        match &self.selected {
            Selected::By(constants) => constants,
            Selected::ByDefault => &[],
        }
    }

    pub fn is_default(&self) -> bool {
        matches!(self.selected, Selected::ByDefault)
    }
}

impl Item {
    /// All fields, in the order of the type.
    pub fn fields(&self) -> Vec<&Field> {
        match &self.shape {
            Shape::Struct(fields) => fields.iter().collect(),
            Shape::Enum(_) => Vec::new(),
            Shape::Union(union) => union.arms.iter().flat_map(|arm| &arm.fields).collect(),
        }
    }

    /// An expression for the name in the descriptor. That of a generic type is put together by the compiler.
    pub fn described_name(&self, scope: &Scope) -> TokenStream {
        let (private, name) = (&scope.private, &self.name);
        match self
            .generics
            .params
            .iter()
            .all(|parameter| matches!(parameter, GenericParam::Lifetime(_)))
        {
            true => quote!(#name),
            false => quote!(<Self as #private::Describe>::NAME),
        }
    }

    /// Nothing if the type is so wrong that no code for it would make sense.
    pub fn read(input: DeriveInput, errors: &Errors) -> Option<Self> {
        let on_type = OnType::read(&input.attrs, errors);
        check_lifetimes(&input.generics, errors);
        let shape = match &input.data {
            Data::Struct(data) => {
                refuse_switch(&on_type, errors);
                Shape::Struct(read_fields(&data.fields, errors))
            }
            Data::Enum(data) => read_enum(&input, data, &on_type, errors)?,
            Data::Union(data) => {
                errors.at(
                    data.union_token,
                    "a Rust `union` does not say what it holds: use an enum with data",
                );
                return None;
            }
        };
        Some(Self {
            name: on_type
                .name
                .map_or_else(|| plain(&input.ident), |name| name.value()),
            ident: input.ident,
            generics: input.generics,
            framework: framework(on_type.framework),
            shape,
        })
    }
}

fn check_lifetimes(generics: &Generics, errors: &Errors) {
    if let Some(second) = generics.lifetimes().nth(1) {
        errors.at(
            second,
            "one lifetime at most: all that is borrowed is borrowed from the message",
        );
    }
}

fn refuse_switch(on_type: &OnType, errors: &Errors) {
    if let Some(switch) = &on_type.switch {
        errors.at(
            switch,
            "`switch` names the discriminant of a union, which is an enum",
        );
    }
}

pub fn read_fields(fields: &Fields, errors: &Errors) -> Vec<Field> {
    fields
        .iter()
        .enumerate()
        .map(|(index, field)| read_field(index, field, errors))
        .collect()
}

fn read_field(index: usize, field: &syn::Field, errors: &Errors) -> Field {
    let on_field = OnField::read(&field.attrs, errors);
    let coding = Coding::of(&on_field, &field.ty, errors);
    // A module of the user's may encode any type.
    if !matches!(coding, Coding::With(_) | Coding::Absent) {
        types::refuse(&field.ty, errors);
    }
    let member = match &field.ident {
        Some(ident) => Member::Named(ident.clone()),
        None => Member::Unnamed(Index::from(index)),
    };
    let written = match &field.ident {
        Some(ident) => plain(ident),
        None => index.to_string(),
    };
    Field {
        name: on_field.name.map_or(written, |name| name.value()),
        member,
        ty: field.ty.clone(),
        coding,
    }
}

/// The identifier as its author thinks of it, without `r#`.
pub fn plain(ident: &Ident) -> String {
    syn::ext::IdentExt::unraw(ident).to_string()
}

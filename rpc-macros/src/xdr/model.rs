//! The type that is being derived for, checked and named in the terms of XDR.

use proc_macro2::Span;
use quote::format_ident;
use syn::spanned::Spanned;
use syn::{
    Data, DataEnum, DeriveInput, Expr, Fields, Generics, Ident, Index, Member, Path, Type, Variant,
    parse_quote,
};

use super::attributes::{OnField, OnType, OnVariant};
use crate::attribute::framework;
use crate::errors::Errors;

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

/// A field that is on the wire.
pub struct Field {
    pub member: Member,
    pub ty: Type,
    pub name: String,
    pub with: Option<Path>,
}

impl Field {
    /// The variable that holds the field inside a `match` arm.
    pub fn variable(&self) -> Ident {
        match &self.member {
            Member::Named(ident) => format_ident!("field_{}", ident, span = Span::mixed_site()),
            Member::Unnamed(index) => {
                format_ident!("field_{}", index.index, span = Span::mixed_site())
            }
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
    /// Nothing if the type is so wrong that no code for it would make sense.
    pub fn read(input: DeriveInput, errors: &Errors) -> Option<Self> {
        let on_type = OnType::read(&input.attrs, errors);
        check_lifetimes(&input.generics, errors);
        let shape = match &input.data {
            Data::Struct(data) => {
                refuse_switch(&on_type, errors);
                Shape::Struct(read_fields(&data.fields, errors))
            }
            Data::Enum(data) => read_enum(&input.ident, data, &on_type, errors)?,
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

fn read_fields(fields: &Fields, errors: &Errors) -> Vec<Field> {
    fields
        .iter()
        .enumerate()
        .map(|(index, field)| read_field(index, field, errors))
        .collect()
}

fn read_field(index: usize, field: &syn::Field, errors: &Errors) -> Field {
    let on_field = OnField::read(&field.attrs, errors);
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
        with: on_field.with,
    }
}

fn read_enum(ident: &Ident, data: &DataEnum, on_type: &OnType, errors: &Errors) -> Option<Shape> {
    if data.variants.is_empty() {
        errors.at(
            ident,
            "an enum without variants has no value that could be sent",
        );
        return None;
    }
    let variants: Vec<_> = data
        .variants
        .iter()
        .map(|variant| (variant, OnVariant::read(&variant.attrs, errors)))
        .collect();
    let has_data = data
        .variants
        .iter()
        .any(|variant| !variant.fields.is_empty());
    let has_labels = variants
        .iter()
        .any(|(_, on_variant)| on_variant.is_labelled());
    Some(if has_data || has_labels || on_type.switch.is_some() {
        Shape::Union(Box::new(read_union(
            variants,
            on_type.switch.as_ref(),
            errors,
        )))
    } else {
        Shape::Enum(
            variants
                .into_iter()
                .map(|(variant, on_variant)| read_value(variant, on_variant))
                .collect(),
        )
    })
}

fn read_value(variant: &Variant, on_variant: OnVariant) -> Value {
    Value {
        ident: variant.ident.clone(),
        name: on_variant
            .name
            .map_or_else(|| plain(&variant.ident), |name| name.value()),
        at: variant
            .discriminant
            .as_ref()
            .map_or_else(|| variant.ident.span(), |(_, number)| number.span()),
    }
}

fn read_union(
    variants: Vec<(&Variant, OnVariant)>,
    switch: Option<&Type>,
    errors: &Errors,
) -> Union {
    check_labels(&variants, switch, errors);
    let mut union = Union {
        switch: switch
            .cloned()
            .unwrap_or_else(|| parse_quote!(::core::primitive::i32)),
        arms: Vec::new(),
        labels: Vec::new(),
    };
    for (variant, on_variant) in variants {
        let arm = read_arm(variant, on_variant, &mut union.labels, errors);
        union.arms.push(arm);
    }
    union
}

fn read_arm(
    variant: &Variant,
    on_variant: OnVariant,
    labels: &mut Vec<Label>,
    errors: &Errors,
) -> Arm {
    let cases = match on_variant.cases {
        cases if cases.is_empty() && on_variant.default.is_none() => vec![counted(labels.len())],
        cases => cases,
    };
    let keeps = on_variant.default.is_some() || cases.len() > 1;
    let selected = match on_variant.default {
        Some(_) => Selected::ByDefault,
        None => Selected::By(
            cases
                .into_iter()
                .map(|expr| add_label(labels, expr))
                .collect(),
        ),
    };
    let mut fields = read_fields(&variant.fields, errors);
    if keeps && fields.is_empty() {
        errors.at(
            &variant.ident,
            "several discriminants select this variant: its first field must be the discriminant",
        );
    }
    let kept = (keeps && !fields.is_empty()).then(|| fields.remove(0));
    if let Some(with) = kept.as_ref().and_then(|kept| kept.with.as_ref()) {
        errors.at(
            with,
            "this field is the discriminant, which is encoded as the `switch` type is",
        );
    }
    let name = on_variant
        .name
        .map_or_else(|| plain(&variant.ident), |name| name.value());
    Arm {
        ident: variant.ident.clone(),
        name,
        selected,
        kept,
        fields,
    }
}

fn counted(number: usize) -> Expr {
    let number = proc_macro2::Literal::usize_unsuffixed(number);
    parse_quote!(#number)
}

fn add_label(labels: &mut Vec<Label>, expr: Expr) -> Ident {
    let constant = format_ident!("__XDR_CASE_{}", labels.len());
    labels.push(Label {
        expr,
        constant: constant.clone(),
    });
    constant
}

/// Either all variants say what selects them or none does, and only numbers can be counted.
fn check_labels(variants: &[(&Variant, OnVariant)], switch: Option<&Type>, errors: &Errors) {
    for (variant, _) in variants {
        if let Some((_, number)) = &variant.discriminant {
            errors.at(
                number,
                "the discriminant of a union is given by `#[xdr(case = …)]` on the variant",
            );
        }
    }
    for (_, second) in variants
        .iter()
        .filter_map(|(_, on)| on.default.map(|at| (on, at)))
        .skip(1)
    {
        errors.push(syn::Error::new(second, "a union has one `default` at most"));
    }
    let any_case = variants
        .iter()
        .any(|(_, on_variant)| !on_variant.cases.is_empty());
    let must_say = any_case || !switch.is_none_or(can_be_counted);
    for (variant, _) in variants
        .iter()
        .filter(|(_, on_variant)| must_say && !on_variant.is_labelled())
    {
        errors.at(
            &variant.ident,
            "say what selects this variant: `#[xdr(case = …)]`; only where no variant has a `case` do they count from 0, \
             and only for an `i32` or `u32`",
        );
    }
}

fn can_be_counted(switch: &Type) -> bool {
    matches!(switch, Type::Path(path) if path.path.is_ident("i32") || path.path.is_ident("u32"))
}

/// The identifier as its author thinks of it, without `r#`.
fn plain(ident: &Ident) -> String {
    syn::ext::IdentExt::unraw(ident).to_string()
}

//! Which discriminants select the variants of an enum.

use quote::format_ident;
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Expr, Generics, Ident, Type, TypeParam, Variant, parse_quote};

use super::attributes::{OnType, OnVariant};
use super::model::{Arm, Label, Selected, Shape, Union, Value, plain, read_fields};
use crate::errors::Errors;

/// Nothing if no code for the enum would make sense.
pub fn read_enum(
    input: &DeriveInput,
    data: &DataEnum,
    on_type: &OnType,
    errors: &Errors,
) -> Option<Shape> {
    if data.variants.is_empty() {
        errors.at(
            &input.ident,
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
        .any(|(_, on_variant)| on_variant.is_labelled);
    if let Some(switch) = &on_type.switch {
        refuse_parameter(switch, &input.generics, errors);
    }
    Some(if has_data || has_labels || on_type.switch.is_some() {
        Shape::Union(Box::new(read_union(
            variants,
            on_type.switch.as_ref(),
            errors,
        )))
    } else {
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics.params,
                "an enum without data is a number: nothing in it is generic",
            );
        }
        Shape::Enum(
            variants
                .into_iter()
                .map(|(variant, on_variant)| read_value(variant, on_variant))
                .collect(),
        )
    })
}

fn refuse_parameter(switch: &Type, generics: &Generics, errors: &Errors) {
    let is_it = |parameter: &TypeParam| matches!(switch, Type::Path(path) if path.path.is_ident(&parameter.ident));
    if generics.type_params().any(is_it) {
        errors.at(
            switch,
            "the discriminant cannot be a parameter of the type: the labels are constants of one type",
        );
    }
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
    if let Some(kept) = kept.as_ref().filter(|kept| !kept.coding.is_plain()) {
        errors.at(
            &kept.ty,
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
        .filter(|(_, on_variant)| must_say && !on_variant.is_labelled)
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

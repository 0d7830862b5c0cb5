//! An enum with data: a discriminant, then the fields of the variant that it selects.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::fields;
use super::impls::{self, Bodies, Scope};
use super::model::{Arm, Field, Item, Label, Selected, Union};
use crate::span::{at, local};

pub fn emit(item: &Item, union: &Union, scope: &Scope) -> TokenStream {
    let labels = declare_labels(union, scope);
    let impls = impls::all(item, scope, &bodies(item, union, scope));
    quote!(#[allow(deprecated)] const _: () = { #labels #impls };)
}

/// A constant for each label, typed as the switch is, and the check that no two are equal.
fn declare_labels(union: &Union, scope: &Scope) -> TokenStream {
    let private = &scope.private;
    let declared = union.labels.iter().map(|label| declare_label(label, union));
    let constants = union.labels.iter().map(|label| &label.constant);
    let count = union.labels.len();
    let distinct = union.labels.iter().enumerate().map(|(index, label)| {
        quote_spanned! {at(&label.expr)=>
            ::core::assert!(#private::is_first(&__XDR_CASES, #index), "another `case` has this discriminant already");
        }
    });
    quote! {
        #(#declared)*
        const __XDR_CASES: [::core::primitive::i64; #count] = [#(#constants),*];
        const _: () = { #(#distinct)* };
    }
}

fn declare_label(label: &Label, union: &Union) -> TokenStream {
    let (Label { expr, constant }, switch) = (label, &union.switch);
    let value = local("__value");
    quote_spanned! {at(switch)=>
        const #constant: ::core::primitive::i64 = {
            let #value: #switch = #expr;
            #value as ::core::primitive::i64
        };
    }
}

fn bodies(item: &Item, union: &Union, scope: &Scope) -> Bodies {
    let Scope { private, out, .. } = scope;
    let encode = union
        .arms
        .iter()
        .map(|arm| encode_arm(item, arm, union, scope));
    Bodies {
        encode: quote!(#private::Encoder::nested(#out, |#out| match self { #(#encode)* })),
        decode: decode(item, union, scope),
        describe: describe(item, union, scope),
    }
}

fn encode_arm(item: &Item, arm: &Arm, union: &Union, scope: &Scope) -> TokenStream {
    let ident = &arm.ident;
    let bound = arm.kept.iter().chain(&arm.fields);
    let (members, variables) = (
        bound.clone().map(|field| &field.member),
        bound.map(Field::variable),
    );
    let discriminant = encode_discriminant(item, arm, union, scope);
    let fields = arm.fields.iter().map(|field| {
        let variable = field.variable();
        fields::encode(field, &quote!(#variable), scope)
    });
    quote! {
        Self::#ident { #(#members: #variables),* } => {
            #discriminant
            #(#fields)*
            ::core::result::Result::Ok(())
        }
    }
}

/// The discriminant is a constant, or what the arm's first field keeps if that may stand there.
fn encode_discriminant(item: &Item, arm: &Arm, union: &Union, scope: &Scope) -> TokenStream {
    let Scope { private, out, .. } = scope;
    let constants = arm.constants();
    let Some(kept) = &arm.kept else {
        return quote!(#private::Encode::encode(&(#(#constants)* as ::core::primitive::i32), #out)?;);
    };
    let (switch, variable, name) = (&union.switch, kept.variable(), &item.name);
    let is_misplaced = match arm.selected {
        Selected::By(_) => quote!(!#private::is_label(#variable, &[#(#constants),*])),
        Selected::ByDefault => quote!(#private::is_label(#variable, &__XDR_CASES)),
    };
    // One place where a field of another type than the switch is refused, instead of four.
    let here = Ident::new(&variable.to_string(), at(&kept.ty));
    quote! {
        let #variable: &#switch = #here;
        if #is_misplaced {
            return ::core::result::Result::Err(#private::misplaced(#name, #variable));
        }
        #private::Encode::encode(#variable, #out)?;
    }
}

fn decode(item: &Item, union: &Union, scope: &Scope) -> TokenStream {
    let (Scope { private, input, .. }, switch, name) = (scope, &union.switch, &item.name);
    let (discriminant, number) = (local("__discriminant"), local("__number"));
    let arms = union
        .arms
        .iter()
        .filter(|arm| !arm.is_default())
        .map(|arm| {
            let (constants, value) = (arm.constants(), decode_arm(arm, &discriminant, scope));
            quote!(#(#constants)|* => #value,)
        });
    let rest = match union.arms.iter().find(|arm| arm.is_default()) {
        Some(arm) => decode_arm(arm, &discriminant, scope),
        None => {
            quote!(::core::result::Result::Err(#private::undeclared(#name, #number, #input)))
        }
    };
    let read = quote_spanned! {at(switch)=>
        let #discriminant = <#switch as #private::Decode>::decode(#input)?;
        let #number = <#switch as #private::Switch>::number(&#discriminant);
    };
    quote! {
        #private::Decoder::nested(#input, |#input| {
            #read
            match #number {
                #(#arms)*
                _ => #rest,
            }
        })
    }
}

/// The variant whose discriminant was read, its fields being decoded.
fn decode_arm(arm: &Arm, discriminant: &Ident, scope: &Scope) -> TokenStream {
    let ident = &arm.ident;
    let kept = arm.kept.iter().map(|field| {
        let member = &field.member;
        let here = Ident::new(&discriminant.to_string(), at(&field.ty));
        quote!(#member: #here)
    });
    let members = kept.chain(
        arm.fields
            .iter()
            .map(|field| fields::initialise(field, scope)),
    );
    quote!(::core::result::Result::Ok(Self::#ident { #(#members),* }))
}

fn describe(item: &Item, union: &Union, scope: &Scope) -> TokenStream {
    let (private, switch, name) = (&scope.private, &union.switch, item.described_name(scope));
    let arms = union.arms.iter().map(|arm| {
        let (name, cases, default) = (&arm.name, arm.constants(), arm.is_default());
        let fields = fields::describe_all(&arm.fields, scope);
        quote!(#private::Arm { name: #name, cases: &[#(#cases as ::core::primitive::i32),*], default: #default, fields: #fields })
    });
    let switch = quote_spanned!(at(switch)=> <#switch as #private::Describe>::describe);
    quote!(#private::Type::Union { name: #name, switch: #switch, arms: &[#(#arms),*] })
}

//! What the macros write, kept in `snapshots/` so that a change of it is read before it is made.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p rpc-macros` writes the files anew.

use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

#[test]
fn a_trait_becomes_a_client_and_a_service() {
    let item = quote! {
        /// Keeps accounts.
        pub trait Bank {
            /// Moves money.
            #[rpc(exactly_once)]
            fn transfer(&self, cx: &Context, from: u64, to: &Account) -> Result<Receipt, BankError>;
            #[rpc(oneway, procedure = 7)]
            fn note(&self, line: &str, marks: &[u32]);
        }
    };
    check(
        "bank",
        crate::rpc::expand(quote!(program = 0x2000_0bab, version = 1), item),
    );
}

/// The codec is a feature, which other packages of the workspace turn on.
#[test]
#[cfg(feature = "postcard")]
fn a_codec_wraps_arguments_and_results() {
    let item = quote! {
        trait Travel {
            fn book(&self, trip: &Trip, name: &str) -> Result<Trip, Refused>;
        }
    };
    check(
        "codec",
        crate::rpc::expand(quote!(program = 7, version = 1, codec = "postcard"), item),
    );
}

#[test]
#[cfg(not(feature = "postcard"))]
fn a_codec_without_its_feature_is_told_where_it_is() {
    let item = quote! {
        trait Travel {
            fn book(&self, trip: &Trip);
        }
    };
    let arguments = quote!(program = 7, version = 1, codec = "postcard");
    let written = crate::rpc::expand(arguments, item).to_string();
    assert!(
        written.contains("features = [\\\"postcard\\\"]"),
        "{written}"
    );
    assert_eq!(written.matches("compile_error").count(), 1, "{written}");
    assert!(
        !written.contains("Encode > :: encode"),
        "nothing else can be wrong: {written}"
    );
}

#[test]
fn a_struct_becomes_its_fields() {
    check(
        "struct",
        crate::xdr::expand(quote! {
            struct Entry<'a, T, K> {
                name: &'a str,
                #[xdr(with = hours, name = "age")]
                hours: Duration,
                rest: Vec<T>,
                #[xdr(chain)]
                links: Vec<T>,
                kind: PhantomData<K>,
            }
        }),
    );
}

#[test]
fn an_enum_without_data_becomes_its_number() {
    check(
        "enum",
        crate::xdr::expand(quote! {
            enum Colour {
                Red = 1,
                Green = GREEN,
            }
        }),
    );
}

#[test]
fn an_enum_with_data_becomes_a_discriminant_and_fields() {
    check(
        "union",
        crate::xdr::expand(quote! {
            #[xdr(switch = Colour)]
            enum Shape {
                #[xdr(case = Colour::Red)]
                Circle { radius: u32 },
                #[xdr(case = Colour::Green | Colour::Blue)]
                Square(Colour, u32),
                #[xdr(default)]
                Other(Colour),
            }
        }),
    );
}

#[track_caller]
fn check(name: &str, written: TokenStream) {
    let file = syn::parse2(written).expect("the macros write items");
    let written = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(name)
        .with_extension("rs");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, written).expect("the snapshot can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        expected,
        "{} is out of date: see the top of snapshots.rs",
        path.display()
    );
}

//! `codec = "postcard"`: arguments and results in the encoding of another crate, each as one opaque item.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::{Expr, ExprLit, Lit, Type};

use crate::attribute::value;
use crate::span::at;

/// How what is passed and returned gets onto the wire.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Codec {
    /// By its own canonical encoding.
    #[default]
    Xdr,
    /// Wrapped: any type of serde.
    Postcard,
    /// One that is not there, which has been said.
    Unknown,
}

impl Codec {
    /// Reads the value of `codec = "postcard"`.
    pub fn read(meta: &ParseNestedMeta) -> syn::Result<Self> {
        let name: Expr = value(meta)?;
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &name
        else {
            return Err(syn::Error::new_spanned(
                name,
                "a codec is named by text: `codec = \"postcard\"`",
            ));
        };
        match text.value().as_str() {
            "postcard" if cfg!(feature = "postcard") => Ok(Self::Postcard),
            "postcard" => Err(syn::Error::new_spanned(
                name,
                "this codec is a feature of rpc-core: write `rpc-core = { …, features = [\"postcard\"] }` in Cargo.toml",
            )),
            "xdr" => Err(syn::Error::new_spanned(
                name,
                "the canonical encoding needs no word: remove the `codec`",
            )),
            other => {
                let message = format!(
                    "`{other}` is no codec: beside the canonical encoding there is `postcard`"
                );
                Err(syn::Error::new_spanned(name, message))
            }
        }
    }

    /// What stands for `ty` on the wire.
    pub fn wire(self, ty: &Type, private: &TokenStream) -> TokenStream {
        match self {
            Self::Xdr | Self::Unknown => quote!(#ty),
            Self::Postcard => quote_spanned!(at(ty)=> #private::Postcard<#ty>),
        }
    }

    /// `value` of type `ty` as it goes onto the wire.
    pub fn wrap(self, value: &TokenStream, ty: &Type, private: &TokenStream) -> TokenStream {
        match self {
            Self::Xdr | Self::Unknown => value.clone(),
            Self::Postcard => quote_spanned!(at(ty)=> #private::Postcard(#value)),
        }
    }
}

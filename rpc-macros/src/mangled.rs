//! Half-written code is what an editor expands most of the time: it gives errors, never a panic.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;

#[test]
fn a_trait_with_a_token_too_few_or_too_many_does_not_panic() {
    let item = quote! {
        /// A bank.
        #[cfg(unix)]
        pub trait Bank: Sized {
            #[rpc(exactly_once, procedure = 3, name = "move")]
            fn transfer(&self, cx: &Context, from: &[u8], to: Vec<Option<&str>>) -> Result<(), [u8; 4]>;
            #[rpc(oneway)]
            fn note(&self, line: &str);
        }
    };
    let arguments = quote!(
        crate = ::other::path,
        program = 7,
        version = VERSION,
        name = "bank"
    );
    for mangled in mangle(item.clone()) {
        let is_item = syn::parse2::<syn::Item>(mangled.clone()).is_ok();
        let written = crate::rpc::expand(arguments.clone(), mangled);
        assert!(!is_item || is_code(written));
    }
    for mangled in mangle(arguments) {
        assert!(is_code(crate::rpc::expand(mangled, item.clone())));
    }
}

#[test]
fn a_type_with_a_token_too_few_or_too_many_does_not_panic() {
    let union = quote! {
        #[xdr(switch = Colour, name = "shape", crate = other)]
        enum Shape<'a, T: Copy> where T: Clone {
            #[xdr(case = Colour::Red | -1, name = "circle")]
            Circle { #[xdr(name = "r")] radius: Colour, centre: &'a [T; 3] },
            #[xdr(default)]
            Square(Colour, #[xdr(with = module)] u32),
            #[xdr(case = (3))]
            Row(#[xdr(chain)] Vec<T::Item>, #[xdr(words)] [u8; N], BTreeMap<&'a T, PhantomData<T>>),
        }
    };
    let number = quote!(
        #[repr(i32)]
        enum Colour {
            Red = 1,
            #[xdr(name = "g")]
            Green = -GREEN,
        }
    );
    let plain = quote!(
        pub(crate) struct Pair<const N: usize>(pub [u8; N], #[xdr(with = a::b)] (u32,));
    );
    for mangled in [union, number, plain].into_iter().flat_map(mangle) {
        assert!(is_code(crate::xdr::expand(mangled)));
    }
}

fn is_code(tokens: TokenStream) -> bool {
    syn::parse2::<syn::File>(tokens).is_ok()
}

/// The stream without each of its tokens in turn, and with each of them twice, groups inside and out.
fn mangle(tokens: TokenStream) -> Vec<TokenStream> {
    let all: Vec<TokenTree> = tokens.into_iter().collect();
    let mut mangled = Vec::new();
    for (index, token) in all.iter().enumerate() {
        let mut put = |replacement: Vec<TokenTree>| {
            let (before, after) = (&all[..index], &all[index + 1..]);
            mangled.push([before, &replacement, after].concat().into_iter().collect());
        };
        put(Vec::new());
        put(vec![token.clone(); 2]);
        if let TokenTree::Group(group) = token {
            for inside in mangle(group.stream()) {
                put(vec![Group::new(group.delimiter(), inside).into()]);
            }
        }
    }
    mangled
}

//! Where clippy would have other names than the contract: the generated code allows what a person would have to.

use proc_macro2::TokenStream;
use quote::quote;

/// For an enum: clippy wants no variant that repeats the name of the enum, and no word that begins or ends all
/// of three or more.
pub(super) fn of_enum(name: &str, variants: &[String]) -> Option<TokenStream> {
    let own = words(name);
    let variants: Vec<Vec<&str>> = variants.iter().map(|variant| words(variant)).collect();
    let repeats = |variant: &Vec<&str>| variant.starts_with(&own) || variant.ends_with(&own);
    let shared = |word: fn(&Vec<&'_ str>) -> Option<String>| {
        let first = variants.first().and_then(word);
        first.is_some() && variants.iter().all(|variant| word(variant) == first)
    };
    let first = shared(|variant| variant.first().map(|&word| word.to_owned()));
    let last = shared(|variant| variant.last().map(|&word| word.to_owned()));
    let fires = variants.len() > 2 && (first || last || variants.iter().any(repeats));
    fires.then(|| quote!(#[allow(clippy::enum_variant_names)]))
}

/// For a method: clippy counts `self` and `cx` as arguments, and wants `into_…` to take `self` and `from_…` none.
pub(super) fn of_method(name: &str, arguments: usize) -> TokenStream {
    let many = (arguments > 5).then(|| quote!(#[allow(clippy::too_many_arguments)]));
    let converts = name.starts_with("into_") || name.starts_with("from_");
    let converts = converts.then(|| quote!(#[allow(clippy::wrong_self_convention)]));
    quote!(#many #converts)
}

/// The words of a name in `CamelCase`; each begins with a capital letter.
fn words(name: &str) -> Vec<&str> {
    let begins = name.char_indices().filter(|(_, c)| c.is_uppercase());
    let mut begins: Vec<usize> = begins.map(|(at, _)| at).filter(|&at| at > 0).collect();
    begins.insert(0, 0);
    let ends = begins.iter().skip(1).copied().chain([name.len()]);
    let words = begins
        .iter()
        .zip(ends)
        .map(|(&begin, end)| &name[begin..end]);
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::of_enum;

    #[test]
    fn only_names_that_repeat_each_other_are_allowed_for() {
        for (name, variants, allowed) in [
            ("Nfsstat3", "Nfs3Ok Nfs3errPerm Nfs3errNoent", false),
            ("Stat", "Nfs3Ok Nfs3Perm Nfs3Noent", true),
            ("Stat", "Nfs3Ok Nfs3Perm", false),
            ("Stat", "BigFile BareFile OldFile", true),
            ("Kind", "KindA Other Third", true),
            ("FileKind", "A Other OfFileKind", true),
            ("Colour", "Red Green Blue", false),
            ("Colour", "Colourless Green Blue", false),
        ] {
            let variants: Vec<String> = variants.split(' ').map(str::to_owned).collect();
            assert_eq!(
                of_enum(name, &variants).is_some(),
                allowed,
                "{name} {variants:?}"
            );
        }
    }
}

//! What the parameters of a type must be able to do, found in the types of its fields.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    GenericArgument, Generics, Ident, PathArguments, PathSegment, Type, TypeMacro, TypePath,
};

use super::model::Field;

/// The types that a field contains and that depend on parameters.
#[derive(Default)]
pub struct Needs {
    /// Types that are on the wire: a parameter, or an associated type of one, `T::Item`.
    pub coded: Vec<Type>,
    /// Keys of trees, which decoding compares.
    pub ordered: Vec<Type>,
    /// Keys of tables, which decoding hashes.
    pub hashed: Vec<Type>,
    /// The hashers of tables, which decoding makes.
    pub hashers: Vec<Type>,
}

impl Needs {
    /// Fields that a module encodes need nothing: what its functions ask for stands in the `where` clause of the type.
    pub fn of<'a>(generics: &'a Generics, fields: impl Iterator<Item = &'a Field>) -> Self {
        let mut search = Search {
            parameters: generics
                .type_params()
                .map(|parameter| &parameter.ident)
                .collect(),
            found: Self::default(),
        };
        if search.parameters.is_empty() {
            return search.found;
        }
        for field in fields.filter(|field| field.is_on_the_wire() && !field.has_module()) {
            search.visit_type(&field.ty);
        }
        search.found
    }

    /// Whether values of the parameter itself are on the wire.
    pub fn names(&self, parameter: &Ident) -> bool {
        let is_it = |ty: &Type| matches!(ty, Type::Path(path) if path.path.is_ident(parameter));
        self.coded.iter().any(is_it)
    }
}

struct Search<'a> {
    parameters: Vec<&'a Ident>,
    found: Needs,
}

impl Search<'_> {
    fn is_parameter(&self, ident: &Ident) -> bool {
        self.parameters.contains(&ident)
    }

    /// Whether a parameter occurs anywhere in the type.
    fn depends(&self, ty: &Type) -> bool {
        struct Occurs<'a, 'b>(&'a Search<'b>, bool);
        impl<'ast> Visit<'ast> for Occurs<'_, '_> {
            fn visit_ident(&mut self, ident: &'ast Ident) {
                self.1 |= self.0.is_parameter(ident);
            }
        }
        let mut occurs = Occurs(self, false);
        occurs.visit_type(ty);
        occurs.1
    }

    /// What a map or a set needs of its parameters beyond their encoding. Its hasher is not on the wire.
    fn visit_sorted(&mut self, segment: &PathSegment, keys_and_values: usize) {
        let arguments = types(segment);
        for ty in arguments.iter().take(keys_and_values) {
            self.visit_type(ty);
        }
        if let Some(key) = arguments.first().filter(|key| self.depends(key)) {
            match is_tree(&segment.ident) {
                true => add(&mut self.found.ordered, key),
                false => add(&mut self.found.hashed, key),
            }
        }
        if let Some(hasher) = arguments.get(keys_and_values).filter(|ty| self.depends(ty)) {
            add(&mut self.found.hashers, hasher);
        }
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_type_path(&mut self, path: &'ast TypePath) {
        let ty = || Type::Path(path.clone());
        if let Some(of) = &path.qself {
            if self.depends(&of.ty) {
                add(&mut self.found.coded, &ty());
            }
            return;
        }
        let (first, last) = (path.path.segments.first(), path.path.segments.last());
        if first.is_some_and(|first| self.is_parameter(&first.ident)) {
            return add(&mut self.found.coded, &ty());
        }
        match last {
            Some(last) if last.ident == "PhantomData" => {}
            Some(last) if last.ident == "BTreeMap" || last.ident == "HashMap" => {
                self.visit_sorted(last, 2);
            }
            Some(last) if last.ident == "BTreeSet" || last.ident == "HashSet" => {
                self.visit_sorted(last, 1);
            }
            _ => visit::visit_type_path(self, path),
        }
    }

    /// Nobody knows what a macro stands for: it may name every parameter.
    fn visit_type_macro(&mut self, _: &'ast TypeMacro) {
        for parameter in self.parameters.clone() {
            add(&mut self.found.coded, &syn::parse_quote!(#parameter));
        }
    }
}

fn is_tree(ident: &Ident) -> bool {
    ident == "BTreeMap" || ident == "BTreeSet"
}

/// The types among the arguments of a path's segment.
pub fn types(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

fn add(types: &mut Vec<Type>, ty: &Type) {
    let text = |ty: &Type| ty.to_token_stream().to_string();
    if types.iter().all(|known| text(known) != text(ty)) {
        types.push(ty.clone());
    }
}

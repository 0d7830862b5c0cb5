//! What may stand in the types of a signature.

use syn::visit::{self, Visit};
use syn::{
    Lifetime, Type, TypeBareFn, TypeImplTrait, TypeInfer, TypeNever, TypePtr, TypeReference,
    TypeTraitObject,
};

use crate::errors::Errors;
use crate::words::refuse_words;

/// How an argument gets from the caller's hand into the service's.
pub enum Passing {
    /// By value.
    Owned(Type),
    /// A reference into the message: `&str`, `&[u8]`.
    Borrowed(Type),
    /// A reference to a value that the server decodes and keeps for the call: `&T`.
    Lent(Type),
    /// The same for a list of values: `&[T]`. The type is `T`.
    LentList(Type),
}

impl Passing {
    pub fn of(ty: &Type) -> Self {
        let Type::Reference(reference) = peel(ty) else {
            return Self::Owned(ty.clone());
        };
        match peel(&reference.elem) {
            Type::Path(path) if path.path.is_ident("str") => {
                Self::Borrowed((*reference.elem).clone())
            }
            Type::Slice(slice) if is_u8(&slice.elem) => Self::Borrowed((*reference.elem).clone()),
            Type::Slice(slice) => Self::LentList((*slice.elem).clone()),
            other => Self::Lent(other.clone()),
        }
    }
}

fn is_u8(ty: &Type) -> bool {
    matches!(peel(ty), Type::Path(path) if path.path.is_ident("u8"))
}

/// The type inside the invisible and visible parentheses around it; `macro_rules` leaves the former.
pub fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        other => other,
    }
}

/// Whether `ty` is a path that ends in `Context`.
pub fn is_context(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Context"),
        _ => false,
    }
}

/// Refuses what an argument cannot be.
pub fn check_argument(ty: &Type, errors: &Errors) -> bool {
    Check::run(ty, Place::Argument, errors)
}

/// Refuses what a result cannot be.
pub fn check_result(ty: &Type, errors: &Errors) -> bool {
    Check::run(ty, Place::Result, errors)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Argument,
    Result,
}

struct Check<'a> {
    place: Place,
    errors: &'a Errors,
    good: bool,
}

impl Check<'_> {
    fn run(ty: &Type, place: Place, errors: &Errors) -> bool {
        let mut check = Check {
            place,
            errors,
            good: !refuse_words(ty, errors),
        };
        check.check_size(ty);
        check.visit_type(ty);
        check.good
    }

    /// `str` and `[T]` have no size of their own.
    fn check_size(&mut self, ty: &Type) {
        let unsized_as = match peel(ty) {
            Type::Path(path) if path.path.is_ident("str") => ("&str", "String"),
            Type::Slice(_) => ("&[T]", "Vec<T>"),
            _ => return,
        };
        let (taken, returned) = unsized_as;
        let message = match self.place {
            Place::Argument => format!("an argument has a size: take `{taken}`"),
            Place::Result => format!("a result has a size: return `{returned}`"),
        };
        self.refuse(ty, &message);
    }

    fn refuse(&mut self, tokens: impl quote::ToTokens, message: &str) {
        self.errors.at(tokens, message);
        self.good = false;
    }
}

impl<'ast> Visit<'ast> for Check<'_> {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if self.place == Place::Result {
            self.refuse(
                reference,
                "a method returns owned values, since its reply outlives what it could borrow from: \
                 return `String` for `&str`, `Vec<T>` for `&[T]`",
            );
        } else if reference.mutability.is_some() {
            self.refuse(
                reference,
                "an argument travels one way: take `&T`, and return what has changed",
            );
        } else {
            visit::visit_type_reference(self, reference);
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        match self.place {
            Place::Argument if lifetime.ident == "_" => {}
            Place::Argument => {
                self.refuse(
                    lifetime,
                    "a borrowed argument lives as long as the call: leave the lifetime out",
                );
            }
            Place::Result => self.refuse(
                lifetime,
                "a method returns owned values: use a type without a lifetime",
            ),
        }
    }

    fn visit_type_trait_object(&mut self, object: &'ast TypeTraitObject) {
        self.refuse(
            object,
            "what implements a trait is known to this process only: name a type, or an enum of the types that it may be",
        );
    }

    fn visit_type_ptr(&mut self, pointer: &'ast TypePtr) {
        self.refuse(
            pointer,
            "an address means nothing to another process: send what it points to",
        );
    }

    fn visit_type_bare_fn(&mut self, function: &'ast TypeBareFn) {
        self.refuse(
            function,
            "code stays in its process: send a value that says what to do",
        );
    }

    fn visit_type_infer(&mut self, _: &'ast TypeInfer) {
        // The compiler says so.
        self.good = false;
    }

    fn visit_type_never(&mut self, never: &'ast TypeNever) {
        self.refuse(
            never,
            "nobody would ever hear of such a call: return `()`, or make it `oneway`",
        );
    }

    fn visit_type_impl_trait(&mut self, hidden: &'ast TypeImplTrait) {
        self.refuse(hidden, "both sides must know this type: name it");
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path
            .segments
            .first()
            .is_some_and(|first| first.ident == "Self")
        {
            self.refuse(
                path,
                "`Self` is the service, which stays where it is: name a type that can be sent",
            );
        } else {
            visit::visit_path(self, path);
        }
    }
}

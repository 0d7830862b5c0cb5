//! A crate that forbids much can still use the macros.

#![deny(warnings, missing_docs, missing_debug_implementations, unused_qualifications, unsafe_code)]
#![deny(unreachable_pub, elided_lifetimes_in_paths, unused_lifetimes, trivial_casts, trivial_numeric_casts)]
#![deny(unused_results, non_local_definitions, let_underscore_drop)]

use rpc_core::{Context, Xdr, rpc};

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub enum Colour {
    /// Red.
    Red = 1,
}

/// A shape.
#[derive(Debug, Xdr)]
#[xdr(switch = Colour)]
pub enum Shape<'a> {
    /// A circle.
    #[xdr(case = Colour::Red)]
    Circle(&'a str, Option<Box<u32>>),
}

/// Draws.
#[rpc(program = 0x2000_0000, version = 1)]
pub trait Draw {
    /// Draws a shape.
    #[rpc(exactly_once)]
    fn draw(&self, cx: &Context, shape: Shape<'_>, colours: &[Colour]) -> Result<u64, String>;
    /// Many.
    fn many(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8);
    /// Says from where.
    #[rpc(oneway)]
    #[deprecated = "say it louder"]
    fn from_here(&self, text: &str);
}

mod private {
    use rpc_core::{Xdr, rpc};

    #[derive(Xdr)]
    struct Hidden(u32);

    /// Nobody calls or serves this one here.
    #[rpc(program = 0x2000_0001, version = 1)]
    trait Inner {
        fn hide(&self) -> Hidden;
    }

    /// Visible a little.
    #[rpc(program = 0x2000_0002, version = 1)]
    pub(super) trait Outer {
        fn show(&self) -> u32;
    }

    impl Inner for () {
        fn hide(&self) -> Hidden {
            let hidden = Hidden(1);
            Hidden(hidden.0)
        }
    }
}

/// Answers nothing but the null procedure.
#[rpc(program = 0x2000_0004, version = 1)]
pub trait Silent {}

impl private::Outer for () {
    fn show(&self) -> u32 {
        1
    }
}

fn main() {
    /// Inside a function.
    #[rpc(program = 0x2000_0003, version = 1)]
    trait Local {
        fn here(&self) -> u32;
    }

    impl Local for () {
        fn here(&self) -> u32 {
            1
        }
    }

    drop(LocalService::new(()));
}

//! Our server of `echo.x`.

use crate::echo::*;
use rpc_core::{Context, Server, ServerBuilder};
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives back what it gets.
#[derive(Default)]
pub struct Echo {
    counter: AtomicU64,
}

/// A server of both versions, which has nowhere to listen yet.
pub fn server() -> ServerBuilder {
    Server::builder()
        .serve(EchoV1Service::new(Echo::default()))
        .serve(EchoV2Service::new(Echo::default()))
}

impl EchoV1 for Echo {
    fn echo_old(&self, _: &Context, arg: &[u8]) -> Vec<u8> {
        arg.to_vec()
    }
}

/// The methods that give back what they get.
macro_rules! echoes {
    ($($method:ident: $ty:ty),* $(,)?) => {
        $(fn $method(&self, _: &Context, arg: $ty) -> $ty {
            arg
        })*
    };
}

impl EchoV2 for Echo {
    echoes! {
        echo_scalars: Scalars,
        echo_texts: Texts,
        echo_lists: Lists,
        echo_presence: Presence,
        echo_item: Item,
        echo_folder: Folder,
        echo_shape: Shape,
        echo_status: Status,
        echo_answer: Answer,
        echo_paint: Paint,
        echo_colour: Colour,
        echo_id: Id,
        echo_numbers: Numbers,
        echo_blob: Blob,
        echo_bool: bool,
        echo_int: i32,
        echo_double: f64,
        echo_maybe: MaybePoint,
        echo_large: Large,
    }

    fn echo_string(&self, _: &Context, arg: &[u8]) -> Vec<u8> {
        arg.to_vec()
    }

    fn count(&self, _: &Context, arg: u64) -> u64 {
        self.counter.fetch_add(arg, Ordering::Relaxed) + arg
    }

    fn caller(&self, cx: &Context) -> Vec<u8> {
        let Some(claim) = cx.peer().claimed() else {
            return b"nobody".to_vec();
        };
        let mut text = claim.machine().as_bytes().to_vec();
        let ids = [claim.uid(), claim.gid()];
        for id in ids.iter().chain(claim.gids()) {
            text.extend(format!(" {id}").into_bytes());
        }
        text
    }

    fn refuse(&self, _: &Context, arg: Refusal) {
        panic!("{arg:?} is wanted");
    }
}

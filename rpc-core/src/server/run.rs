//! Running one handler.

use super::hands::{Begun, Hands, keep_small};
use super::seat::Running;
use crate::context::Context;
use crate::nested;
use crate::service::ServeError;
use rpc_proto::describe::Interface;
use rpc_proto::session::server::{Done, REPLY_HEADROOM, Route};
use rpc_proto::time::Time;
use rpc_proto::xdr::{Decoder, Encoder, Limits};
use std::any::Any;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Hands<'_> {
    /// Runs a call to its end. `reply` then holds the framed reply, for the returned route.
    pub(crate) fn run(&mut self, begun: Begun<'_>, args: &[u8]) -> Option<Route> {
        self.clear_reply();
        let done = match begun.run.method {
            // Procedure 0 takes nothing, does nothing and returns nothing.
            None if args.is_empty() => Done::Returned,
            None => Done::BadArguments,
            Some(method) => self.run_method(&begun, method.procedure, args),
        };
        self.shared
            .handle_done(begun.run.token, done, &mut self.reply)
    }

    /// Makes `reply` an empty result behind its headroom.
    pub(crate) fn clear_reply(&mut self) {
        keep_small(&mut self.reply);
        self.reply.resize(REPLY_HEADROOM, 0);
    }

    fn run_method(&mut self, begun: &Begun<'_>, procedure: u32, args: &[u8]) -> Done {
        let shared = self.shared;
        let Some(service) = shared.services.get(begun.run.interface) else {
            return Done::NoProcedure;
        };
        let cx = Context::new(
            begun.peer.clone(),
            instant(begun.run.deadline, begun.now),
            begun.run.token.id(),
        );
        let mut input = Decoder::new(
            args,
            Limits {
                message: shared.bounds.message,
                ..Limits::default()
            },
        );
        let mut result = Encoder::with_headroom(take(&mut self.reply), REPLY_HEADROOM);
        if let Some(seat) = self.seat {
            let Begun {
                now, route, held, ..
            } = *begun;
            seat.begin(Running {
                since: now,
                interface: begun.run.interface,
                procedure,
                route,
                held,
            });
            if begun.behind || !shared.unfinished.is_empty() || shared.all_busy() {
                shared.house.watch_handlers(now);
            }
        }
        let passed_on = nested::pass_on(begun.run.deadline);
        // Nothing of ours is left half-changed by a panic: the encoder is read as far as it was written, and then discarded.
        let returned = catch_unwind(AssertUnwindSafe(|| {
            service.call(&cx, procedure, &mut input, &mut result)
        }));
        drop(passed_on);
        if let Some(seat) = self.seat {
            seat.end();
        }
        self.reply = result.into_vec();
        let end = End {
            interface: service.interface(),
            procedure,
            cx: &cx,
        };
        match returned {
            Ok(Ok(())) if self.reply.len() - REPLY_HEADROOM > shared.bounds.message => {
                end.too_long(self.reply.len() - REPLY_HEADROOM, shared.bounds.message)
            }
            Ok(Ok(())) => Done::Returned,
            Ok(Err(error)) => end.failed(&error),
            Err(panic) => {
                shared.counters.panics.fetch_add(1, Ordering::Relaxed);
                end.panicked(&*panic)
            }
        }
    }
}

/// The end of a call, for telling what went wrong.
struct End<'a> {
    interface: &'static Interface,
    procedure: u32,
    cx: &'a Context,
}

impl End<'_> {
    fn failed(&self, error: &ServeError) -> Done {
        let (method, peer) = (method_name(self.interface, self.procedure), self.cx.peer());
        match error {
            ServeError::NoProcedure => Done::NoProcedure,
            ServeError::Args(error) => {
                tracing::debug!(method, %peer, %error, "the arguments of a call cannot be decoded");
                Done::BadArguments
            }
            ServeError::Reply(error) => {
                tracing::error!(method, %peer, %error, "a result cannot be encoded");
                Done::Unencodable
            }
        }
    }

    fn too_long(&self, length: usize, limit: usize) -> Done {
        let method = method_name(self.interface, self.procedure);
        tracing::error!(method, peer = %self.cx.peer(), length, limit, "a result is longer than a message may be");
        Done::Unencodable
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> Done {
        let method = method_name(self.interface, self.procedure);
        let message = panic.downcast_ref::<&str>().copied();
        let message = message
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        tracing::error!(method, peer = %self.cx.peer(), message, "a handler panicked");
        Done::Panicked
    }
}

/// `Bank.transfer`, or what is known of it.
pub(crate) fn method_name(interface: &Interface, procedure: u32) -> String {
    match interface.method(procedure) {
        Some(method) => format!("{}.{}", interface.name, method.name),
        None => format!("{}.{procedure}", interface.name),
    }
}

/// A point of the session machine's time on the clock that handlers read.
fn instant(deadline: Option<Time>, now: Time) -> Option<Instant> {
    deadline.map(|deadline| Instant::now() + deadline.since(now))
}

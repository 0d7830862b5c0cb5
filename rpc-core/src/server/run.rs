//! Running one handler.

use super::claim::Hold;
use super::hands::{Begun, Hands, keep_small};
use super::keeping::Means;
use super::seat::Running;
use super::sessions::Batch;
use super::shared::Shared;
use crate::context::{Context, End, Peer, Recorded, StoreTrouble};
use crate::nested;
use crate::service::{Effects, ServeError};
use crate::store::StoreError;
use rpc_proto::describe::{Interface, Method};
use rpc_proto::session::server::{Done, REPLY_HEADROOM, Route};
use rpc_proto::time::Time;
use rpc_proto::xdr::{Decoder, Encoder, Limits};
use std::any::Any;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Hands<'_> {
    /// Runs a call to its end. `reply` then holds the framed reply for the returned route, if one is to be sent now.
    pub(crate) fn run(&mut self, begun: Begun<'_>, args: &[u8]) -> Option<Route> {
        self.clear_reply();
        let shared = self.shared;
        let place = Place::of(&begun);
        let Begun { run, route, .. } = begun;
        let Some(method) = run.method else {
            // Procedure 0 takes nothing, does nothing and returns nothing.
            let done = match args {
                [] => self.ping(run.interface, begun.peer),
                _ => Done::BadArguments,
            };
            return shared.handle_done(run.token, done, route, &mut self.reply);
        };
        let deadline = instant(run.deadline, begun.now);
        let is_plain = run.token.id().is_none();
        let peer = begun.peer.claiming(run.claimed);
        let cx = Context::new(peer, deadline, run.token.id());
        let (access, means) = shared.access(method, run.token);
        let passed_on = nested::pass_on(run.deadline);
        let (done, says) = self.run_method(&place, method.procedure, &cx.with_store(access), args);
        drop(passed_on);
        let end = match means {
            Means::None(token) => Some(End::Open(token)),
            Means::Recording(recording) => recording.end(),
        };
        match end? {
            End::Open(mut token) => {
                // A session waits for some answer to each of its calls.
                if says == Says::Nothing && is_plain {
                    token.leave_unanswered();
                }
                shared.handle_done(token, done, route, &mut self.reply)
            }
            End::StoreFailed(token) => {
                shared.handle_done(token, Done::StoreFailed, route, &mut self.reply)
            }
            End::Recorded(recorded) => {
                self.check_recorded(&place, method, done, &recorded);
                shared.handle_recorded(recorded, route, &mut self.reply)
            }
        }
    }

    /// Makes `reply` an empty result behind its headroom.
    pub(crate) fn clear_reply(&mut self) {
        keep_small(&mut self.reply);
        self.reply.resize(REPLY_HEADROOM, 0);
    }

    /// What the caller gets is what the transaction has recorded. A handler that returns something else is told so.
    fn check_recorded(&self, place: &Place<'_>, method: &Method, done: Done, recorded: &Recorded) {
        let both_returned = done == Done::Returned && recorded.done == Done::Returned;
        if both_returned && recorded.reply[REPLY_HEADROOM..] != self.reply[REPLY_HEADROOM..] {
            let service = self.shared.services.get(place.interface);
            let interface = service.map_or("", |service| service.interface().name);
            tracing::error!(
                method = format_args!("{interface}.{}", method.name), peer = %place.peer,
                "a handler returned something else than its transaction recorded; its caller gets what is recorded"
            );
        }
    }

    /// Tells the service of a call of procedure 0.
    fn ping(&self, interface: usize, peer: &Peer) -> Done {
        let Some(service) = self.shared.services.get(interface) else {
            return Done::Returned;
        };
        let cx = Context::new(peer.clone(), None, None);
        match catch_unwind(AssertUnwindSafe(|| service.pinged(&cx))) {
            Ok(()) => Done::Returned,
            Err(panic) => EndOf {
                interface: service.interface(),
                procedure: 0,
                cx: &cx,
            }
            .unwound(self.shared, panic, false),
        }
    }

    /// How the method ended, and whether its caller is told.
    fn run_method(
        &mut self,
        place: &Place<'_>,
        procedure: u32,
        cx: &Context,
        args: &[u8],
    ) -> (Done, Says) {
        let shared = self.shared;
        let Some(service) = shared.services.get(place.interface) else {
            return (Done::NoProcedure, Says::All);
        };
        let limits = Limits {
            message: shared.bounds.message,
            ..Limits::default()
        };
        let mut input = Decoder::new(args, limits);
        let mut result = Encoder::with_headroom(take(&mut self.reply), REPLY_HEADROOM);
        self.tell_beginning(place, procedure);
        // Nothing of ours is left half-changed by a panic: the encoder is read as far as it was written, and then discarded.
        let returned = catch_unwind(AssertUnwindSafe(|| {
            service.call(cx, procedure, &mut input, &mut result)
        }));
        if let Some(seat) = self.seat {
            seat.end();
        }
        let (length, limit) = (result.len(), shared.bounds.message);
        self.reply = result.into_vec();
        let end = EndOf {
            interface: service.interface(),
            procedure,
            cx,
        };
        let done = match returned {
            Ok(Ok(())) if length > limit => end.too_long(length, limit),
            Ok(Ok(())) => Done::Returned,
            Ok(Err(error)) => return end.failed(&error),
            Err(payload) => {
                let takes_back = place.records && service.effects() == Effects::InTransaction;
                end.unwound(shared, payload, takes_back)
            }
        };
        (done, Says::All)
    }

    /// Tells the others what runs here from now on.
    fn tell_beginning(&self, place: &Place<'_>, procedure: u32) {
        let (Some(seat), shared, now) = (self.seat, self.shared, place.now) else {
            return;
        };
        let running = Running {
            since: now,
            interface: place.interface,
            procedure,
            route: place.route,
            held: place.held,
        };
        seat.begin(running, place.records);
        // What this thread has left waiting must not wait for this call too.
        shared.commit_soon();
        if place.behind || !shared.unfinished.is_empty() || shared.all_busy() {
            shared.house.watch_handlers(now);
        }
    }
}

/// What a service has to say to a caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    All,
    Nothing,
}

/// Where a call came from, and where it is run.
struct Place<'a> {
    interface: usize,
    now: Time,
    peer: &'a Peer,
    route: Route,
    held: Option<(u64, Hold)>,
    behind: bool,
    /// Whether the call's end will be kept by the store.
    records: bool,
}

impl<'a> Place<'a> {
    fn of(begun: &Begun<'a>) -> Self {
        Self {
            interface: begun.run.interface,
            now: begun.now,
            peer: begun.peer,
            route: begun.route,
            held: begun.held,
            behind: begun.behind,
            records: begun.run.token.awaits_record(),
        }
    }
}

/// The end of a call, for telling what went wrong.
struct EndOf<'a> {
    interface: &'static Interface,
    procedure: u32,
    cx: &'a Context,
}

impl EndOf<'_> {
    fn failed(&self, error: &ServeError) -> (Done, Says) {
        let (method, peer) = (method_name(self.interface, self.procedure), self.cx.peer());
        let done = match error {
            ServeError::NoResult { ran, is_told } => {
                let done = match ran {
                    true => Done::Unencodable,
                    false => Done::NoProcedure,
                };
                return (done, if *is_told { Says::All } else { Says::Nothing });
            }
            ServeError::NoProcedure => Done::NoProcedure,
            ServeError::Args(error) => {
                tracing::debug!(method, %peer, %error, "the arguments of a call cannot be decoded");
                Done::BadArguments
            }
            ServeError::Reply(error) => {
                tracing::error!(method, %peer, %error, "a result cannot be encoded");
                Done::Unencodable
            }
        };
        (done, Says::All)
    }

    fn too_long(&self, length: usize, limit: usize) -> Done {
        let method = method_name(self.interface, self.procedure);
        tracing::error!(method, peer = %self.cx.peer(), length, limit, "a result is longer than a message may be");
        Done::Unencodable
    }

    /// The handler did not return. `takes_back`: nothing of what it did is left then.
    fn unwound(&self, shared: &Shared, payload: Box<dyn Any + Send>, takes_back: bool) -> Done {
        match payload.downcast::<StoreTrouble>() {
            Ok(trouble) => {
                self.left_by_store(shared, &trouble.0);
                Done::StoreFailed
            }
            Err(panic) => {
                shared.counters.panics.fetch_add(1, Ordering::Relaxed);
                self.panicked(&*panic);
                match takes_back {
                    true => Done::RolledBack,
                    false => Done::Panicked,
                }
            }
        }
    }

    /// The handler asked for something that the store did not do.
    fn left_by_store(&self, shared: &Shared, error: &StoreError) {
        let method = method_name(self.interface, self.procedure);
        tracing::error!(method, peer = %self.cx.peer(), %error, "a call ended without its transaction");
        if matches!(error, StoreError::Failed(_) | StoreError::Fenced) {
            let mut batch = Batch::default();
            shared.fail_store(error, &mut batch);
            shared.send(batch, false);
        }
    }

    fn panicked(&self, panic: &(dyn Any + Send)) {
        let method = method_name(self.interface, self.procedure);
        let message = panic_message(panic);
        tracing::error!(method, peer = %self.cx.peer(), message, "a handler panicked");
    }
}

/// What a panic says.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let message = panic.downcast_ref::<&str>().copied();
    message
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
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

//! Calls of a service in the same process: the caller's thread runs the method.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rpc_proto::describe::Method;
use rpc_proto::session::client::HEADROOM;
use rpc_proto::time::Executed;
use rpc_proto::xdr::{Decoder, Encoder, Limits};

use super::buffers;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::nested;
use crate::service::{ServeError, Service};
use crate::system::now;

/// Runs `method` with the arguments in `message`. The encoded result, or how it failed and whether it ran.
///
/// Arguments and result are encoded and decoded as on any other way, so a test double is held to the same limits.
pub(super) fn call(
    service: &dyn Service,
    method: &Method,
    message: Vec<u8>,
    deadline: Duration,
) -> Result<Vec<u8>, (ErrorKind, Executed)> {
    // A deadline that the clock cannot express never comes.
    let context = Context::local(Instant::now().checked_add(deadline));
    let mut reply = Encoder::with_headroom(buffers::take(), 0);
    let mut args = Decoder::new(&message[HEADROOM..], Limits::default());
    let passed_on = nested::pass_on(Some(now() + deadline));
    let served = catch_unwind(AssertUnwindSafe(|| {
        service.call(&context, method.procedure, &mut args, &mut reply)
    }));
    drop(passed_on);
    buffers::give(message);
    match served {
        Ok(Ok(())) => Ok(reply.into_vec()),
        Ok(Err(ServeError::NoProcedure)) => Err((ErrorKind::NoProcedure, Executed::No)),
        Ok(Err(ServeError::Args(_))) => Err((ErrorKind::BadArguments, Executed::No)),
        Ok(Err(ServeError::Reply(_))) => Err((ErrorKind::ResultUnencodable, Executed::Yes)),
        // How far it came, nobody knows.
        Err(_) => Err((ErrorKind::Panicked, Executed::Maybe)),
    }
}

//! Calls of a service in the same process: the caller's thread runs the method.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rpc_proto::describe::Method;
use rpc_proto::session::client::HEADROOM;
use rpc_proto::time::Executed;
use rpc_proto::xdr::{Decoder, EncodeError, Encoder, Limits};

use super::buffers;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::nested;
use crate::service::{ServeError, Service};
use crate::system::now;

/// A local call that brought no result.
pub(super) struct Refusal {
    pub(super) kind: ErrorKind,
    pub(super) executed: Executed,
    /// What the codec says. A server can only log it; here the caller hears it.
    pub(super) source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Runs `method` with the arguments in `message`. The encoded result, or how it failed and whether it ran.
///
/// Arguments and result are encoded and decoded as on any other way, so a test double is held to the same limits.
pub(super) fn call(
    service: &dyn Service,
    method: &Method,
    message: Vec<u8>,
    deadline: Duration,
) -> Result<Vec<u8>, Refusal> {
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
        Ok(Ok(())) => match too_long(&reply) {
            None => Ok(reply.into_vec()),
            Some(error) => Err(unencodable(error)),
        },
        Ok(Err(ServeError::NoProcedure | ServeError::NoResult { ran: false, .. })) => {
            Err(Refusal {
                kind: ErrorKind::NoProcedure,
                executed: Executed::No,
                source: None,
            })
        }
        Ok(Err(ServeError::Args(error))) => Err(Refusal {
            kind: ErrorKind::BadArguments,
            executed: Executed::No,
            source: Some(error.into()),
        }),
        Ok(Err(ServeError::NoResult { ran: true, .. })) => Err(Refusal {
            kind: ErrorKind::ResultUnencodable,
            executed: Executed::Yes,
            source: None,
        }),
        Ok(Err(ServeError::Reply(error))) => Err(unencodable(error)),
        // How far it came, nobody knows.
        Err(_) => Err(Refusal {
            kind: ErrorKind::Panicked,
            executed: Executed::Maybe,
            source: None,
        }),
    }
}

/// What a server would say of the result as a whole.
fn too_long(reply: &Encoder) -> Option<EncodeError> {
    let max = Limits::default().message;
    (reply.len() > max).then(|| EncodeError::Length {
        length: reply.len(),
        max: u32::try_from(max).unwrap_or(u32::MAX),
    })
}

fn unencodable(error: EncodeError) -> Refusal {
    Refusal {
        kind: ErrorKind::ResultUnencodable,
        executed: Executed::Yes,
        source: Some(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Channel, from_reply};
    use super::*;
    use rpc_proto::describe::{Interface, Semantics, Type};
    use rpc_proto::time::Retry;

    static STORE: Interface = Interface {
        name: "Store",
        program: 0x2000_0570,
        version: 1,
        methods: &[Method {
            name: "read",
            procedure: 1,
            semantics: Semantics::Readonly,
            deadline: None,
            args: &[],
            result: || &Type::Opaque,
        }],
    };

    /// Returns so many bytes.
    struct Store(usize);

    impl Service for Store {
        fn interface(&self) -> &'static Interface {
            &STORE
        }

        fn call(
            &self,
            _cx: &Context,
            _procedure: u32,
            _args: &mut Decoder<'_>,
            reply: &mut Encoder,
        ) -> Result<(), ServeError> {
            reply.opaque(&vec![7; self.0]).map_err(ServeError::Reply)
        }
    }

    /// A test double must not return what a server could not.
    #[test]
    fn a_result_longer_than_a_message_is_told_with_the_limit() {
        let rows = [(16 << 20, true), ((16 << 20) - 4, false), (100, false)];
        for (length, too_long) in rows {
            let channel = Channel::local(Store(length));
            let read = channel
                .call(&STORE.methods[0], |_| Ok(()), from_reply::<Vec<u8>>)
                .wait();
            match read {
                Ok(bytes) => assert!(!too_long && bytes.len() == length),
                Err(error) => {
                    assert!(too_long, "{length}: {error}");
                    assert_eq!(
                        (error.kind(), error.executed(), error.retry()),
                        (ErrorKind::ResultUnencodable, Executed::Yes, Retry::Never)
                    );
                    let told = "longer than a message may be (16 MiB)";
                    assert!(error.to_string().contains(told), "{error}");
                    let told = "length 16777220 is over the bound 16777216";
                    assert!(error.to_string().contains(told), "{error}");
                }
            }
        }
    }
}

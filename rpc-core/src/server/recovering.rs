//! Going on where the last server on the same store stopped.

use super::run::{method_name, panic_message};
use crate::context::{Access, Context, Peer};
use crate::service::{Recovery, ServeError, Service};
use crate::store::{OpenStore, Opened, StartedCall, StoreError};
use crate::system;
use rpc_proto::session::server as machine;
use rpc_proto::session::store::Recovered;
use rpc_proto::xdr::{Decoder, Encoder, Limits};
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Tells the machine what the store holds, asks the services about calls that were begun and not ended, and keeps what they
/// say.
pub(super) fn restore(
    machine: &mut machine::Server,
    opened: &mut Opened,
    services: &[Box<dyn Service>],
    max_message: usize,
) -> Result<(), StoreError> {
    let kept = take(&mut opened.kept);
    let mut recover = |started: &StartedCall| {
        let service = services.iter().find(|service| {
            let interface = service.interface();
            (interface.program, interface.version) == (started.program, started.version)
        });
        match service {
            Some(service) => ask(&**service, started, &opened.store, max_message),
            None => {
                let (program, version) = (started.program, started.version);
                tracing::warn!(
                    program,
                    version,
                    "the interface of an interrupted call is not served any more, so nobody can tell whether it ran"
                );
                Recovered::CannotTell
            }
        }
    };
    machine.restore(system::now(), system::wall_ms(), kept, &mut recover);
    let changes: Vec<_> = std::iter::from_fn(|| machine.poll_change()).collect();
    if !changes.is_empty() {
        opened.store.commit(&changes)?;
    }
    machine.handle_store_room(opened.store.has_room());
    Ok(())
}

/// Asks a service what became of a call. Whatever goes wrong in asking, the truth is that nobody can tell.
fn ask(
    service: &dyn Service,
    started: &StartedCall,
    store: &Arc<dyn OpenStore>,
    max_message: usize,
) -> Recovered {
    let cx = Context::new(Peer::local(), None, None).with_store(Access::Reads(store.clone()));
    let limits = Limits {
        message: max_message,
        ..Limits::default()
    };
    let (mut args, mut reply) = (Decoder::new(&started.args, limits), Encoder::new());
    let found = catch_unwind(AssertUnwindSafe(|| {
        service.recover(&cx, started.procedure, &mut args, &mut reply)
    }));
    let method = method_name(service.interface(), started.procedure);
    match found {
        Ok(Ok(Recovery::Did(()))) if reply.len() <= max_message => {
            return Recovered::Did(reply.into_vec());
        }
        Ok(Ok(Recovery::Did(()))) => {
            tracing::error!(
                method,
                length = reply.len(),
                limit = max_message,
                "a recovered result is too long"
            );
        }
        Ok(Ok(Recovery::DidNot)) => return Recovered::DidNot,
        Ok(Ok(Recovery::CannotTell)) => {
            tracing::warn!(
                method,
                "nobody can tell whether a call ran that a crash interrupted"
            );
        }
        Ok(Err(ServeError::NoProcedure | ServeError::NoResult { ran: false, .. })) => {
            tracing::warn!(
                method,
                "the method of an interrupted call is not there any more"
            );
        }
        Ok(Err(error)) => {
            tracing::error!(method, %error, "an interrupted call cannot be recovered")
        }
        Err(panic) => {
            let message = panic_message(&*panic);
            tracing::error!(method, message, "a recovery function panicked");
        }
    }
    Recovered::CannotTell
}

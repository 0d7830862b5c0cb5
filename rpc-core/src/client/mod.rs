//! The client: channels, calls, and the engine by which the calling threads themselves do the work.
//!
//! A [`Channel`] is one server as a client sees it. A call is encoded when the method is called and made when the caller
//! waits for it, starts it or awaits it. Threads that wait do the work themselves, see [`engine`]; for futures that wait
//! while no thread does there is one thread in the process, see [`io_thread`]. No runtime is behind it.

mod attending;
mod buffers;
mod call;
mod connecting;
mod connector;
mod contact;
mod engine;
mod failure;
mod files;
mod io_thread;
mod journaling;
mod keys;
mod local;
mod parts;
mod pending;
mod prepared;
mod queue;
mod reading;
mod resolve;
mod session_file;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod ticket;
mod traffic;
mod unanswered;
mod waiters;

use std::sync::Arc;
use std::time::Duration;

use rpc_proto::describe::{Describe, Interface, Method, Semantics};
use rpc_proto::session::client::{Config, HEADROOM};
use rpc_proto::time::{Executed, Retry};
use rpc_proto::xdr::{Decode, DecodeError, EncodeError, Encoder, Limits, from_slice};

use crate::context::Claim;
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::nested;
use crate::service::Service;
pub use call::{Call, Oneway};
use engine::Engine;
pub use files::ClientFileError;
use journaling::Journaling;
pub use keys::KeySpace;
pub use pending::Pending;
use prepared::{Name, Prepared, What};
pub use resolve::Resolve;
pub(crate) use session_file::Entry;
pub use session_file::{SessionFile, Unfinished};
pub use stats::Stats;
pub use unanswered::Unanswered;
use unanswered::returns;

/// How long a call may take unless its method or its caller says otherwise.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stands for the method of a call that is none of ours and is never made.
static NO_METHOD: Method = Method {
    name: "?",
    procedure: 0,
    semantics: Semantics::ExactlyOnce,
    deadline: None,
    args: &[],
    result: <()>::describe,
};

/// What all clients that `#[rpc]` writes have in common.
pub trait Client: Clone + Send + Sync + 'static {
    /// What it calls.
    #[doc(hidden)]
    const INTERFACE: &'static Interface;

    /// The client's way to its server.
    #[doc(hidden)]
    fn channel(&self) -> &Channel;

    /// A client with another way.
    #[doc(hidden)]
    fn from_channel(channel: Channel) -> Self;

    /// Connects to the service at `endpoint` as somebody: the server is told what `claim` says ([`Peer::claimed`](crate::Peer::claimed)),
    /// and believes it or not. Else callers say nothing of themselves.
    ///
    /// A server with sessions is told when a session is asked for, any other one (which may demand it) with each call: the
    /// credential is AUTH_SYS of RFC 5531. Errors are those of `connect`.
    fn connect_as(endpoint: &str, claim: &Claim) -> Result<Self, ConnectError> {
        let config = Config {
            claim: Some(claim.credential()),
            ..Config::default()
        };
        let channel = Channel::connect_with(endpoint.parse()?, Self::INTERFACE, PATIENCE, config)?;
        Ok(Self::from_channel(channel))
    }

    /// This client, whose calls can have names: [`Call::key`] takes them to be names of `space`.
    fn with_key_space(&self, space: &KeySpace) -> Self {
        Self::from_channel(self.channel().with_key_space(space))
    }

    /// This client, which notes its exactly-once calls in `file` before it sends them. Names are those of the file's own key
    /// space, unless the client has one. A local client has no need for it and notes nothing.
    fn with_session_file(&self, file: &SessionFile) -> Self {
        Self::from_channel(self.channel().with_session_file(file))
    }

    /// The call of a predecessor once more, under its own name, so that nothing runs twice. `R` is what its method returns;
    /// if it is no call of this interface, or `R` is another type, it fails as
    /// [`ErrorKind::OtherCall`](crate::ErrorKind::OtherCall) and is left unfinished.
    fn resume<R: Describe + for<'a> Decode<'a>>(&self, call: &Unfinished) -> Call<R> {
        self.channel().resume(call)
    }

    /// What this client and its clones have done so far.
    fn stats(&self) -> Stats {
        self.channel().stats()
    }
}

/// A client's way to its server. Clones share it; when the last one is dropped, the server is told.
#[derive(Clone)]
pub struct Channel {
    interface: &'static Interface,
    road: Road,
    space: Option<KeySpace>,
    journaling: Option<Arc<Journaling>>,
}

#[derive(Clone)]
enum Road {
    Remote(Arc<Engine>),
    Local(Arc<dyn Service>),
}

impl Channel {
    /// Connects to `endpoint`, where `interface` is to be called.
    pub fn connect(endpoint: &str, interface: &'static Interface) -> Result<Self, ConnectError> {
        Self::connect_within(endpoint.parse()?, interface, PATIENCE)
    }

    /// Like [`Channel::connect`], for a caller with less patience.
    pub(crate) fn connect_within(
        endpoint: Endpoint,
        interface: &'static Interface,
        patience: Duration,
    ) -> Result<Self, ConnectError> {
        Self::connect_with(endpoint, interface, patience, Config::default())
    }

    fn connect_with(
        endpoint: Endpoint,
        interface: &'static Interface,
        patience: Duration,
        config: Config,
    ) -> Result<Self, ConnectError> {
        let resolver = resolve::resolver(&endpoint, interface);
        let _waiting = nested::wait();
        let patience = nested::shorten(patience);
        let engine = Engine::connect(endpoint, resolver, interface, patience, config)?;
        Ok(Self {
            interface,
            road: Road::Remote(Arc::new(engine)),
            space: None,
            journaling: None,
        })
    }

    /// Calls `service` in the caller's own thread.
    pub fn local(service: impl Service) -> Self {
        Self {
            interface: service.interface(),
            road: Road::Local(Arc::new(service)),
            space: None,
            journaling: None,
        }
    }

    fn with_session_file(&self, file: &SessionFile) -> Self {
        let journaling = match &self.road {
            Road::Remote(engine) => Some(Arc::new(Journaling::new(file.clone(), engine.clone()))),
            Road::Local(_) => None,
        };
        let space = self.space.clone();
        Self {
            space: space.or_else(|| Some(file.key_space())),
            journaling,
            ..self.clone()
        }
    }

    /// The call of a predecessor once more.
    fn resume<R: Describe + for<'a> Decode<'a>>(&self, call: &Unfinished) -> Call<R> {
        let ours = (self.interface.program, self.interface.version);
        let mut methods = self.interface.methods.iter();
        let method = methods.find(|method| method.procedure == call.procedure());
        let same = method.filter(|method| {
            ours == (call.program(), call.version())
                && method.semantics == Semantics::ExactlyOnce
                && returns::<R>(method)
        });
        let (method, entry) = match same {
            Some(method) => (method, call.take()),
            None => (&NO_METHOD, None),
        };
        let what = match entry {
            Some(entry) => {
                let mut message = buffers::take();
                message.resize(HEADROOM, 0);
                message.extend_from_slice(call.args());
                let name = Name::Noted(Box::new(entry));
                What::New { message, name }
            }
            None => What::Refused(Error::new(
                ErrorKind::OtherCall,
                Executed::Maybe,
                Retry::Never,
                self.peer(),
                call.method().to_owned(),
            )),
        };
        let prepared = Prepared {
            channel: self.clone(),
            method,
            what,
            deadline: within(method),
        };
        Call::new(prepared, from_reply)
    }

    fn with_key_space(&self, space: &KeySpace) -> Self {
        Self {
            space: Some(space.clone()),
            ..self.clone()
        }
    }

    /// Prepares a call of `method`, whose arguments `encode` writes, and whose result `decode` reads. There is no bound on `R`
    /// here: that a type cannot be decoded is told where `decode` is named, which the macro does at the type.
    pub fn call<R>(
        &self,
        method: &'static Method,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
        decode: fn(&[u8]) -> Result<R, DecodeError>,
    ) -> Call<R> {
        Call::new(self.prepare(method, encode), decode)
    }

    /// Prepares a call without a reply.
    pub fn oneway(
        &self,
        method: &'static Method,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Oneway {
        Oneway::new(self.prepare(method, encode))
    }

    /// What has been done so far; nothing for a local service, which is simply called.
    pub fn stats(&self) -> Stats {
        match &self.road {
            Road::Remote(engine) => engine.stats(),
            Road::Local(_) => Stats::default(),
        }
    }

    fn prepare(
        &self,
        method: &'static Method,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Prepared {
        let mut out = Encoder::with_headroom(buffers::take(), HEADROOM);
        let what = match encode(&mut out) {
            Ok(()) => What::New {
                message: out.into_vec(),
                name: Name::None,
            },
            Err(error) => What::Refused(
                self.refusal(method, ErrorKind::ArgumentsUnencodable)
                    .with_source(error),
            ),
        };
        Prepared {
            channel: self.clone(),
            method,
            what,
            deadline: within(method),
        }
    }
}

/// A method's result, from the bytes of its reply.
pub fn from_reply<R: for<'a> Decode<'a>>(result: &[u8]) -> Result<R, DecodeError> {
    from_slice(result, Limits::default())
}

/// How long a call of `method` may take unless its caller says otherwise.
fn within(method: &Method) -> Duration {
    method.deadline.unwrap_or(DEADLINE)
}

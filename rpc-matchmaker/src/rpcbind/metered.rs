//! What stands before each version of the service: the count of calls, and the rules about replies to datagrams.

use super::caller::Caller;
use super::desk::Portmapper;
use super::indirect::NoResults;
use super::statistics::Version;
use rpc_core::rpcbind::{RemoteCall, RemotePortReply, RemoteReply};
use rpc_core::xdr::{Decode, Decoder, Encode, Encoder};
use rpc_core::{Context, Interface, ServeError, Service};

/// A reply to a datagram from another host is at most so many times as long as the request. Nothing proves who sent that: a longer
/// reply could be the means to flood somebody else. The call is refused as if there were no such procedure; over TCP there is. The
/// results of a call through rpcbind are withheld: that call was made.
pub const MOST_AMPLIFICATION: usize = 3;

/// A version of the service, as `#[rpc]` made it, with the rules.
pub struct Metered<S> {
    service: S,
    desk: Portmapper,
    version: Version,
}

impl<S> Metered<S> {
    /// Puts the rules before `service`, which serves `version` from `desk`.
    pub fn new(service: S, desk: &Portmapper, version: Version) -> Self {
        Self {
            service,
            desk: desk.clone(),
            version,
        }
    }

    /// CALLIT, BCAST and INDIRECT: of the first two a failure is not told (RFC 1833, section 2.2.1).
    fn forward(
        &self,
        cx: &Context,
        tells_failure: bool,
        args: &mut Decoder<'_>,
        reply: &mut Encoder,
    ) -> Result<(), ServeError> {
        let no_result = |ran| ServeError::NoResult {
            ran,
            is_told: tells_failure,
        };
        let decoded =
            RemoteCall::decode(args).and_then(|asked| args.clone().finish().map(|()| asked));
        let asked = decoded.map_err(|error| match tells_failure {
            true => ServeError::Args(error),
            false => no_result(false),
        })?;
        let forwarded = self.desk.forward(cx, self.version, &asked, tells_failure);
        let forwarded = forwarded.map_err(|why| no_result(why == NoResults::MayHaveRun))?;
        let encoded = match self.version {
            Version::Two => RemotePortReply::from(forwarded).encode(reply),
            Version::Three | Version::Four => RemoteReply::from(forwarded).encode(reply),
        };
        encoded.map_err(ServeError::Reply)
    }
}

impl<S: Service> Service for Metered<S> {
    fn interface(&self) -> &'static Interface {
        self.service.interface()
    }

    fn call(
        &self,
        cx: &Context,
        procedure: u32,
        args: &mut Decoder<'_>,
        reply: &mut Encoder,
    ) -> Result<(), ServeError> {
        self.desk.count_call(self.version, procedure);
        let asked = CALL_HEADER + args.remaining();
        let before = reply.len();
        let is_forwarded = procedure == CALLIT || procedure == INDIRECT;
        if is_forwarded {
            self.forward(cx, procedure == INDIRECT, args, reply)?;
        } else {
            self.service.call(cx, procedure, args, reply)?;
        }
        let told = REPLY_HEADER + reply.len() - before;
        match told > MOST_AMPLIFICATION * asked && Caller::of(cx).may_be_forged() {
            true => Err(ServeError::NoResult {
                ran: is_forwarded,
                is_told: procedure != CALLIT,
            }),
            false => Ok(()),
        }
    }

    fn pinged(&self, _cx: &Context) {
        self.desk.count_call(self.version, 0);
    }
}

/// The procedures that call others, CALLIT and BCAST being the same. Version 4 alone has INDIRECT.
const CALLIT: u32 = 5;
const INDIRECT: u32 = 10;

/// The bytes of a call before its arguments, when it has no credentials.
const CALL_HEADER: usize = 40;

/// The bytes of a reply before its results.
const REPLY_HEADER: usize = 24;

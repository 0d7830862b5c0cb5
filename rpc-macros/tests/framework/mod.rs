//! The least framework that stubs can stand on: a channel that hands the bytes of a call straight to a service.

use std::sync::Arc;

use rpc_proto::describe::{Interface, Method};
use rpc_proto::xdr::{
    Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Limits, from_slice,
};

#[derive(Debug)]
pub struct ConnectError;

#[derive(Debug, PartialEq)]
pub enum ServeError {
    NoProcedure,
    Args(DecodeError),
    Reply(EncodeError),
}

pub struct Context {
    pub caller: &'static str,
}

pub trait Service: Send + Sync + 'static {
    fn interface(&self) -> &'static Interface;
    fn call(
        &self,
        cx: &Context,
        procedure: u32,
        args: &mut Decoder<'_>,
        reply: &mut Encoder,
    ) -> Result<(), ServeError>;

    fn effects(&self) -> Effects {
        Effects::Elsewhere
    }

    fn recover(
        &self,
        _: &Context,
        _: u32,
        _: &mut Decoder<'_>,
        _: &mut Encoder,
    ) -> Result<Recovery<()>, ServeError> {
        Err(ServeError::NoProcedure)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effects {
    Elsewhere,
    InTransaction,
}

#[derive(Debug, PartialEq)]
pub enum Recovery<R> {
    Did(R),
    DidNot,
    CannotTell,
}

impl<R: Encode> Recovery<R> {
    pub fn encode(self, reply: &mut Encoder) -> Result<Recovery<()>, EncodeError> {
        Ok(match self {
            Recovery::Did(result) => Recovery::Did(result.encode(reply)?),
            Recovery::DidNot => Recovery::DidNot,
            Recovery::CannotTell => Recovery::CannotTell,
        })
    }
}

#[derive(Clone)]
pub struct Channel {
    service: Arc<dyn Service>,
}

pub trait Client: Clone + Send + Sync + 'static {
    const INTERFACE: &'static Interface;
    fn channel(&self) -> &Channel;
    fn from_channel(channel: Channel) -> Self;
}

/// What was sent and what came back.
pub struct Call<R> {
    pub method: &'static Method,
    pub sent: Vec<u8>,
    reply: Vec<u8>,
    decode: fn(&[u8]) -> Result<R, DecodeError>,
}

pub struct Oneway(pub Call<()>);

impl<R> Call<R> {
    pub fn wait(self) -> R {
        (self.decode)(&self.reply).expect("the reply is a result")
    }
}

impl Channel {
    pub fn connect(_: &str, _: &'static Interface) -> Result<Self, ConnectError> {
        Err(ConnectError)
    }

    pub fn local(service: impl Service) -> Self {
        Self {
            service: Arc::new(service),
        }
    }

    pub fn call<R>(
        &self,
        method: &'static Method,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
        decode: fn(&[u8]) -> Result<R, DecodeError>,
    ) -> Call<R> {
        let mut out = Encoder::new();
        encode(&mut out).expect("the arguments have an encoding");
        let sent = out.into_vec();
        let reply = serve(&*self.service, method.procedure, &sent).expect("the service answers");
        Call {
            method,
            sent,
            reply,
            decode,
        }
    }

    pub fn oneway(
        &self,
        method: &'static Method,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Oneway {
        Oneway(self.call(method, encode, |_| Ok(())))
    }
}

pub fn from_reply<R: for<'a> Decode<'a>>(result: &[u8]) -> Result<R, DecodeError> {
    from_slice(result, Limits::default())
}

/// Runs one call as a server does, and gives the bytes of the reply.
pub fn serve(service: &dyn Service, procedure: u32, args: &[u8]) -> Result<Vec<u8>, ServeError> {
    let mut reply = Encoder::new();
    let mut args = Decoder::new(args, Limits::default());
    service.call(
        &Context { caller: "test" },
        procedure,
        &mut args,
        &mut reply,
    )?;
    Ok(reply.into_vec())
}

pub mod __private {
    pub use super::{Channel, Context, Effects, Recovery, ServeError, from_reply};
    pub use rpc_proto::__private::*;
}

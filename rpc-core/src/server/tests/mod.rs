//! The server with real sockets, and peers that misbehave.

mod calls;
mod lifecycle;
mod streams;
mod support;

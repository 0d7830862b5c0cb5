//! The server with real sockets, and peers that misbehave.

mod calls;
mod support;

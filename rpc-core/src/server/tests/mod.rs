//! The server with real sockets, and peers that misbehave.

mod calls;
mod lifecycle;
mod nested;
mod sessions;
mod streams;
mod support;

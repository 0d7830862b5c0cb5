//! The server with real sockets, and peers that misbehave.

mod calls;
mod claims;
mod crowds;
mod datagrams;
mod duplicates;
mod durable;
mod lifecycle;
mod nested;
mod sessions;
mod shelf;
mod streams;
mod support;

//! The server.

mod claim;
mod poller;
mod sources;

//! The matchmaker: a registry that tells clients where services are.
//!
//! [`registry`] is the state machine behind it, without I/O.

pub mod registry;

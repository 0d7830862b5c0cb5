//! The session protocol.

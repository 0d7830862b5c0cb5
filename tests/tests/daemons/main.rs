//! Real daemons of the ONC RPC world called by us, and their real clients calling our servers: what they say of what we say is
//! what they say to each other.
//!
//! Each test is on a host of its own, where `matchmaker --rpcbind` is the registry of all, and is a scene of two acts: the
//! daemon with its own client and ours, and then our server in its place.

mod boot;
mod logins;
mod quotas;
mod stage;
mod statistics;
mod wall;

/// What our compiler makes of `contracts/daemons.x`.
mod contract {
    include!(concat!(env!("OUT_DIR"), "/daemons.rs"));
}

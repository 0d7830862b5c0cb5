//! The example file server: by a client made from its own contracts, and by the clients that others made.

mod bounds;
mod contract;
mod handles;
mod limits;
mod links;
mod lists;
mod names;
mod owners;
mod permissions;
mod raw;
mod registered;
mod repeated;
mod stage;
mod stock;
mod writing;

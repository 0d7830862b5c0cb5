//! The exported directory: what is in it, known by handles, and nothing that is outside it.
//!
//! Nothing here knows of NFS. [`Export`] finds the file of a handle, [`Node`] is one that was found, and a [`Fault`] says
//! why something was not done.

mod attributes;
mod beneath;
mod caller;
mod changes;
mod creating;
mod directory;
mod export;
mod fault;
mod key;
mod listing;
mod name;
mod node;
mod places;
mod recent;
mod seal;
mod search;

pub use attributes::{Attributes, Identity, Moment};
pub use caller::{Caller, LEAVE_IT, OwnIds, User};
pub use changes::{Changes, Time};
pub use creating::{Unmade, make_file, make_file_once};
pub use export::Export;
pub use fault::Fault;
pub use key::Key;
pub use listing::{Entry, Listing};
pub use name::Name;
pub use node::Node;

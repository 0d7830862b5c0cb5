// The types and the trait of idl/matchmaker.idl. Written by hand until `idlc rust` writes it.

/// The most bytes that a service's name may have.
pub const MAX_NAME: u32 = 255;

/// The most bytes that an endpoint may have.
pub const MAX_ENDPOINT: u32 = 320;

/// The most endpoints that one registration may have.
pub const MAX_ENDPOINTS: u32 = 16;

/// The most methods that one registration may have.
pub const MAX_METHODS: u32 = 1024;

/// The most alike names that a failed look-up suggests.
pub const MAX_NEAR: u32 = 3;

/// The place that a server takes: the same across restarts if it has stable storage, else drawn anew for each life.
pub type InstanceId = [u8; 16];

/// The fingerprint of one method: it covers the types on the wire and the call semantics.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
pub struct MethodFingerprint {
    /// The method's procedure number.
    pub procedure: u32,
    /// Its fingerprint.
    pub fingerprint: u64,
}

/// A service that one server offers under one name.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
pub struct Registration {
    /// The name: letters, digits, `-`, `_` and `.`; matched without regard to case.
    pub name: rpc_core::Bounded<String, MAX_NAME>,
    /// The interface's program number.
    pub program: u32,
    /// The interface's version.
    pub version: u32,
    /// The fingerprint of each method.
    pub fingerprints: rpc_core::Bounded<Vec<MethodFingerprint>, MAX_METHODS>,
    /// Which of the servers of this name it is.
    pub instance: InstanceId,
    /// Which life of that server: a number that no other life of it has.
    pub incarnation: u64,
    /// The store that keeps its completion records, if it has one.
    pub store: Option<[u8; 16]>,
    /// Where it answers: at least one URI, the ones it prefers first.
    pub endpoints: rpc_core::Bounded<Vec<rpc_core::Bounded<String, MAX_ENDPOINT>>, MAX_ENDPOINTS>,
}

/// A registration's time to live, which a renewal starts again.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
pub struct Lease {
    /// The number to renew or withdraw with. Only the server that registered is told.
    pub id: u64,
    /// How long the entry stays without a renewal, in milliseconds.
    pub length_ms: u32,
}

/// A live registration, as the matchmaker shows it.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
pub struct Entry {
    /// What the server said of itself.
    pub registration: Registration,
    /// How long ago it was registered, in milliseconds.
    pub age_ms: u64,
    /// How long ago its lease was started or renewed, in milliseconds.
    pub renewed_ms: u64,
    /// The length of its lease in milliseconds.
    pub lease_ms: u32,
}

/// A part of the list of all entries, in the order of their names.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
pub struct Page {
    /// All entries of some names that follow each other.
    pub entries: Vec<Entry>,
    /// Whether there are names after the last one here.
    pub more: bool,
}

/// Why a registration was refused.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
#[xdr(switch = i32)]
pub enum RegisterError {
    /// The name is empty or has a character that names cannot have.
    #[xdr(case = 1)]
    BadName,
    /// There is no endpoint, so nobody could call the service.
    #[xdr(case = 2)]
    NoEndpoint,
    /// The registry holds as much as it may: this many entries, entries of this name, or bytes.
    #[xdr(case = 3)]
    Full { limit: u32 },
    /// A later life of the same instance has registered since.
    #[xdr(case = 4)]
    Superseded,
}

/// Why a lease was not renewed.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
#[xdr(switch = i32)]
pub enum RenewError {
    /// There is no such lease: it has ended, or the matchmaker was restarted. Register again.
    #[xdr(case = 1)]
    UnknownLease,
}

/// Why a name was not found.
#[derive(Clone, Debug, PartialEq, rpc_core::Xdr)]
#[xdr(switch = i32)]
pub enum LookupError {
    /// No live server has registered the name; these names are registered and look alike.
    #[xdr(case = 1)]
    NoSuchName {
        near: rpc_core::Bounded<Vec<rpc_core::Bounded<String, MAX_NAME>>, MAX_NEAR>,
    },
}

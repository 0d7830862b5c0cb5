//! What the torture's bank serves: money that it keeps in its own store, and papers that it keeps elsewhere.

use rpc_core::{Context, Xdr, rpc};

/// What names a request, in the ledgers of its client as in the books of the bank. The framework knows nothing of it.
pub type Id = [u8; 16];

/// Money has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct Receipt {
    /// Counts the transfers of the bank, from 1.
    pub number: u64,
    /// Which life of the bank moved it.
    pub life: u32,
    /// The account that paid.
    pub from: u64,
    /// The account that was paid.
    pub to: u64,
    /// How much was moved.
    pub cents: u64,
}

/// Why no money has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub enum BankError {
    /// No account has this number.
    #[xdr(case = 1)]
    NoSuchAccount { account: u64, life: u32 },
}

/// A paper is on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub struct Filed {
    /// Which life of the bank filed it.
    pub life: u32,
    /// Its place in the file.
    pub place: u64,
}

/// Methods that have all their effects in the store that also keeps the completion records.
#[rpc(program = 0x2000_0f10, version = 1)]
pub trait Bank {
    /// Moves money, and counts that it ran. It panics, after writing, if told to move [`PANICS`](super::deed::PANICS).
    #[rpc(exactly_once)]
    fn transfer(
        &self,
        cx: &Context,
        id: Id,
        from: u64,
        to: u64,
        cents: u64,
    ) -> Result<Receipt, BankError>;
}

/// Methods that have their effects elsewhere: each appends a line to a file.
#[rpc(program = 0x2000_0f11, version = 1)]
pub trait Archive {
    /// Files a letter. After a crash, the file itself tells whether it was filed.
    #[rpc(exactly_once)]
    fn letter(&self, cx: &Context, id: Id) -> Filed;

    /// Files a parcel. After a crash in between nobody looks.
    #[rpc(exactly_once)]
    fn parcel(&self, cx: &Context, id: Id) -> Filed;
}

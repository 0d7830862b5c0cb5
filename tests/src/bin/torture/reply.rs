//! What a request was answered with, as it stands in a ledger: every byte of it.

use rpc_core::Xdr;
use rpc_core::xdr::{Limits, from_slice, to_vec};

use crate::contract::{BankError, Filed, Receipt};

/// An answer that is final: whoever asks again gets the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Xdr)]
pub enum Reply {
    #[xdr(case = 1)]
    Moved(Receipt),
    #[xdr(case = 2)]
    Refused(BankError),
    #[xdr(case = 3)]
    Filed(Filed),
    /// The method panicked, and nothing of what it wrote is left.
    #[xdr(case = 4)]
    Panicked,
}

impl Reply {
    /// Which life of the bank gave it; a panic does not say.
    pub fn life(&self) -> Option<u32> {
        match *self {
            Self::Moved(Receipt { life, .. })
            | Self::Refused(BankError::NoSuchAccount { life, .. })
            | Self::Filed(Filed { life, .. }) => Some(life),
            Self::Panicked => None,
        }
    }

    pub fn to_hex(self) -> String {
        let bytes = to_vec(&self).expect("a reply has no limit to break");
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn from_hex(text: &str) -> Result<Self, String> {
        let digits = text.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.ok_or_else(|| format!("{text:?} is not hexadecimal"))?;
        from_slice(&bytes, Limits::default()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_back_as_it_was() {
        for reply in [
            Reply::Filed(Filed {
                life: 3,
                place: 1 << 40,
            }),
            Reply::Panicked,
        ] {
            assert_eq!(Reply::from_hex(&reply.to_hex()), Ok(reply));
        }
        assert!(Reply::from_hex("0000000").is_err());
    }
}

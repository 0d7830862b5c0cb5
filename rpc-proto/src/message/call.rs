use super::auth::{Auth, AuthStatus, is_too_long};
use super::writer::{Writer, append};
use super::{CALL, MessageError, RPC_VERSION};
use crate::xdr::{DecodeError, Decoder};

/// A call message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// Who asks for what.
    pub header: CallHeader<'a>,
    /// The arguments, still encoded.
    pub args: &'a [u8],
}

/// What stands before the arguments of a call (M-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallHeader<'a> {
    /// Transaction id: the reply repeats it.
    pub xid: u32,
    /// Program number.
    pub program: u32,
    /// Version of the program.
    pub version: u32,
    /// Procedure number.
    pub procedure: u32,
    /// Who calls.
    pub credential: Auth<'a>,
    /// What proves it.
    pub verifier: Auth<'a>,
}

impl CallHeader<'_> {
    /// How many bytes the header takes; always a multiple of 4.
    #[inline]
    pub fn encoded_len(&self) -> usize {
        24 + self.credential.encoded_len() + self.verifier.encoded_len()
    }

    /// Writes the header into `out`, which must be exactly [`encoded_len`](Self::encoded_len) bytes long.
    #[inline]
    pub fn write_to(&self, out: &mut [u8]) {
        let mut out = Writer::new(out);
        out.u32(self.xid);
        out.u32(CALL);
        out.u32(RPC_VERSION);
        out.u32(self.program);
        out.u32(self.version);
        out.u32(self.procedure);
        out.auth(&self.credential);
        out.auth(&self.verifier);
        out.finish();
    }

    /// Appends the header to `out`.
    #[inline]
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        append(out, self.encoded_len(), |out| self.write_to(out));
    }
}

/// Reads what follows `xid` and message type.
#[inline]
pub(super) fn decode<'a>(
    xid: u32,
    bytes: &'a [u8],
    mut input: Decoder<'a>,
) -> Result<Call<'a>, MessageError> {
    let version = input.u32()?;
    if version != RPC_VERSION {
        return Err(MessageError::RpcVersion { xid, version });
    }
    let [program, version, procedure] = input.words()?;
    let header = CallHeader {
        xid,
        program,
        version,
        procedure,
        credential: Auth::decode(&mut input)
            .map_err(|error| refuse(xid, error, AuthStatus::BadCredential))?,
        verifier: Auth::decode(&mut input)
            .map_err(|error| refuse(xid, error, AuthStatus::BadVerifier))?,
    };
    Ok(Call {
        header,
        args: &bytes[input.position()..],
    })
}

/// A body over the limit can be answered, since the fields before it were sound; one that is cut off cannot.
#[cold]
fn refuse(xid: u32, error: DecodeError, status: AuthStatus) -> MessageError {
    if is_too_long(&error) {
        MessageError::Auth { xid, status }
    } else {
        error.into()
    }
}

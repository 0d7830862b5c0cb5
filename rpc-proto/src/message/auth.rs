use crate::xdr::{DecodeError, DecodeProblem, Decoder};

/// The longest body of a credential or verifier (RFC 5531, section 8.2).
pub const MAX_AUTH: u32 = 400;

/// A credential or a verifier: a flavour, and bytes that only the flavour explains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Auth<'a> {
    flavor: Flavor,
    /// At most [`MAX_AUTH`] bytes, checked where a value is made.
    body: &'a [u8],
}

impl<'a> Auth<'a> {
    /// Nobody in particular.
    pub const NONE: Auth<'static> = Auth {
        flavor: Flavor::NONE,
        body: &[],
    };

    /// A credential or verifier of this flavour. The body has at most [`MAX_AUTH`] bytes.
    pub fn new(flavor: Flavor, body: &'a [u8]) -> Result<Self, AuthTooLong> {
        if body.len() > MAX_AUTH as usize {
            return Err(AuthTooLong { length: body.len() });
        }
        Ok(Self { flavor, body })
    }

    /// The flavour.
    #[inline]
    pub fn flavor(&self) -> Flavor {
        self.flavor
    }

    /// What only the flavour explains.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// How many bytes it takes in a header.
    #[inline]
    pub(super) fn encoded_len(&self) -> usize {
        8 + self.body.len().next_multiple_of(4)
    }

    #[inline]
    pub(super) fn decode(input: &mut Decoder<'a>) -> Result<Self, DecodeError> {
        let flavor = Flavor(input.u32()?);
        let body = input.opaque(MAX_AUTH)?;
        Ok(Self { flavor, body })
    }
}

/// Credentials are never logged: only their length is shown.
impl std::fmt::Debug for Auth<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Auth({}, {} bytes)", self.flavor.0, self.body.len())
    }
}

/// The body of a credential or verifier does not fit into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("authentication of {length} bytes is over the {MAX_AUTH} that a message allows")]
pub struct AuthTooLong {
    /// Its length.
    pub length: usize,
}

/// How a credential or verifier is to be read. Numbers are assigned by IANA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flavor(pub u32);

impl Flavor {
    /// `AUTH_NONE`.
    pub const NONE: Self = Self(0);
    /// `AUTH_SYS`: a host name, a user and groups, believed.
    pub const SYS: Self = Self(1);
    /// `AUTH_SHORT`: a server's short name for a credential.
    pub const SHORT: Self = Self(2);
    /// `AUTH_DH`.
    pub const DH: Self = Self(3);
    /// `RPCSEC_GSS` (RFC 2203).
    pub const RPCSEC_GSS: Self = Self(6);
}

macro_rules! auth_status {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $rfc:literal,)*) => {
        /// Why authentication failed (`auth_stat`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum AuthStatus {
            $($(#[$doc])* $name = $value,)*
        }

        impl AuthStatus {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        /// By its name in RFC 5531.
        impl std::fmt::Display for AuthStatus {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $rfc,)*
                })
            }
        }
    };
}

auth_status! {
    /// It did not fail.
    Ok = 0, "AUTH_OK",
    /// Bad credential: the seal is broken.
    BadCredential = 1, "AUTH_BADCRED",
    /// The client must begin a new session.
    RejectedCredential = 2, "AUTH_REJECTEDCRED",
    /// Bad verifier: the seal is broken.
    BadVerifier = 3, "AUTH_BADVERF",
    /// The verifier expired or was replayed.
    RejectedVerifier = 4, "AUTH_REJECTEDVERF",
    /// Rejected for security reasons.
    TooWeak = 5, "AUTH_TOOWEAK",
    /// Bogus response verifier.
    InvalidResponse = 6, "AUTH_INVALIDRESP",
    /// Some unknown reason.
    Failed = 7, "AUTH_FAILED",
    /// Kerberos: a generic error.
    KerberosGeneric = 8, "AUTH_KERB_GENERIC",
    /// Kerberos: the credential's time is over.
    TimeExpired = 9, "AUTH_TIMEEXPIRE",
    /// Kerberos: a problem with the ticket file.
    TicketFile = 10, "AUTH_TKT_FILE",
    /// Kerberos: the authenticator cannot be decoded.
    Decode = 11, "AUTH_DECODE",
    /// Kerberos: a wrong net address in the ticket.
    NetAddress = 12, "AUTH_NET_ADDR",
    /// RPCSEC_GSS: no credential for the user.
    GssCredentialProblem = 13, "RPCSEC_GSS_CREDPROBLEM",
    /// RPCSEC_GSS: a problem with the context.
    GssContextProblem = 14, "RPCSEC_GSS_CTXPROBLEM",
}

impl AuthStatus {
    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = input.u32()?;
        Self::ALL
            .get(value as usize)
            .copied()
            .ok_or_else(|| input.bad_discriminant("auth_stat", i64::from(value)))
    }
}

/// Whether decoding failed because a body is longer than a message allows.
pub(super) fn is_too_long(error: &DecodeError) -> bool {
    matches!(error.what, DecodeProblem::Length { max: MAX_AUTH, .. })
}

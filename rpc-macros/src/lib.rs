//! #[rpc] and #[derive(Xdr)].

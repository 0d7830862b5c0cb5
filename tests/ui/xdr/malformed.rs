#[derive(rpc_core::Xdr)]
#[xdr]
pub struct Bare(u32);

#[derive(rpc_core::Xdr)]
#[xdr = "text"]
pub struct Assigned(u32);

#[derive(rpc_core::Xdr)]
#[xdr(name = Text)]
pub struct Named(u32);

#[derive(rpc_core::Xdr)]
#[xdr(name = "one")]
#[xdr(name = "two")]
pub struct Twice(#[xdr(chain = true)] Vec<u32>);

#[derive(rpc_core::Xdr)]
#[xdr(crate = "rpc_core")]
pub struct Quoted(#[xdr(with = "module")] u32);

fn main() {}

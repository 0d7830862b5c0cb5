#[derive(rpc_core::Xdr)]
#[xdr(chain)]
pub struct List {
    #[xdr(case = 1)]
    first: u32,
    #[xdr(default)]
    second: u32,
    #[xdr(crate = rpc_core)]
    third: u32,
}

#[derive(rpc_core::Xdr)]
#[xdr(case = 1)]
pub enum Choice {
    #[xdr(switch = u32)]
    One(u32),
    #[xdr(words)]
    Two(Vec<u8>),
}

fn main() {}

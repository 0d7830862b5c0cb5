#[derive(rpc_core::Xdr)]
#[xdr(rename = "list")]
pub struct List {
    #[xdr(skip)]
    pub first: u32,
}

#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(with = module)]
    One(u32),
}

fn main() {}

#[derive(rpc_core::Xdr)]
#[xdr(switch = u32)]
pub enum Typed {
    #[xdr(default)]
    Other(String),
}

fn main() {}

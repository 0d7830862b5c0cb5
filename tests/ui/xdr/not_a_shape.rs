#[derive(rpc_core::Xdr)]
pub union Word {
    pub number: u32,
    pub bytes: [u8; 4],
}

#[derive(rpc_core::Xdr)]
pub enum Never {}

#[derive(rpc_core::Xdr)]
#[xdr(switch = u32)]
pub struct Plain {
    pub number: u32,
}

fn main() {}

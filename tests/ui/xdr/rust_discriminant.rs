#[derive(rpc_core::Xdr)]
#[repr(u32)]
pub enum Choice {
    One(u32) = 1,
    Two(u64) = 2,
}

fn main() {}

#[derive(rpc_core::Xdr)]
#[repr(u32)]
pub enum Large {
    Fits = 0x7fff_ffff,
    Not = 0x8000_0000,
}

fn main() {}

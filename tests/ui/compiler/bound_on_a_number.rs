#[derive(rpc_core::Xdr)]
pub struct Page {
    pub items: rpc_core::Bounded<u32, 4>,
}

fn main() {}

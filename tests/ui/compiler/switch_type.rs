#[derive(rpc_core::Xdr)]
#[xdr(switch = u64)]
pub enum Choice {
    #[xdr(case = 1)]
    One(u32),
}

fn main() {}

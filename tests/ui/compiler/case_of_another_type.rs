#[derive(rpc_core::Xdr)]
#[xdr(switch = bool)]
pub enum Choice {
    #[xdr(case = true)]
    Yes(u32),
    #[xdr(case = 0)]
    No,
}

fn main() {}

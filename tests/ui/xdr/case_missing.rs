#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(case = 1)]
    One(u32),
    Two(u32),
}

#[derive(rpc_core::Xdr)]
#[xdr(switch = bool)]
pub enum Maybe {
    No,
    Yes(u32),
}

fn main() {}

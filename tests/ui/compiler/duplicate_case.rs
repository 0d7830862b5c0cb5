const OTHER: i32 = 1;

#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(case = 1)]
    One(u32),
    #[xdr(case = OTHER)]
    Two(u32),
}

fn main() {}

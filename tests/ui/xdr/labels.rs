#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(case = 1, case = 2)]
    Twice(i32),
    #[xdr(case = 3 |)]
    Unfinished(i32),
    #[xdr(case)]
    Nothing,
    #[xdr(default = 4)]
    Valued(i32),
}

fn main() {}

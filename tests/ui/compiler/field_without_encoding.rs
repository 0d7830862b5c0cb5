pub struct Point {
    pub x: i32,
}

#[derive(rpc_core::Xdr)]
pub struct Line {
    pub name: String,
    pub start: Point,
}

fn main() {}

use std::borrow::Cow;

#[rpc_core::rpc(program = 1, version = 1)]
trait Names {
    fn first(&self) -> &str;
    fn all(&self) -> Result<Vec<&[u8]>, u32>;
    fn fixed(&self) -> Cow<'static, str>;
    fn any(&self) -> impl Iterator<Item = u32>;
}

fn main() {}

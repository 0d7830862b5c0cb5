#[rpc_core::rpc(program = 1, version = 1)]
trait Arguments {
    fn out(&self, total: &mut u64);
    fn opaque(&self, name: impl Into<String>);
    fn same(&self, other: &Self);
    fn forever(&self, name: &'static str);
    fn conditional(&self, #[cfg(unix)] name: u32);
}

fn main() {}

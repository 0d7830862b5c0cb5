#[rpc_core::rpc(program = 1, version = 1)]
trait Modem {
    fn connect(&self, number: &str);
    fn r#clone(&self) -> u32;
    fn local(&self);
    fn into(&self) -> String;
}

fn main() {}

//! Arguments may borrow; what the service sees borrows from the message or lives for the call.

use rpc_core::{Error, Xdr, rpc};

#[derive(Xdr)]
pub struct Entry<'a> {
    pub name: &'a str,
    pub data: &'a [u8],
}

#[derive(Xdr)]
pub struct Owned {
    pub name: String,
}

#[rpc(program = 0x2000_0001, version = 1)]
pub trait Store {
    fn text(&self, name: &str, data: &[u8]) -> u32;
    fn lists(&self, numbers: &[u64], owned: &[Owned]) -> u64;
    fn values(&self, owned: &Owned, fixed: &[u8; 4], more: &Vec<Owned>) -> String;
    fn inside(&self, entry: Entry<'_>, maybe: Option<&str>, pair: (&str, u32)) -> String;
    fn elided(&self, entries: Vec<Entry>) -> Vec<String>;
}

struct Memory;

impl Store for Memory {
    fn text(&self, name: &str, data: &[u8]) -> u32 {
        (name.len() + data.len()) as u32
    }

    fn lists(&self, numbers: &[u64], owned: &[Owned]) -> u64 {
        numbers.iter().sum::<u64>() + owned.len() as u64
    }

    fn values(&self, owned: &Owned, fixed: &[u8; 4], more: &Vec<Owned>) -> String {
        format!("{} {fixed:?} {}", owned.name, more[0].name)
    }

    fn inside(&self, entry: Entry<'_>, maybe: Option<&str>, pair: (&str, u32)) -> String {
        format!("{} {:?} {maybe:?} {pair:?}", entry.name, entry.data)
    }

    fn elided(&self, entries: Vec<Entry>) -> Vec<String> {
        entries.iter().map(|entry| entry.name.to_owned()).collect()
    }
}

fn main() -> Result<(), Error> {
    let store = StoreClient::local(Memory);
    let owned = Owned { name: "a".to_owned() };
    assert_eq!(store.text("abc", &[1, 2]).wait()?, 5);
    assert_eq!(store.lists(&[3, 4], &[owned]).wait()?, 8);
    let (owned, more) = (Owned { name: "a".to_owned() }, vec![Owned { name: "b".to_owned() }]);
    assert_eq!(store.values(&owned, &[0, 1, 2, 3], &more).wait()?, "a [0, 1, 2, 3] b");
    let call = {
        let (name, data) = (String::from("n"), vec![9]);
        store.inside(Entry { name: &name, data: &data }, Some("m"), ("p", 1))
    };
    assert_eq!(call.wait()?, "n [9] Some(\"m\") (\"p\", 1)");
    assert_eq!(store.elided(vec![Entry { name: "x", data: &[] }]).wait()?, ["x"]);
    Ok(())
}

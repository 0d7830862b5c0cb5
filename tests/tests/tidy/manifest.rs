//! The `Cargo.toml` files, as far as tidiness is concerned.

use std::fs;

use toml::{Table, Value};

use crate::sources::root;

/// One crate's manifest.
pub struct Manifest(Table);

impl Manifest {
    /// The manifest of the crate in this folder.
    #[track_caller]
    pub fn of(folder: &str) -> Self {
        Self(read(&format!("{folder}/Cargo.toml")))
    }

    /// All crates that it is built from, of this workspace or not.
    pub fn dependencies(&self) -> Vec<String> {
        self.names("dependencies")
    }

    /// The crates of this workspace that it needs, `NAME (build)` for a build script's. Tests may use more.
    pub fn workspace_edges(&self) -> Vec<String> {
        let members = members();
        let ours = |name: &String| members.contains(name);
        let mut edges: Vec<String> = self.dependencies().into_iter().filter(ours).collect();
        edges.extend(
            self.names("build-dependencies")
                .into_iter()
                .filter(ours)
                .map(|name| name + " (build)"),
        );
        edges
    }

    pub fn features(&self) -> Vec<String> {
        self.names("features")
    }

    fn names(&self, section: &str) -> Vec<String> {
        let table = self.0.get(section).and_then(Value::as_table);
        table
            .map(|table| table.keys().cloned().collect())
            .unwrap_or_default()
    }
}

/// The crates of this workspace; each is named after its folder.
pub fn members() -> Vec<String> {
    let workspace = read("Cargo.toml");
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("the workspace has members");
    members
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn read(name: &str) -> Table {
    let text =
        fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.parse()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

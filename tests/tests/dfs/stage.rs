//! A server on a directory of its own, which can be killed and started again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use testkit::{Running, program};

/// Where a test that goes on on a host of its own, see [`testkit::alone`], finds the program.
const BUILT: &str = "RPC_TESTS_DFS";

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os(BUILT) {
    Some(program) => program.into(),
    None => program("examples", "dfs"),
});

/// What such a test takes with it.
pub fn built() -> Vec<(&'static str, PathBuf)> {
    vec![(BUILT, PROGRAM.clone())]
}

/// A served directory, in a folder that goes with it.
pub struct Stage {
    folder: PathBuf,
    options: Vec<String>,
    limits: Vec<String>,
    server: Option<Running>,
    place: String,
    datagrams: Option<String>,
}

impl Stage {
    /// Starts a server with these options. Callers are whoever runs the test, unless the options say who they are.
    pub fn new(name: &str, options: &[&str]) -> Self {
        let said = |option: &&str| ["--squash", "--anonymous"].contains(option);
        let own: &[&str] = match options.iter().any(said) {
            false if is_root() => &["--anonymous", "0:0"],
            _ => &[],
        };
        Self::plain(name, &[own, options].concat())
    }

    /// Starts a server with these options and no others.
    pub fn plain(name: &str, options: &[&str]) -> Self {
        Self::limited(name, options, &[])
    }

    /// The same, with less than usual of what the system grants a process, in the words of `prlimit`.
    pub fn limited(name: &str, options: &[&str], limits: &[&str]) -> Self {
        let folder = quick_folder().join(format!("dfs-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("export")).expect("the folder can be made");
        let mut stage = Self {
            folder: folder.canonicalize().expect("the folder is there"),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            limits: limits.iter().map(|&limit| limit.to_owned()).collect(),
            server: None,
            place: "tcp://127.0.0.1:0".to_owned(),
            datagrams: None,
        };
        stage.start();
        stage
    }

    /// The exported directory.
    pub fn export(&self) -> PathBuf {
        self.folder.join("export")
    }

    /// A place beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Where the server listens: `tcp://127.0.0.1:PORT`, at the same port in all its lives.
    pub fn endpoint(&self) -> &str {
        &self.place
    }

    /// Where it takes datagrams, if the options say so.
    pub fn datagrams(&self) -> &str {
        self.datagrams.as_deref().expect("it takes datagrams")
    }

    /// What stock clients know `path` in the export by.
    pub fn url(&self, path: &str) -> String {
        let port = self.place.rsplit(':').next().expect("an endpoint");
        let export = self.export();
        let export = export.display();
        format!("nfs://127.0.0.1{export}{path}?nfsport={port}&mountport={port}")
    }

    /// Kills the server as it stands, and starts another.
    pub fn restart(&mut self) {
        self.kill();
        self.start();
    }

    /// Kills the server as it stands.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Starts the server where the last one was.
    pub fn start(&mut self) {
        let mut dfs = Command::new("prlimit");
        dfs.args(&self.limits).arg(&*PROGRAM);
        if self.limits.is_empty() {
            dfs = Command::new(&*PROGRAM);
        }
        dfs.arg("--export").arg(self.export());
        dfs.args(["--listen", &self.place]).args(&self.options);
        dfs.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Running(dfs.spawn().expect("the server starts"));
        let said = server.0.stdout.take().expect("its output is piped");
        let mut said = BufReader::new(said).lines();
        let mut place = |transport: &str| {
            let line = said.next().expect("the server says where it is");
            let line = line.expect("the server says it in text");
            let place = line.rsplit(' ').next().unwrap_or_default().to_owned();
            assert!(place.starts_with(transport), "it said {line:?}");
            place
        };
        self.place = place("tcp://127.0.0.1:");
        let datagrams = self.options.iter().any(|it| it.starts_with("udp://"));
        self.datagrams = datagrams.then(|| place("udp://127.0.0.1:"));
        self.server = Some(server);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kill();
        // A folder that stays behind harms nobody, and a panic here would hide the test's own.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether this process, and so the server, is root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self")
        .expect("it is this process")
        .uid()
        == 0
}

/// Where a sync costs little, if there is such a place: the server makes one for each change.
fn quick_folder() -> &'static Path {
    let shared_memory = Path::new("/dev/shm");
    if shared_memory.is_dir() {
        shared_memory
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR"))
    }
}

//! A distributed file system: an NFS version 3 server that exports one directory, which any NFS client can use.
//!
//! `idl/nfs3.x` and `idl/mount3.x` are its contracts. `disk` finds and changes files, `nfs` speaks of them, `mount` gives out
//! the first handle, and `squash` decides as whom callers act.

mod contract;
mod disk;
mod mount;
mod nfs;
mod options;
mod squash;

use contract::mount3::MountV3Service;
use contract::nfs3::NfsV3Service;
use disk::{Export, Key};
use options::{HELP, Options, Wish};
use rpc_core::Server;
use rustix::fs::Mode;
use squash::Squash;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let wish = match Wish::parse(std::env::args_os().skip(1)) {
        Ok(wish) => wish,
        Err(complaint) => {
            eprintln!("dfs: {complaint}; dfs --help lists the options");
            return ExitCode::from(2);
        }
    };
    let served = match wish {
        Wish::Help => {
            print!("{HELP}");
            Ok(())
        }
        Wish::Serve(options) => serve(&options),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dfs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> Result<(), Box<dyn Error>> {
    let squash = Squash::new(options.mapping, options.anonymous)?;
    if squash.makes_root() {
        eprintln!(
            "dfs: whoever connects may do in the export what root may; see --squash and --anonymous"
        );
    }
    let path = absolute(&options.export)?;
    let key = Key::load(&key_file(options, &path)?)?;
    let export = Export::new(&path, key)
        .map_err(|errno| format!("{} cannot be exported: {errno}", path.display()))?;
    let export = Arc::new(export);
    // Files get the modes that clients ask for.
    rustix::process::umask(Mode::empty());
    let mount = mount::Mount::new(Arc::clone(&export));
    let nfs = nfs::Nfs::new(export, squash)?;
    let mut server = Server::builder()
        .serve(NfsV3Service::new(nfs))
        .serve(MountV3Service::new(mount));
    for endpoint in &options.listen {
        server = server.listen(endpoint);
    }
    if options.register {
        server = server.register("rpcbind://");
    }
    let server = server.start()?;
    let mut out = std::io::stdout();
    for endpoint in server.endpoints() {
        // Whoever reads this may have stopped reading; the server goes on.
        let _ = writeln!(out, "{} is exported at {endpoint}", path.display());
    }
    server.wait();
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::fs::canonicalize(path)
        .map_err(|error| format!("{} cannot be exported: {error}", path.display()))
}

/// The key's place, which must not be in the export: whoever reads the key can make handles.
fn key_file(options: &Options, export: &Path) -> Result<PathBuf, String> {
    let file = options.key.clone().unwrap_or_else(|| {
        let mut beside = export.as_os_str().to_owned();
        beside.push(".dfs-key");
        beside.into()
    });
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err("--key takes a file".to_owned()),
    };
    let folder = std::fs::canonicalize(folder)
        .map_err(|error| format!("{} is no place for a key: {error}", folder.display()))?;
    if folder.starts_with(export) {
        return Err(format!(
            "the key {} would be in the export, where clients can read it; name another place with --key FILE",
            file.display()
        ));
    }
    Ok(file)
}

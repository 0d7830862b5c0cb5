//! Debian packages that some tests use. A test that misses one says so itself and is skipped; here we try to
//! prevent that, on machines where installing is ours to do: root, with `apt-get`.

use std::path::Path;
use std::process::{Command, Stdio};

/// A package, what of it the tests use, and a file that is there once it is installed.
struct Package {
    name: &'static str,
    used_for: &'static str,
    proof: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "gcc",
        used_for: "compiling the C peers of the interop tests",
        proof: "/usr/bin/gcc",
    },
    Package {
        name: "libc6-dev",
        used_for: "the C library's headers",
        proof: "/usr/include/stdio.h",
    },
    Package {
        name: "rpcsvc-proto",
        used_for: "rpcgen, which writes those C peers",
        proof: "/usr/bin/rpcgen",
    },
    Package {
        name: "libtirpc-dev",
        used_for: "the C implementation of ONC RPC to compare with",
        proof: "/usr/include/tirpc/rpc/rpc.h",
    },
    Package {
        name: "rpcbind",
        used_for: "the registry of ONC RPC, and rpcinfo, to register at and to ask",
        proof: "/usr/sbin/rpcbind",
    },
    Package {
        name: "tshark",
        used_for: "a second opinion on what is on the wire",
        proof: "/usr/bin/tshark",
    },
    Package {
        name: "iproute2",
        used_for: "networks of their own for tests whose programs answer at fixed ports",
        proof: "/bin/ip",
    },
    Package {
        name: "libnfs-dev",
        used_for: "a stock client of the example file server",
        proof: "/usr/include/nfsc/libnfs.h",
    },
    Package {
        name: "libnfs-utils",
        used_for: "that client's tools",
        proof: "/usr/bin/nfs-cp",
    },
    Package {
        name: "rstatd",
        used_for: "a real daemon to call: how busy a host is",
        proof: "/usr/sbin/rpc.rstatd",
    },
    Package {
        name: "rstat-client",
        used_for: "rup, which asks it, and us",
        proof: "/usr/bin/rup",
    },
    Package {
        name: "rwalld",
        used_for: "a real daemon to call: messages to all at a host",
        proof: "/usr/sbin/rpc.rwalld",
    },
    Package {
        name: "rwall",
        used_for: "rwall, which sends them, to us too",
        proof: "/usr/bin/rwall",
    },
    Package {
        name: "rusersd",
        used_for: "a real daemon to call: who is logged in",
        proof: "/usr/sbin/rpc.rusersd",
    },
    Package {
        name: "rusers",
        used_for: "rusers, which asks it, and us",
        proof: "/usr/bin/rusers",
    },
    Package {
        name: "quota",
        used_for: "rpc.rquotad to call, and quota, which asks it, and us",
        proof: "/usr/sbin/rpc.rquotad",
    },
    Package {
        name: "bootparamd",
        used_for: "a real daemon to call: what hosts without disks start from",
        proof: "/usr/sbin/rpc.bootparamd",
    },
    Package {
        name: "nfs-common",
        used_for: "showmount, which asks the example file server what it exports",
        proof: "/usr/sbin/showmount",
    },
];

/// Installs what is missing, or says why it does not.
pub fn provide() {
    let missing: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| !Path::new(package.proof).exists())
        .collect();
    if missing.is_empty() {
        return;
    }
    let obstacle = if !runs_apt_get() {
        Some("there is no apt-get here")
    } else if !is_root() {
        Some("only root may install")
    } else {
        None
    };
    for package in &missing {
        println!(
            "missing Debian package: {} ({})",
            package.name, package.used_for
        );
    }
    match obstacle {
        Some(why) => println!("not installed, since {why}; tests that need them are skipped"),
        None => install(&missing),
    }
}

fn install(missing: &[&Package]) {
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    println!(
        "installing: apt-get update, then apt-get install {}",
        names.join(" ")
    );
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&names);
    if !apt_get(&["update"]) || !apt_get(&words) {
        println!("apt-get failed; tests that need these packages are skipped");
    }
}

fn apt_get(words: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command
        .arg("--quiet")
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn runs_apt_get() -> bool {
    Command::new("apt-get")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

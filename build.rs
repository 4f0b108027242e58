//! How the shared library is linked; nothing is generated here.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Faults that tests plant, to see that the tools which look for them find them.
    println!("cargo::rustc-check-cfg=cfg(rediscluster_fault, values(any()))");
    // The stress program under ThreadSanitizer.
    println!("cargo::rustc-check-cfg=cfg(rediscluster_tsan)");

    // Before 1.0 each minor version may break the ABI, so it is part of the name.
    let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
    let minor = std::env::var("CARGO_PKG_VERSION_MINOR").unwrap_or_default();
    let abi = if major == "0" { format!("0.{minor}") } else { major };
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,librediscluster.so.{abi}");
    // The fork handler, once registered, stays for the life of the process: so must the code.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}

//! Tells the Tauri build step where the capabilities are, since the package lives at the workspace root.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=ui/dist");
    // WebKitGTK uses the system's SQLite; our bundled SQLCipher must not be what it binds to.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,--exclude-libs,ALL");
    }
    if let Err(error) = tauri_build::try_build(
        tauri_build::Attributes::new()
            .capabilities_path_pattern("./src-tauri/capabilities/**/*"),
    ) {
        println!("cargo:error={error:#}");
        std::process::exit(1);
    }
}

//! Tells the Tauri build step where the capabilities are, since the package lives at the workspace root.

use std::path::Path;

/// What the window shows when the program was built before the interface.
const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Baton</title>\
    <p>The interface was not built. Run <code>cargo xtask run</code>, or <code>npm ci && npm run build</code> in \
    <code>ui/</code>, and build again.</p></html>\n";

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=ui/dist");
    // WebKitGTK uses the system's SQLite; our bundled SQLCipher must not be what it binds to.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,--exclude-libs,ALL");
    }
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        // Named here, a command can be called only by a window whose capability allows it.
        .app_manifest(tauri_build::AppManifest::new().commands(&["call", "ready"]));
    let built = interface_or_placeholder()
        .map_err(in_words)
        .and_then(|()| tauri_build::try_build(attributes).map_err(|error| format!("{error:#}")));
    if let Err(error) = built {
        println!("cargo:error={error}");
        std::process::exit(1);
    }
}

/// Without a built interface the program still compiles, and says what is missing.
fn interface_or_placeholder() -> std::io::Result<()> {
    let page = Path::new("ui/dist/index.html");
    if page.exists() {
        return Ok(());
    }
    println!("cargo:warning=ui/dist is missing: the window will only say so. Run `cargo xtask run`.");
    std::fs::create_dir_all("ui/dist")?;
    std::fs::write(page, PLACEHOLDER)
}

fn in_words(error: std::io::Error) -> String {
    format!("ui/dist can't be written: {error}")
}

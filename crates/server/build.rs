//! Tells Cargo that the sample's files are compiled in.

fn main() {
    println!("cargo::rerun-if-changed=sample");
}

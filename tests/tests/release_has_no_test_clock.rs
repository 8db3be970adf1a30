//! The test clock can never reach the people who use Baton.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::process::Command;

use baton_tests::programs::workspace;
use serde_json::Value;

/// Cargo as the tests were started with it.
fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace());
    cargo
}

#[test]
fn a_release_build_with_the_test_clock_does_not_compile() {
    let check = cargo()
        .args([
            "check",
            "--release",
            "--package",
            "baton-clock",
            "--features",
            "test-clock",
        ])
        .env("CARGO_TERM_COLOR", "never")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stderr);
    assert!(!check.status.success(), "it compiled:\n{said}");
    assert!(
        said.contains("the feature `test-clock` must never be part of a release build"),
        "{said}"
    );
}

#[test]
fn the_same_build_without_the_test_clock_compiles() {
    let check = cargo()
        .args(["check", "--release", "--package", "baton-clock"])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn no_crate_turns_the_test_clock_on_by_default() {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let mut offered_by = 0;
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let features = package["features"].as_object().unwrap();
        offered_by += usize::from(features.contains_key("test-clock"));
        let reached = reached_from(features, "default");
        assert!(
            !reached.iter().any(|feature| feature.contains("test-clock")),
            "{name}: {reached:?}"
        );
        for dependency in package["dependencies"].as_array().unwrap() {
            // What a test of a crate turns on for itself is no part of a build.
            let for_tests = dependency["kind"] == "dev";
            let asked = dependency["features"].as_array().unwrap();
            assert!(
                for_tests || !asked.contains(&"test-clock".into()),
                "{name} asks for it: {dependency}"
            );
        }
    }
    assert!(offered_by > 0, "no crate has a feature of that name any more");
}

/// Every feature that turning `start` on turns on, in the same crate or in a dependency.
fn reached_from(features: &serde_json::Map<String, Value>, start: &str) -> Vec<String> {
    let mut reached = vec![start.to_owned()];
    let mut next = 0;
    while let Some(feature) = reached.get(next).cloned() {
        for more in features.get(&feature).and_then(Value::as_array).into_iter().flatten() {
            let more = more.as_str().unwrap().to_owned();
            if !reached.contains(&more) {
                reached.push(more);
            }
        }
        next += 1;
    }
    reached
}

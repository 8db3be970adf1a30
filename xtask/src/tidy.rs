//! Rules about the source that no compiler knows, each as a test with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::shell::{cargo, root};

/// The longest a source file may be. Longer ones hold two ideas.
const LONGEST_FILE: usize = 800;

/// Every file that git knows or would take, by its path from the root.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .current_dir(root())
        // A container often works on a clone that belongs to somebody else.
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .expect("git is there");
    assert!(listed.status.success(), "git ls-files failed");
    let text = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let known: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    // A file that was deleted and not yet committed is listed, too.
    known.into_iter().filter(|path| root().join(path).is_file()).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_source(path: &str) -> bool {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    ["rs", "ts", "svelte", "css", "py", "sh"].contains(&extension) && !is_generated(path)
}

/// Files that a program writes.
fn is_generated(path: &str) -> bool {
    path.starts_with("ui/src/lib/api/types/") || path.starts_with("ui/src/lib/paraglide/")
}

/// Says everything that is wrong with a rule at once.
fn nothing(findings: &[String], rule: &str) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}

#[test]
fn no_source_file_is_too_long() {
    let mut long = Vec::new();
    for path in files().iter().filter(|path| is_source(path)) {
        let lines = read(path).lines().count();
        if lines > LONGEST_FILE {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    nothing(
        &long,
        &format!("A file of more than {LONGEST_FILE} lines holds two ideas: give each its own."),
    );
}

#[test]
fn every_rust_file_begins_by_saying_what_it_is_for() {
    let silent: Vec<String> = files()
        .into_iter()
        // A module's own tests say it by their names.
        .filter(|path| path.ends_with(".rs") && !is_unit_test(path) && !says_what_it_is_for(&read(path)))
        .collect();
    nothing(
        &silent,
        "A module begins with `//!` and says which rule of the product it holds.",
    );
}

/// The tests of a module, in a file or a folder beside it.
fn is_unit_test(path: &str) -> bool {
    let inside = path.split_once("/src/").map_or("", |(_, inside)| inside);
    inside.ends_with("tests.rs") || inside.split('/').any(|folder| folder == "tests")
}

fn says_what_it_is_for(source: &str) -> bool {
    let words = source
        .strip_prefix("//!")
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    words.trim().len() >= 10
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["to", "do!("].concat(),
        ["unimpl", "emented!("].concat(),
    ];
    let mut left = Vec::new();
    for path in files().iter().filter(|path| is_source(path)) {
        for (number, line) in read(path).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                left.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    nothing(
        &left,
        "What is not done is not in the source: finish it, or write an issue.",
    );
}

#[test]
fn no_test_is_ignored() {
    let marks = [
        "#[ig",
        "it.sk",
        "test.sk",
        "describe.sk",
        "it.on",
        "test.on",
        "describe.on",
    ];
    let ends = ["nore", "ip(", "ip(", "ip(", "ly(", "ly(", "ly("];
    let marks: Vec<String> = marks
        .iter()
        .zip(ends)
        .map(|(start, end)| [start, end].concat())
        .collect();
    let mut ignored = Vec::new();
    for path in files().iter().filter(|path| is_source(path)) {
        for (number, line) in read(path).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                ignored.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    nothing(&ignored, "A test that does not run protects nobody.");
}

#[test]
fn generated_files_say_that_they_are() {
    let unmarked: Vec<String> = files()
        .into_iter()
        .filter(|path| path.starts_with("ui/src/lib/api/types/") && path.ends_with(".ts"))
        .filter(|path| !read(path).starts_with("// This file was generated"))
        .collect();
    nothing(
        &unmarked,
        "The TypeScript types are generated from Rust: change them there, then `cargo xtask check --fix`.",
    );
}

/// What each of our crates depends on, without what only its tests use.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let output = cargo(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .expect("cargo is there");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("the metadata is JSON");
    let name = |of: &Value| of["name"].as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
            (
                name(package),
                dependencies.filter(|one| one["kind"] != "dev").map(name).collect(),
            )
        })
        .collect()
}

/// Everything of ours that a crate reaches, itself included.
fn reach(arrows: &BTreeMap<String, BTreeSet<String>>, start: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([start.to_owned()]);
    let mut waiting = vec![start.to_owned()];
    while let Some(next) = waiting.pop() {
        for to in arrows.get(&next).into_iter().flatten() {
            if arrows.contains_key(to) && reached.insert(to.clone()) {
                waiting.push(to.clone());
            }
        }
    }
    reached
}

#[test]
fn the_rules_know_no_runtime_no_database_no_network_and_no_window() {
    let outside = [
        "axum",
        "async-imap",
        "keyring",
        "lettre",
        "notify-rust",
        "reqwest",
        "rusqlite",
        "sea-orm",
        "sqlx",
        "tauri",
        "tokio",
        "tower-http",
        "zbus",
    ];
    let arrows = arrows();
    let known: Vec<String> = arrows["baton-domain"]
        .iter()
        .filter(|name| outside.contains(&name.as_str()))
        .cloned()
        .collect();
    nothing(
        &known,
        "`domain` is plain Rust over plain data, with the time passed in.",
    );
    nothing(
        &reach(&arrows, "baton-domain")
            .into_iter()
            .filter(|name| name != "baton-domain")
            .collect::<Vec<_>>(),
        "`domain` is below everything else of ours.",
    );
}

#[test]
fn arrows_between_our_crates_point_one_way() {
    let arrows = arrows();
    let never = [
        ("baton-client", "baton-server"),
        ("baton-server", "baton-client"),
        ("baton-protocol", "baton-store"),
        ("baton-protocol", "baton-channels"),
        ("baton-channels", "baton-store"),
        ("baton-channels", "baton-server"),
        ("baton-store", "baton-server"),
        ("baton-store", "baton-client"),
        ("baton-store", "baton-channels"),
        ("baton-tests", "baton-server"),
    ];
    let mut wrong = Vec::new();
    for (from, to) in never {
        assert!(
            arrows.contains_key(from) && arrows.contains_key(to),
            "{from} or {to} is no crate of ours any more"
        );
        if reach(&arrows, from).contains(to) {
            wrong.push(format!("{from} reaches {to}"));
        }
    }
    nothing(
        &wrong,
        "desktop -> client -> {channels, store, protocol} -> domain <- {channels, store, protocol} <- server",
    );
}

#[test]
fn only_the_store_and_the_migrations_speak_sql() {
    let languages = [
        "sea-orm",
        "sea-orm-migration",
        "sea-query",
        "sqlx",
        "rusqlite",
        "libsqlite3-sys",
    ];
    let rooms = ["baton-store", "baton-migrations"];
    let mut speakers = Vec::new();
    for (name, dependencies) in arrows() {
        let spoken = dependencies.iter().filter(|one| languages.contains(&one.as_str()));
        speakers.extend(
            spoken
                .filter(|_| !rooms.contains(&name.as_str()))
                .map(|one| format!("{name} uses {one}")),
        );
    }
    nothing(&speakers, "SQL lives in `store` and `migrations` only.");
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = read("README.md");
    let mut commands = readme
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("cargo xtask "));
    for expected in ["cargo xtask run", "cargo xtask test"] {
        let found = commands.next().unwrap_or_default();
        assert!(
            found.starts_with(expected),
            "A stranger needs two commands, and finds them first: {found}"
        );
    }
}

#[test]
fn the_licence_is_whole_and_every_crate_names_it() {
    let licence = read("LICENSE");
    assert!(licence.contains("Apache License") && licence.contains("END OF TERMS AND CONDITIONS"));
    let nameless: Vec<String> = files()
        .into_iter()
        .filter(|path| path.ends_with("Cargo.toml"))
        .filter(|path| !read(path).contains("license.workspace = true"))
        .collect();
    nothing(
        &nameless,
        "Every package says under which licence it is: `license.workspace = true`.",
    );
}

#[test]
fn what_the_documentation_names_is_there() {
    let known = files();
    let mut gone = Vec::new();
    for path in known.iter().filter(|path| path.ends_with(".md")) {
        let directory = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
        for named in named_paths(&read(path)) {
            if !exists(&directory, &named) {
                gone.push(format!("{path}: {named}"));
            }
        }
    }
    nothing(&gone, "A path in the documentation leads somewhere.");
}

/// The files and directories that a page of documentation names: the targets of links, and what is in back-quotes and
/// looks like a path of this project.
fn named_paths(page: &str) -> Vec<String> {
    let tops = [
        "crates/",
        "docs/",
        "icons/",
        "migrations/",
        "src-tauri/",
        "tests/",
        "ui/",
        "xtask/",
        ".ci/",
        ".github/",
    ];
    let mut named = Vec::new();
    let mut in_code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let links = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'))
            .map(|(target, _)| target);
        let links = links.filter(|target| {
            !target.contains("://") && !target.starts_with(['#', '<']) && !target.starts_with("mailto:")
        });
        named.extend(links.map(|target| target.split('#').next().unwrap_or(target).to_owned()));
        let quoted = line.split('`').skip(1).step_by(2);
        let paths = quoted.filter(|word| tops.iter().any(|top| word.starts_with(top)));
        let plain = paths.filter(|word| !word.contains(['*', '<', '{', ' ', '$', '…']));
        // Made by a build, and not in a clone.
        let kept = plain.filter(|word| !word.starts_with("ui/dist") && !word.starts_with("ui/node_modules"));
        named.extend(kept.map(str::to_owned));
    }
    named
}

/// Whether a path is there, seen from a page's directory or from the root.
fn exists(directory: &Path, named: &str) -> bool {
    let from_page: PathBuf = root().join(directory).join(named);
    from_page.exists() || root().join(named).exists()
}

#[test]
fn paths_are_found_in_links_and_in_quotes_and_not_in_examples() {
    let page = "See [the guide](guide.md#start) and `crates/clock/src`, not <https://x.test> or [there](https://y.test).\n\
                ```\ncat `ui/none`\n```\n`ui/dist/index.html` `tests/*.rs` `not/ours`";
    assert_eq!(named_paths(page), ["guide.md", "crates/clock/src"]);
}

//! A private PostgreSQL for one test: started on a socket of its own, gone when dropped.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The system user under whom PostgreSQL runs when we are root, which it refuses to be.
const SYSTEM_USER: &str = "postgres";

/// A cluster with its server.
pub struct Cluster {
    directory: tempfile::TempDir,
    programs: PathBuf,
}

impl Cluster {
    /// Creates a cluster and starts its server.
    pub fn start() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("baton-pg")
            .tempdir()
            .expect("a temporary directory");
        let cluster = Self {
            programs: newest_programs(),
            directory,
        };
        let data = cluster.data();
        std::fs::set_permissions(cluster.directory.path(), std::fs::Permissions::from_mode(0o755))
            .expect("permissions");
        std::fs::create_dir(&data).expect("the data directory");
        if Self::as_root() {
            let owner = format!("{SYSTEM_USER}:");
            run(Command::new("chown")
                .arg(owner)
                .arg(cluster.directory.path())
                .arg(&data));
        }
        run(cluster
            .program("initdb")
            .args([
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "-U",
                "baton",
            ])
            .arg("-D")
            .arg(&data));
        let settings = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c fsync=off",
            cluster.directory.path().display()
        );
        let log = cluster.directory.path().join("log");
        run(cluster
            .program("pg_ctl")
            .arg("-D")
            .arg(&data)
            .arg("-w")
            .arg("-l")
            .arg(&log)
            .arg("-o")
            .arg(&settings)
            .arg("start"));
        cluster
    }

    /// Makes an empty database and tells where it is.
    pub fn database(&self, name: &str) -> String {
        run(self
            .program("createdb")
            .arg("-h")
            .arg(self.directory.path())
            .args(["-U", "baton", name]));
        format!(
            "postgres://baton@localhost/{name}?host={}",
            self.directory.path().display()
        )
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A process's own directory there belongs to whom it runs as.
    fn as_root() -> bool {
        std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
    }

    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        if !Self::as_root() {
            return Command::new(path);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", SYSTEM_USER, "--"]).arg(path);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = self
            .program("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .args(["-m", "immediate", "stop"])
            .output();
        if let Err(error) = stopped {
            eprintln!("PostgreSQL could not be stopped: {error}");
        }
    }
}

fn run(command: &mut Command) {
    command.current_dir("/");
    // The server inherits what its starter holds: with a pipe we would wait for the server to end.
    let output = tempfile::tempfile().expect("a temporary file");
    let shown = output.try_clone().expect("a second handle");
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone().expect("a handle"))
        .stderr(output)
        .status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}\n{}", text(shown));
}

fn text(mut file: std::fs::File) -> String {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    file.rewind().expect("a rewound file");
    file.read_to_string(&mut text).expect("what it wrote");
    text
}

/// Debian keeps each major version in a directory of its own, outside `PATH`.
fn newest_programs() -> PathBuf {
    let newest = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, programs)| programs.join("postgres").is_file())
        .max();
    match newest {
        Some((_, programs)) => programs,
        None => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .find(|path: &PathBuf| Path::join(path, "pg_ctl").is_file())
            .expect("PostgreSQL is not installed: `cargo xtask doctor` says how to get it"),
    }
}

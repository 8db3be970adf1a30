//! Ports nobody else has, for programs that cannot choose one themselves.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Below the range from which the kernel hands out ports for outgoing connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A loopback port that stays ours as long as this value lives.
///
/// Asking the kernel for a free port and giving it to a program later leaves a gap in which a test beside us can take it.
/// So the tests of one machine agree through locked files; a lock ends with its process, however that ends.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _claim: File,
}

impl Port {
    /// Takes a port.
    ///
    /// # Errors
    /// When the lock files cannot be written, or every port is taken.
    pub fn claim() -> Result<Self> {
        let locks = std::env::temp_dir().join("baton-test-ports");
        std::fs::create_dir_all(&locks).with_context(|| format!("create {}", locks.display()))?;
        // Neighbours start their search at different places.
        let start = std::process::id().wrapping_mul(97) % u32::from(COUNT);
        let start = u16::try_from(start).unwrap_or(0);
        for step in 0..COUNT {
            let number = FIRST + (start + step) % COUNT;
            let claim = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(locks.join(number.to_string()))
                .context("open a port's lock file")?;
            match claim.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error).context("lock a port"),
            }
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _claim: claim });
            }
        }
        bail!("no free port between {FIRST} and {}", FIRST + COUNT)
    }

    /// The number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

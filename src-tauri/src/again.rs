//! Starting while the one before is still ending.
//!
//! A second start hands its words to the first and ends. Where the first is on its way out at that very moment, it takes the words
//! with it, and the person who has just quit and opened Baton again would see nothing but an error. This start then begins anew, as
//! a fresh process: the toolkit can't be begun twice in one.

use std::convert::Infallible;
use std::time::Duration;

/// How many times a start has begun anew already, for itself.
const TRIED: &str = "BATON_STARTED_AGAIN";
/// How often it begins anew. The one before has this many pauses to end.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// Begins anew where this start failed only because the one before was just ending. It does not come back then.
///
/// # Errors
/// The failure itself, where it is another one, or the one before does not end.
pub(crate) fn once_the_other_has_ended(error: anyhow::Error) -> Result<Infallible, anyhow::Error> {
    let tried = tries(std::env::var(TRIED).ok().as_deref());
    if !other_was_ending(&error) || tried >= TRIES {
        return Err(error);
    }
    // Nothing runs in this process yet that could be held up.
    #[allow(
        clippy::disallowed_methods,
        reason = "the start waits for another process, and has no runtime"
    )]
    std::thread::sleep(PAUSE);
    begin_anew(tried.saturating_add(1), error)
}

#[cfg(unix)]
fn begin_anew(tried: u32, error: anyhow::Error) -> Result<Infallible, anyhow::Error> {
    use std::os::unix::process::CommandExt as _;
    let Ok(program) = std::env::current_exe() else {
        return Err(error);
    };
    let failed = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(TRIED, tried.to_string())
        .exec();
    Err(error.context(failed))
}

/// Elsewhere a start asks the one before by other means, which do not fail in this way.
#[cfg(not(unix))]
fn begin_anew(_: u32, error: anyhow::Error) -> Result<Infallible, anyhow::Error> {
    Err(error)
}

fn tries(said: Option<&str>) -> u32 {
    said.and_then(|said| said.parse().ok()).unwrap_or(0)
}

/// The words are all that the library tells.
fn other_was_ending(error: &anyhow::Error) -> bool {
    let told = |words: &str| error.chain().any(|cause| cause.to_string().contains(words));
    told("failed to forward arguments to the running instance")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_instance_that_went_away_is_waited_for() {
        let went = "failed to initialize plugin `single-instance`: failed to forward arguments to the running instance: NoReply";
        assert!(other_was_ending(
            &anyhow::anyhow!(went).context("start the window system")
        ));
        assert!(!other_was_ending(&anyhow::anyhow!("there is no display here")));
    }

    #[test]
    fn a_start_that_was_never_repeated_counts_from_nothing() {
        assert_eq!(tries(None), 0);
        assert_eq!(tries(Some("7")), 7);
        assert_eq!(tries(Some("many")), 0);
    }
}

//! Where a desktop's data is, and what makes two desktops the same one.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use anyhow::Context;
use tauri::{AppHandle, Manager};

/// The variable that names another place, for tests.
const VARIABLE: &str = "BATON_DATA_DIR";

/// The usual place, or the one that was asked for.
#[derive(Debug, Clone)]
pub struct Place(Option<PathBuf>);

impl Place {
    /// The place that the command line names, else the environment, else the usual one.
    pub fn new(named: Option<PathBuf>) -> Self {
        Self::of(named, std::env::var_os(VARIABLE))
    }

    fn of(named: Option<PathBuf>, environment: Option<OsString>) -> Self {
        let chosen = named.or_else(|| environment.filter(|dir| !dir.is_empty()).map(PathBuf::from));
        // One place has one name, from wherever the program is started.
        Self(chosen.map(|dir| std::path::absolute(&dir).unwrap_or(dir)))
    }

    /// Where the engine keeps everything.
    ///
    /// # Errors
    /// When the account has no home directory.
    pub fn data_dir(&self, app: &AppHandle) -> anyhow::Result<PathBuf> {
        match &self.0 {
            Some(dir) => Ok(dir.clone()),
            None => app.path().app_data_dir().context("find this account's data directory"),
        }
    }

    /// The name that only one running desktop with this place has.
    pub fn instance_name(&self, identifier: &str) -> String {
        match &self.0 {
            None => identifier.to_owned(),
            Some(dir) => {
                let mut hasher = DefaultHasher::new();
                dir.hash(&mut hasher);
                format!("{identifier}.at{:016x}", hasher.finish())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_before_the_environment() {
        let place = Place::of(Some("/a".into()), Some("/b".into()));
        assert_eq!(place.0, Some(PathBuf::from("/a")));
        assert_eq!(Place::of(None, Some("/b".into())).0, Some(PathBuf::from("/b")));
        assert_eq!(Place::of(None, Some("".into())).0, None);
    }

    #[test]
    fn desktops_with_different_data_run_side_by_side() {
        let usual = Place::of(None, None).instance_name("app.baton.desktop");
        let first = Place::of(Some("/a".into()), None).instance_name("app.baton.desktop");
        let second = Place::of(Some("/b".into()), None).instance_name("app.baton.desktop");
        assert_eq!(usual, "app.baton.desktop");
        assert!(first != second && first != usual);
        assert_eq!(
            first,
            Place::of(None, Some("/a".into())).instance_name("app.baton.desktop")
        );
    }
}

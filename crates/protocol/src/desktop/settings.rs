//! What a person chose on this computer.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a person chose on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Light, dark, or as the system.
    pub theme: Theme,
    /// Whether native notifications are shown.
    pub notifications: bool,
    /// Quiet from (minutes after local midnight).
    pub quiet_from_minute: Option<u16>,
    /// Quiet until.
    pub quiet_to_minute: Option<u16>,
    /// Whether the context pane is open.
    pub context_pane: bool,
    /// The zone dates are shown and chosen in (IANA); `None` as the system.
    pub zone: Option<String>,
    /// The language of the window and of notifications (`en`, `de`, `es`); `None` as the system.
    #[serde(default)]
    pub language: Option<String>,
    /// Addresses whose remote images are shown without asking, in lower case.
    #[serde(default)]
    pub images_from: Vec<String>,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

//! What the desktop is told on its command line.
//!
//! Unknown words are passed over and not an error: a desktop environment, a WebDriver or a newer version's launcher may add
//! some, and a program with a window has nobody to print a usage line to.

use std::path::PathBuf;

use baton_domain::ConversationId;

use crate::deep_link;

/// The arguments of one start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Begin with the sample inbox, without asking.
    pub sample: bool,
    /// Where this desktop's data is, instead of the usual place.
    pub data_dir: Option<PathBuf>,
    /// Show this conversation first.
    pub open: Option<ConversationId>,
    /// Print the version and end.
    pub version: bool,
}

impl Arguments {
    /// Reads the words after the program's name.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Self {
        let mut arguments = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--sample" => arguments.sample = true,
                "--version" | "-V" => arguments.version = true,
                "--data" => arguments.data_dir = words.next().map(PathBuf::from),
                other => match other.strip_prefix("--data=") {
                    Some(dir) => arguments.data_dir = Some(PathBuf::from(dir)),
                    None => arguments.open = deep_link::conversation(other).or(arguments.open),
                },
            }
        }
        arguments
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Arguments {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_sample_and_its_place_are_understood() {
        let arguments = parse("--sample --data /somewhere");
        assert!(arguments.sample);
        assert_eq!(arguments.data_dir, Some(PathBuf::from("/somewhere")));
        assert_eq!(parse("--data=/elsewhere").data_dir, Some(PathBuf::from("/elsewhere")));
    }

    #[test]
    fn a_link_names_the_conversation_to_show() {
        let arguments = parse("baton://conversation/0198c5b2-7f10-7000-8000-000000000001");
        assert_eq!(
            arguments.open,
            Some("0198c5b2-7f10-7000-8000-000000000001".parse().unwrap())
        );
    }

    #[test]
    fn unknown_words_are_passed_over() {
        assert_eq!(parse("--gapplication-service whatever --sample"), parse("--sample"));
    }

    #[test]
    fn data_without_a_directory_changes_nothing() {
        assert_eq!(parse("--data"), Arguments::default());
    }
}

//! The mbox format (RFC 4155): messages one after the other, each behind a line that begins with `From `.
//!
//! Lines of a message that would look like such a line are quoted with `>`; one level is taken off again (mboxrd). A `From `
//! in the middle of a text only begins a message after an empty line, which keeps most careless writers' files whole.

use std::io::{self, BufRead};

/// A message longer than this is cut off from memory: it is reported, and the next one is read.
pub const MAX_MESSAGE: usize = 64 << 20;

/// Reads the messages of an mbox.
#[derive(Debug)]
pub struct Mbox<R> {
    reader: R,
    begun: bool,
    ended: bool,
}

impl<R: BufRead> Mbox<R> {
    /// Reads from the beginning.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            begun: false,
            ended: false,
        }
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut message = Vec::new();
        let mut too_long = false;
        let mut after_empty = false;
        let mut line = Vec::new();
        while !self.ended {
            line.clear();
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => self.ended = true,
                Ok(_) if line.starts_with(b"From ") && (!self.begun || after_empty) => {
                    let first = !self.begun;
                    self.begun = true;
                    if !first {
                        break;
                    }
                }
                Ok(_) if !self.begun => {
                    if !line.iter().all(u8::is_ascii_whitespace) {
                        self.ended = true;
                        let why = "it does not begin with a `From ` line: this is not an mbox file";
                        return Some(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
                    }
                }
                Ok(_) => {
                    after_empty = matches!(line.as_slice(), b"\n" | b"\r\n");
                    if message.len() + line.len() > MAX_MESSAGE {
                        too_long = true;
                    } else {
                        message.extend_from_slice(unquoted(&line));
                    }
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        if too_long {
            return Some(Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "a message is larger than 64 MiB",
            )));
        }
        // The empty line before the next message belongs to the format.
        for end in [b"\r\n".as_slice(), b"\n"] {
            if let Some(cut) = message.strip_suffix(end) {
                if cut.ends_with(b"\n") {
                    message.truncate(cut.len());
                }
                break;
            }
        }
        (!message.is_empty()).then_some(Ok(message))
    }
}

fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    let rest = line.get(quotes..).unwrap_or_default();
    if quotes > 0 && rest.starts_with(b"From ") {
        line.get(1..).unwrap_or_default()
    } else {
        line
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn check(file: &str, messages: &[&str]) {
        let read: Vec<String> = Mbox::new(file.as_bytes())
            .map(|message| String::from_utf8(message.unwrap()).unwrap())
            .collect();
        assert_eq!(read, messages);
    }

    #[test]
    fn messages_are_split_at_from_lines_after_an_empty_line() {
        check(
            "From a Thu\nSubject: 1\n\none\n\nFrom b Fri\nSubject: 2\n\ntwo\n",
            &["Subject: 1\n\none\n", "Subject: 2\n\ntwo\n"],
        );
    }

    #[test]
    fn a_from_inside_a_paragraph_begins_nothing_and_quotes_are_taken_off() {
        check(
            "From a\n\nhello\nFrom here on\n>From there\n>>From\n>>From x\n",
            &["\nhello\nFrom here on\nFrom there\n>>From\n>From x\n"],
        );
    }

    #[test]
    fn another_file_is_refused_in_words() {
        let error = Mbox::new(b"PK\x03\x04".as_slice()).next().unwrap().unwrap_err();
        assert!(error.to_string().contains("not an mbox"));
    }

    #[test]
    fn an_empty_file_has_no_messages() {
        check("", &[]);
    }
}

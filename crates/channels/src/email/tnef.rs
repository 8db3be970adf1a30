//! `winmail.dat`: what Outlook and Exchange wrap a message in for programs of their own kind (MS-OXTNEF).
//!
//! The files inside are shown as files, its body only where the mail itself has none. It is read as far as it is sound: a stream that
//! is cut or wrong gives what came before the damage.

mod rtf;

use mail_parser::decoders::charsets::map::charset_decoder;

const SIGNATURE: u32 = 0x223e_9f78;
/// Files of one stream that are looked at.
const MAX_FILES: usize = 250;
/// Properties of one object that are looked at.
const MAX_PROPERTIES: u32 = 5_000;

const ATTACHMENT_LEVEL: u8 = 2;
const BODY: u32 = 0x0002_800c;
const CODE_PAGE: u32 = 0x0006_9007;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const BEGINS_ATTACHMENT: u32 = 0x0006_9002;
const ATTACHMENT_DATA: u32 = 0x0006_800f;
const ATTACHMENT_TITLE: u32 = 0x0001_8010;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;

/// What was inside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Opened {
    /// The plain body.
    pub(super) text: Option<String>,
    /// The HTML body.
    pub(super) html: Option<String>,
    /// The files.
    pub(super) files: Vec<InnerFile>,
}

/// A file inside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct InnerFile {
    pub(super) name: String,
    pub(super) mime: Option<String>,
    pub(super) content_id: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// Opens a stream; `None` where it is none, or holds nothing to show.
pub(super) fn open(bytes: &[u8]) -> Option<Opened> {
    let mut input = Input(bytes);
    if input.u32()? != SIGNATURE {
        return None;
    }
    input.u16()?;
    let mut opened = Opened::default();
    let mut code_page = 1252;
    let mut rich: &[u8] = &[];
    while let Some((level, id, value)) = attribute(&mut input) {
        match (level, id) {
            (_, CODE_PAGE) => code_page = Input(value).u32().unwrap_or(code_page),
            (ATTACHMENT_LEVEL, BEGINS_ATTACHMENT) if opened.files.len() >= MAX_FILES => break,
            (ATTACHMENT_LEVEL, BEGINS_ATTACHMENT) => opened.files.push(InnerFile::default()),
            (ATTACHMENT_LEVEL, _) => {
                if let Some(file) = opened.files.last_mut() {
                    attached(file, id, value, code_page);
                }
            }
            (_, BODY) => opened.text = decoded(value, code_page),
            (_, MESSAGE_PROPERTIES) => {
                for property in properties(value) {
                    match property.id {
                        0x1000 => opened.text = property.text(code_page).or(opened.text.take()),
                        0x1013 => opened.html = property.text(code_page).or(opened.html.take()),
                        0x1009 => rich = property.value,
                        0x3fde => code_page = property.number().unwrap_or(code_page),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    opened.files.retain(|file| !file.bytes.is_empty());
    if opened.text.is_none() && opened.html.is_none() {
        opened.text = rtf::text(rich);
    }
    let shows = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    (!opened.files.is_empty() || shows(&opened.text) || shows(&opened.html)).then_some(opened)
}

fn attribute<'a>(input: &mut Input<'a>) -> Option<(u8, u32, &'a [u8])> {
    let level = input.u8()?;
    let id = input.u32()?;
    let length = input.u32()?;
    let value = input.take(length as usize)?;
    // The checksum guards against nothing that cutting the stream does not show as well.
    input.u16()?;
    Some((level, id, value))
}

fn attached(file: &mut InnerFile, id: u32, value: &[u8], code_page: u32) {
    match id {
        ATTACHMENT_DATA => file.bytes = value.to_vec(),
        ATTACHMENT_TITLE if file.name.is_empty() => file.name = decoded(value, code_page).unwrap_or_default(),
        ATTACHMENT_PROPERTIES => {
            for property in properties(value) {
                match property.id {
                    // The long name replaces the one that old file systems could hold.
                    0x3707 => file.name = property.text(code_page).unwrap_or_default(),
                    0x3704 if file.name.is_empty() => file.name = property.text(code_page).unwrap_or_default(),
                    0x370e => file.mime = property.text(code_page),
                    0x3712 => file.content_id = property.text(code_page),
                    0x3701 if file.bytes.is_empty() => {
                        // An object begins with the id of its interface.
                        let skip = if property.kind == 0x0d { 16 } else { 0 };
                        file.bytes = property.value.get(skip..).unwrap_or_default().to_vec();
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// A property of the messaging interface, with its first value.
struct Property<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self, code_page: u32) -> Option<String> {
        let text = match self.kind {
            0x1f => String::from_utf16_lossy(
                &self
                    .value
                    .chunks_exact(2)
                    .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
                    .collect::<Vec<_>>(),
            ),
            0x1e | 0x102 => return decoded(self.value, code_page),
            _ => return None,
        };
        Some(text.trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty())
    }

    fn number(&self) -> Option<u32> {
        (self.kind == 3).then(|| Input(self.value).u32()).flatten()
    }
}

fn properties(bytes: &[u8]) -> Vec<Property<'_>> {
    let mut input = Input(bytes);
    let count = input.u32().unwrap_or(0).min(MAX_PROPERTIES);
    let mut found = Vec::new();
    for _ in 0..count {
        let Some(property) = property(&mut input) else { break };
        found.push(property);
    }
    found
}

fn property<'a>(input: &mut Input<'a>) -> Option<Property<'a>> {
    const MANY: u16 = 0x1000;
    let kind = input.u16()?;
    let id = input.u16()?;
    if id >= 0x8000 {
        input.take(16)?;
        if input.u32()? == 0 {
            input.u32()?;
        } else {
            let length = input.u32()?;
            input.padded(length)?;
        }
    }
    let base = kind & !MANY;
    let fixed = match base {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        0x0d | 0x1e | 0x1f | 0x102 => None,
        _ => return None,
    };
    let values = if kind & MANY != 0 || fixed.is_none() {
        input.u32()?
    } else {
        1
    };
    let mut first: Option<&'a [u8]> = None;
    for _ in 0..values {
        let value = match fixed {
            Some(length) => input.take(length)?,
            None => {
                let length = input.u32()?;
                input.padded(length)?
            }
        };
        first = first.or(Some(value));
    }
    Some(Property {
        id,
        kind: base,
        value: first.unwrap_or_default(),
    })
}

/// Text up to its first zero, in the code page the stream names.
fn decoded(bytes: &[u8], code_page: u32) -> Option<String> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let name = format!("windows-{code_page}");
            let decode = charset_decoder(name.as_bytes()).or_else(|| charset_decoder(b"windows-1252"))?;
            decode(bytes)
        }
    };
    (!text.is_empty()).then_some(text)
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// `length` bytes, and those that fill the last group of four.
    fn padded(&mut self, length: u32) -> Option<&'a [u8]> {
        let length = length as usize;
        let taken = self.take(length)?;
        // The last value of a stream may go without.
        let fill = (4 - length % 4) % 4;
        self.0 = self.0.get(fill..).unwrap_or_default();
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
pub(super) mod tests;

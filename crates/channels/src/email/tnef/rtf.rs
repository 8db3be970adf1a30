//! The body that Outlook keeps as compressed rich text (MS-OXRTFCP), as plain text.
//!
//! Only words and line ends are read. Tables of fonts and colours, pictures and everything that marks itself as ignorable is left out.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Bytes that a compressed body may grow to.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The window of the compression.
const WINDOW: usize = 4096;
/// What the window holds at the beginning.
const PRESET: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
/// Groups inside one another that are followed.
const MAX_DEPTH: usize = 200;
/// Groups that hold no words.
const WORDLESS: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "footer",
];

/// The text of a compressed body.
pub(super) fn text(compressed: &[u8]) -> Option<String> {
    let rich = decompressed(compressed)?;
    let text = plain(&rich);
    (!text.trim().is_empty()).then_some(text)
}

fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let kind = bytes.get(8..12)?;
    let content = bytes.get(16..)?;
    if kind == b"MELA" {
        return Some(content.get(..content.len().min(MAX_BYTES))?.to_vec());
    }
    if kind != b"LZFu" {
        return None;
    }
    let mut window = [b' '; WINDOW];
    window.iter_mut().zip(PRESET).for_each(|(place, byte)| *place = *byte);
    let mut at = PRESET.len();
    let mut out: Vec<u8> = Vec::new();
    let mut input = content.iter().copied();
    // A stream that is cut gives what came before the cut.
    'stream: while let Some(control) = input.next() {
        for bit in 0..8 {
            let Some(first) = input.next() else { break 'stream };
            let (from, length) = if control & (1 << bit) == 0 {
                (None, 1)
            } else {
                let Some(second) = input.next() else { break 'stream };
                let token = usize::from(first) << 8 | usize::from(second);
                (Some(token >> 4), (token & 0xf) + 2)
            };
            if from == Some(at) || out.len() + length > MAX_BYTES {
                break 'stream;
            }
            for step in 0..length {
                let byte = match from {
                    Some(from) => window.get((from + step) % WINDOW).copied().unwrap_or(b' '),
                    None => first,
                };
                out.push(byte);
                if let Some(place) = window.get_mut(at) {
                    *place = byte;
                }
                at = (at + 1) % WINDOW;
            }
        }
    }
    Some(out)
}

/// What is told of a group.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// Its words are none.
    wordless: bool,
    /// How many characters stand in for one that older programs can't show.
    stand_ins: usize,
}

fn plain(rich: &[u8]) -> String {
    let decode = charset_decoder(code_page(rich).as_bytes()).or_else(|| charset_decoder(b"windows-1252"));
    let mut groups = vec![Group {
        wordless: false,
        stand_ins: 1,
    }];
    let (mut text, mut bytes) = (String::new(), Vec::new());
    let (mut hidden, mut skip) = (false, 0usize);
    let mut rest = rich;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let group = groups.last().copied().unwrap_or(Group {
            wordless: true,
            stand_ins: 1,
        });
        let mut word = None;
        match first {
            b'{' if groups.len() < MAX_DEPTH => groups.push(group),
            b'}' if groups.len() > 1 => drop(groups.pop()),
            b'{' | b'}' | b'\r' | b'\n' => {}
            b'\\' => word = Some(control(&mut rest)),
            _ if skip > 0 => skip -= 1,
            byte if !group.wordless && !hidden => bytes.push(*byte),
            _ => {}
        }
        let Some(word) = word else { continue };
        let shown = !group.wordless && !hidden;
        match word {
            Control::Byte(_) if skip > 0 => skip -= 1,
            Control::Byte(byte) if shown => bytes.push(byte),
            Control::Byte(_) => {}
            Control::Word(name, number) => {
                if !bytes.is_empty() {
                    text.push_str(&decode.map_or_else(String::new, |decode| decode(&bytes)));
                    bytes.clear();
                }
                match name {
                    "*" => set(&mut groups, |group| group.wordless = true),
                    "htmlrtf" => hidden = number != Some(0),
                    "uc" => set(&mut groups, |group| {
                        group.stand_ins = usize::try_from(number.unwrap_or(1)).unwrap_or(1)
                    }),
                    "u" => {
                        let unit = number.map_or(0, |number| number.rem_euclid(0x1_0000));
                        let letter = u32::try_from(unit).ok().and_then(char::from_u32);
                        if shown {
                            text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
                        }
                        skip = group.stand_ins;
                    }
                    "par" | "line" | "row" if shown => text.push('\n'),
                    "tab" | "cell" if shown => text.push('\t'),
                    name if WORDLESS.contains(&name) => set(&mut groups, |group| group.wordless = true),
                    _ => {}
                }
            }
        }
    }
    text.push_str(&decode.map_or_else(String::new, |decode| decode(&bytes)));
    text
}

fn set(groups: &mut [Group], change: impl FnOnce(&mut Group)) {
    if let Some(group) = groups.last_mut() {
        change(group);
    }
}

enum Control<'a> {
    Byte(u8),
    Word(&'a str, Option<i64>),
}

/// What stands behind a backslash: a letter written as its number, an escaped sign, or a word with its number.
fn control<'a>(rest: &mut &'a [u8]) -> Control<'a> {
    let input: &'a [u8] = rest;
    let letters = input.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        let Some((sign, after)) = input.split_first() else {
            return Control::Word("", None);
        };
        *rest = after;
        return match sign {
            b'\'' => {
                let (digits, after) = after.split_at_checked(2).unwrap_or((after, &[]));
                *rest = after;
                let number = std::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                Control::Byte(number.unwrap_or(b'?'))
            }
            b'*' => Control::Word("*", None),
            b'~' => Control::Byte(b' '),
            sign => Control::Byte(*sign),
        };
    }
    let (name, after) = input.split_at_checked(letters).unwrap_or((input, &[]));
    let sign = usize::from(after.first() == Some(&b'-'));
    let digits = after
        .iter()
        .skip(sign)
        .take_while(|byte| byte.is_ascii_digit())
        .take(9)
        .count();
    let length = if digits == 0 { 0 } else { sign + digits };
    let (number, after) = after.split_at_checked(length).unwrap_or((after, &[]));
    // One space ends the word and belongs to it.
    *rest = after.strip_prefix(b" ").unwrap_or(after);
    Control::Word(
        std::str::from_utf8(name).unwrap_or_default(),
        std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()),
    )
}

fn code_page(rich: &[u8]) -> String {
    let mark = b"\\ansicpg";
    let digits = rich
        .windows(mark.len())
        .position(|window| window == mark)
        .and_then(|at| rich.get(at + mark.len()..))
        .map(|rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).take(5))
        .map(|digits| digits.map(|digit| char::from(*digit)).collect::<String>());
    format!("windows-{}", digits.unwrap_or_else(|| "1252".to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// The example of the specification.
    const EXAMPLE: &[u8] = &[
        0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72,
        0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62,
        0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
    ];

    #[test]
    fn a_compressed_body_is_read() {
        assert_eq!(
            decompressed(EXAMPLE).unwrap(),
            b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        );
        assert_eq!(text(EXAMPLE).unwrap().trim(), "hello world");
        for end in 0..EXAMPLE.len() {
            let _ = text(EXAMPLE.get(..end).unwrap());
        }
    }

    #[test]
    fn words_are_read_and_what_shows_them_is_not() {
        let rich = b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}Gr\\'fc\\'dfe\\par\\u8364?\\tab 12 \\{a\\}{\\*\\htmltag <b>}\\htmlrtf no\\htmlrtf0 yes}";
        assert_eq!(plain(rich), "Gr\u{fc}\u{df}e\n\u{20ac}\t12 {a}yes");
        assert_eq!(plain(&b"{".repeat(100_000)), "");
    }

    #[test]
    fn a_body_that_grows_without_end_is_cut() {
        let mut bomb = EXAMPLE.get(..16).unwrap().to_vec();
        // Every token copies seventeen bytes of the window's beginning.
        for _ in 0..200_000 {
            bomb.push(0xff);
            bomb.extend([0x00, 0x0f].repeat(8));
        }
        assert!(decompressed(&bomb).unwrap().len() <= MAX_BYTES);
    }
}

//! Signatures: below the mark, the footers that phones and lists add, and the block with its writer's name at the end.

use super::{PieceKind, is_quote_mark};

/// Words of a phone's footer; more is a sentence of a person.
const FOOTER_WORDS: usize = 9;
/// From how far up, in lines with anything on them, a phone's footer is looked for.
const FOOTER_LINES: usize = 3;
/// Lines that a signature may have; more is a text that merely contains its mark.
const LINES: usize = 25;
/// Characters of a line of a signature.
const LINE_CHARS: usize = 80;
/// Lines of the block at the end that begins with its writer's name.
const NAMED_LINES: usize = 8;

const FOOTERS: &[&str] = &[
    "sent from my ",
    "sent from mail for windows",
    "get outlook for ",
    "sent from outlook",
    "sent via ",
    "sent with proton",
    "von meinem iphone",
    "von meinem ipad",
    "von meinem samsung",
    "von meinem handy",
    "gesendet von ",
    "gesendet mit ",
    "diese nachricht wurde von mein",
    "enviado desde mi ",
    "enviado do meu ",
    "envoyé de mon ",
    "envoyé depuis ",
    "inviato da ",
    "verzonden vanaf ",
    "skickat från ",
    "sendt fra ",
    "wysłane z ",
    "отправлено с ",
    "obtener outlook para",
    "outlook für",
    "télécharger outlook",
    "sent from a ",
    "sent from yahoo",
    "envoyé à partir",
    "enviado desde outlook",
    "scarica outlook",
    "unduh outlook",
    "获取 outlook",
    "发自我的",
    "从我的",
    "iphoneから送信",
    "나의 iphone",
];

/// Words that come before a name at the end.
const CLOSINGS: &[&str] = &[
    "thanks",
    "thank you",
    "many thanks",
    "regards",
    "best regards",
    "kind regards",
    "best",
    "cheers",
    "sincerely",
    "yours",
    "mit freundlichen grüßen",
    "viele grüße",
    "beste grüße",
    "freundliche grüße",
    "liebe grüße",
    "lg",
    "mfg",
    "saludos",
    "un saludo",
    "gracias",
    "cordialement",
    "merci",
    "bien à vous",
    "cordiali saluti",
    "grazie",
    "met vriendelijke groet",
    "groeten",
    "med vänlig hälsning",
    "hälsningar",
    "venlig hilsen",
    "mvh",
    "atenciosamente",
    "obrigado",
    "pozdrawiam",
    "с уважением",
];

/// Folds what is a signature. One ends where a quote begins.
pub(super) fn fold(lines: &[&str], kinds: &mut [PieceKind], writer: &str) {
    let mut start = 0;
    while start < lines.len() {
        let visible = kinds
            .iter()
            .skip(start)
            .take_while(|kind| **kind == PieceKind::Visible)
            .count();
        let block = lines.get(start..start + visible).unwrap_or_default();
        if let Some(mark) = begins(block, writer) {
            kinds
                .iter_mut()
                .skip(start + mark)
                .take(visible - mark)
                .for_each(|kind| *kind = PieceKind::Signature);
        }
        start += visible.max(1);
    }
}

/// Where in a stretch of newly written text its signature begins.
fn begins(block: &[&str], writer: &str) -> Option<usize> {
    let marked = block
        .iter()
        .rposition(|line| matches!(line.trim_end_matches(['\r', '\n']), "-- " | "--" | "—"));
    if let Some(mark) = marked.filter(|mark| filled(block, *mark) <= LINES) {
        return Some(mark);
    }
    let footer = phone_footer(block).or_else(|| list_footer(block));
    let text = block.get(..footer.unwrap_or(block.len())).unwrap_or(block);
    dashed_name(text)
        .or_else(|| named(text, writer))
        .or_else(|| ruled(text, writer))
        .or(footer)
}

fn filled(block: &[&str], from: usize) -> usize {
    block.iter().skip(from).filter(|line| !line.trim().is_empty()).count()
}

/// A phone's footer among the last three lines with anything on them.
fn phone_footer(block: &[&str]) -> Option<usize> {
    let filled = block
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, line)| !line.trim().is_empty());
    let mut last = filled.take(FOOTER_LINES);
    last.find(|(_, line)| is_footer(line)).map(|(at, _)| at)
}

fn is_footer(line: &str) -> bool {
    let lower = line.trim().trim_start_matches(['*', '_', '-', '[', '(']).to_lowercase();
    lower.len() < 120
        && lower.split_whitespace().count() <= FOOTER_WORDS
        && FOOTERS.iter().any(|begin| lower.starts_with(begin))
}

/// A rule, and below it the name of a mailing list.
fn list_footer(block: &[&str]) -> Option<usize> {
    let rule = block.iter().rposition(|line| {
        let line = line.trim();
        line.len() >= 20 && line.bytes().all(|byte| byte == b'_')
    })?;
    let below = block.iter().skip(rule + 1).take(LINES).map(|line| line.to_lowercase());
    let mut below = below.filter(|line| !line.trim().is_empty());
    let lists =
        below.any(|line| line.contains("mailing list") || line.contains("listinfo") || line.contains("unsubscribe"));
    (lists && filled(block, rule) <= 8).then_some(rule)
}

/// `-Abhishek` or `- Carl Customer` alone in the last lines.
fn dashed_name(block: &[&str]) -> Option<usize> {
    let last = block.iter().rposition(|line| !line.trim().is_empty())?;
    let line = block.get(last)?.trim();
    let name = line.strip_prefix('-')?.trim_start();
    let alone = last
        .checked_sub(1)
        .and_then(|above| block.get(above))
        .is_none_or(|above| above.trim().is_empty());
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    let words: Vec<&str> = name.split_whitespace().collect();
    let like_name = !words.is_empty()
        && words.len() <= 3
        && words.iter().all(|word| capital(word))
        && name
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '\'' | '-'));
    (alone && like_name).then_some(last)
}

/// The last paragraph, where it begins with its writer, a closing word before the name included.
fn named(block: &[&str], writer: &str) -> Option<usize> {
    let last = block.iter().rposition(|line| !line.trim().is_empty())?;
    let first = block
        .get(..last)?
        .iter()
        .rposition(|line| line.trim().is_empty())
        .map_or(0, |gap| gap + 1);
    let paragraph = block.get(first..=last)?;
    // A text that is nothing but its signature stays open.
    let short =
        paragraph.len() <= NAMED_LINES && paragraph.iter().all(|line| line.trim().chars().count() <= LINE_CHARS);
    if !short || filled(block.get(..first)?, 0) == 0 || paragraph.iter().any(|line| is_quote_mark(line)) {
        return None;
    }
    let head = paragraph.first()?.trim().to_lowercase();
    let closing = CLOSINGS.contains(&head.trim_end_matches(['!', ',', '.']));
    let name_line = if closing { paragraph.get(1)? } else { paragraph.first()? };
    let by_name = is_name_of(name_line, writer);
    let by_address = writer.contains('@')
        && paragraph.len() >= 3
        && paragraph
            .iter()
            .any(|line| line.to_lowercase().contains(&writer.to_lowercase()));
    (by_name || by_address).then_some(first)
}

/// A rule of dashes, and below it nothing but short lines with the writer among them.
fn ruled(block: &[&str], writer: &str) -> Option<usize> {
    let rule = block.iter().rposition(|line| {
        let line = line.trim();
        line.len() >= 8 && line.bytes().all(|byte| byte == b'-')
    })?;
    let below = block.get(rule + 1..)?;
    let short = below.iter().all(|line| line.trim().chars().count() <= LINE_CHARS);
    let written = below.iter().any(|line| is_name_of(line, writer));
    (short && written && filled(block, rule) <= LINES && filled(block.get(..rule)?, 0) > 0).then_some(rule)
}

/// Whether a line says little but the name of a writer.
fn is_name_of(line: &str, writer: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (line, name) = (words(line), words(writer));
    !name.is_empty()
        && !writer.contains('@')
        && line.len() <= name.len() + 3
        && name.iter().filter(|word| line.contains(word)).count() >= name.len().min(2)
}

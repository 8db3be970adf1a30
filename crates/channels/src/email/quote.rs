//! What was newly written, what is quoted, and the signature.
//!
//! Quotes and signatures are folded in the window, never deleted: every line of the text is in exactly one piece, in order, and the
//! pieces joined are the text. Where the guess could hide what somebody wrote, it does not fold: forwarded mail stays open.

mod attribution;
mod signature;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use attribution::quoted_from;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PieceKind {
    /// Newly written.
    Visible,
    /// An earlier message, with the line that introduces it.
    Quoted,
    /// A signature, or the footer of a phone.
    Signature,
}

/// Consecutive lines of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Piece {
    /// What they are.
    pub kind: PieceKind,
    /// The lines as written, line ends included.
    pub text: String,
}

/// Lines an introduction like `On ..., Carl wrote:` may be broken into.
const INTRO_LINES: usize = 6;
/// Characters such an introduction may have.
const INTRO_CHARS: usize = 400;

/// Splits a text into its pieces.
#[must_use]
pub fn split(text: &str) -> Vec<Piece> {
    split_from(text, "")
}

/// Splits a text whose writer is known, by name or address: a last paragraph that begins with them is a signature.
#[must_use]
pub fn split_from(text: &str, writer: &str) -> Vec<Piece> {
    let lines = cut_lines(text);
    let mut kinds = classify(&lines);
    signature::fold(&lines, &mut kinds, writer);
    smooth(&lines, &mut kinds);
    let mut pieces: Vec<Piece> = Vec::new();
    for (line, kind) in lines.iter().zip(kinds) {
        match pieces.last_mut() {
            Some(piece) if piece.kind == kind => piece.text.push_str(line),
            _ => pieces.push(Piece {
                kind,
                text: (*line).to_owned(),
            }),
        }
    }
    pieces
}

/// Only what was newly written, trimmed. Empty where everything is quoted.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in split(text) {
        if piece.kind == PieceKind::Visible {
            out.push_str(&piece.text);
        }
    }
    out.trim().to_owned()
}

fn classify(lines: &[&str]) -> Vec<PieceKind> {
    let mut kinds = vec![PieceKind::Visible; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        let rest = lines.get(at..).unwrap_or_default();
        let line = rest.first().copied().unwrap_or_default();
        if begins_forward(line) {
            // What was forwarded is what was meant to be read.
            break;
        }
        if is_quote_mark(line) {
            set(&mut kinds, at, 1);
        } else if let Some(length) = introduction(rest) {
            set(&mut kinds, at, length);
            let next = rest.iter().skip(length).find(|line| !line.trim().is_empty());
            if !next.is_some_and(|line| is_quote_mark(line)) {
                // Without marks there is no telling where the quote ends, so it goes on to the end.
                set(&mut kinds, at, rest.len());
                break;
            }
            at += length;
            continue;
        } else if begins_unmarked_quote(rest) {
            set(&mut kinds, at, rest.len());
            break;
        }
        at += 1;
    }
    kinds
}

fn set(kinds: &mut [PieceKind], from: usize, count: usize) {
    kinds
        .iter_mut()
        .skip(from)
        .take(count)
        .for_each(|kind| *kind = PieceKind::Quoted);
}

fn is_quote_mark(line: &str) -> bool {
    let line = line.trim();
    // `>>> www.example.com <<<` is how advertisements point.
    line.starts_with('>') && !line.starts_with(">>>>>>> ") && !line.ends_with("<<<")
}

/// Verbs by which mail programs introduce a quote.
const WROTE: &[&str] = &[
    "wrote",
    "writes",
    "schrieb",
    "geschrieben",
    "escribió",
    "escribio",
    "a écrit",
    "a ecrit",
    "ha scritto",
    "schreef",
    "geschreven",
    "skrev",
    "escreveu",
    "napisał",
    "napisał(a)",
    "napsal",
    "napsal(a)",
    "kirjoitti",
    "írta",
    "yazdı",
    "пише",
    "пишет",
    "написал",
    "написав",
    "έγραψε",
    "a scris",
    "đã viết",
    "pisze",
    "sent",
    "写道",
    "寫道",
    "書きました",
    "작성",
    "님이",
];

/// How introductions begin, with the space behind, in lower case; those that begin with a date are seen by their digit.
const STARTERS: &[&str] = &[
    "on ", "am ", "le ", "el ", "il ", "op ", "den ", "em ", "w dniu ", "dnia ", "dne ", "på ", "vào ", "kl. ", "pe ",
    "a(z) ",
];

/// `On Mon, Nov 2, 2026 at 10:00, Carl <carl@example.com> wrote:`, in the languages of the table, over up to six lines; and Gmail's
/// older `2026-11-02 10:00 GMT+01:00 Carl <carl@example.com>:`. How many lines it takes, the first of these being its first.
fn introduction(lines: &[&str]) -> Option<usize> {
    let first = lines.first().filter(|line| !line.trim().is_empty())?;
    // Where no line near ends like one there is none: nearly every line of every text.
    let ends = |line: &&str| {
        let line = line.trim_end().trim_end_matches(['*', '_']).trim_end();
        line.ends_with([':', '：', '>'])
    };
    if !lines.iter().take(INTRO_LINES).any(ends) {
        return None;
    }
    let mut joined = String::new();
    for (count, line) in lines.iter().take(INTRO_LINES).enumerate() {
        // A line that could begin an introduction of its own ends the attempt to begin one above it.
        let open = joined.matches('<').count() > joined.matches('>').count();
        let goes_on = open && line.trim_end().ends_with([':', '：']);
        if count > 0 && line.trim().is_empty() {
            // Only an address that a program put on lines of its own may stand apart.
            let next = lines.get(count + 1..).unwrap_or_default();
            let next = next.iter().map(|next| next.trim()).find(|next| !next.is_empty());
            if next == Some("<") && starts_introduction(first) {
                continue;
            }
            return None;
        }
        if count > 0 && ((is_quote_mark(line) && !goes_on) || starts_introduction(line)) {
            return None;
        }
        joined.push(' ');
        joined.push_str(line.trim());
        if joined.len() > INTRO_CHARS {
            return None;
        }
        let whole = joined.trim().trim_end_matches(['*', '_']).trim_end();
        let marked_next = lines
            .get(count + 1..)
            .unwrap_or_default()
            .iter()
            .find(|next| !next.trim().is_empty());
        let marked_next = marked_next.is_some_and(|next| is_quote_mark(next));
        let head = match whole.strip_suffix([':', '：']) {
            Some(head) => head.trim_end(),
            None if marked_next && is_date_and_address(&whole.to_lowercase()) => whole,
            None => continue,
        };
        // Several lines are one introduction only where the first shows it; else the words above belong to their writer.
        let begins = count == 0 || starts_introduction(first);
        return (begins && says_who_and_when(head)).then_some(count + 1);
    }
    None
}

fn starts_introduction(line: &str) -> bool {
    if !line.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let lower = line.trim_start_matches(['*', '_', '-', ' ', '\t']).to_lowercase();
    let word = lower.split_whitespace().next().unwrap_or_default();
    let dated = word.starts_with(|c: char| c.is_ascii_digit())
        && !word.contains('@')
        && lower.chars().filter(char::is_ascii_digit).count() >= 6;
    dated || STARTERS.iter().any(|starter| lower.starts_with(starter))
}

/// A reply and the introduction of what it answers may share a line: `Yes. On 2 Nov 2026, Anna wrote:` is two.
fn cut_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let shared = line.match_indices(" On ").map(|(at, _)| at).find(|at| {
            let (before, behind) = (
                line.get(..*at).unwrap_or_default(),
                line.get(*at + 1..).unwrap_or_default(),
            );
            let head = behind.trim_end().strip_suffix(':');
            let answers = !before.trim_matches(['-', ' ', '>', '*']).is_empty()
                && !is_quote_mark(line)
                && !starts_introduction(line);
            answers && starts_introduction(behind) && head.is_some_and(says_who_and_when)
        });
        // A rule between the two belongs to the introduction.
        let cut = shared.map(|at| {
            let before = line.get(..at).unwrap_or_default();
            let answer = before.trim_end_matches('-').len();
            if before.len() - answer >= 3 { answer } else { at + 1 }
        });
        match cut.and_then(|at| line.split_at_checked(at)) {
            Some((before, behind)) => lines.extend([before, behind]),
            None => lines.push(line),
        }
    }
    lines
}

fn is_date_and_address(lower: &str) -> bool {
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    // Some write the weekday first.
    let dated = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let after_day = lower.split_once(", ").filter(|(day, _)| day.chars().count() <= 3);
    digits >= 6
        && (dated(lower) || after_day.is_some_and(|(_, rest)| dated(rest)))
        && lower.ends_with('>')
        && lower.contains('@')
}

fn says_who_and_when(head: &str) -> bool {
    let lower = head.to_lowercase();
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    let wrote = WROTE.iter().any(|verb| {
        lower.match_indices(verb).any(|(at, found)| {
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let after = lower.get(at + found.len()..).and_then(|text| text.chars().next());
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphabetic() || !c.is_ascii());
            edge(before) && edge(after)
        })
    });
    // A sentence of a person may end in "he wrote:"; a program's always has a date or an address.
    (wrote && (digits >= 3 || (lower.contains('@') && lower.contains('<')))) || is_date_and_address(&lower)
}

const ORIGINAL: &[&str] = &[
    "original message",
    "original-nachricht",
    "originalnachricht",
    "ursprüngliche nachricht",
    "urspruengliche nachricht",
    "mensaje original",
    "message d'origine",
    "message original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "oprindelig meddelelse",
    "ursprungligt meddelande",
    "opprinnelig melding",
    "mensagem original",
    "oryginalna wiadomość",
    "původní zpráva",
    "исходное сообщение",
    "eredeti üzenet",
    "alkuperäinen viesti",
    "reply message",
    "original appointment",
];

const FORWARDED: &[&str] = &[
    "forwarded message",
    "forwarded by",
    "weitergeleitete nachricht",
    "weitergeleitet",
    "mensaje reenviado",
    "message transféré",
    "messaggio inoltrato",
    "doorgestuurd bericht",
    "videresendt",
    "vidarebefordrat",
    "mensagem encaminhada",
];

fn dashed(line: &str) -> Option<&str> {
    let line = line.trim();
    let inner = line.trim_matches(['-', '_', '=', ' ']);
    (line.starts_with("--") || line.starts_with("__") || line.starts_with("=="))
        .then_some(inner)
        .filter(|inner| !inner.is_empty())
}

fn begins_forward(line: &str) -> bool {
    let line = line.trim();
    if !line.starts_with(['-', '_', '=']) && !line.get(..1).is_some_and(|first| "bBaAdDiI".contains(first)) {
        return false;
    }
    let lower = line.to_lowercase();
    lower.starts_with("begin forwarded message")
        || lower.starts_with("anfang der weitergeleiteten")
        || lower.starts_with("début du message")
        || lower.starts_with("inicio del mensaje reenviado")
        || dashed(&lower).is_some_and(|inner| FORWARDED.iter().any(|words| inner.starts_with(words)))
}

/// Names of the header lines that Outlook and others put above what they quote without marks.
const FROM: &[&str] = &[
    "from",
    "von",
    "de",
    "da",
    "van",
    "från",
    "fra",
    "od",
    "от",
    "lähettäjä",
    "发件人",
    "差出人",
    "寄件者",
];
const OTHERS: &[&str] = &[
    "sent",
    "date",
    "to",
    "subject",
    "cc",
    "gesendet",
    "datum",
    "an",
    "betreff",
    "enviado",
    "enviado el",
    "fecha",
    "para",
    "asunto",
    "envoyé",
    "à",
    "objet",
    "inviato",
    "a",
    "oggetto",
    "data",
    "verzonden",
    "aan",
    "onderwerp",
    "skickat",
    "till",
    "ämne",
    "sendt",
    "til",
    "emne",
    "assunto",
    "wysłano",
    "do",
    "temat",
    "отправлено",
    "кому",
    "тема",
    "lähetetty",
    "aihe",
    "发送时间",
    "收件人",
    "主题",
    "日時",
    "宛先",
    "件名",
];

fn header_name(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(['*', '>', ' ']);
    let (name, value) = line.split_once([':', '：'])?;
    let name = name.trim_matches(['*', ' ', '\u{a0}']).to_lowercase();
    let value = value.trim_matches(['*', ' ', '\u{a0}']);
    (!value.is_empty() && name.chars().count() <= 20).then_some(name)
}

fn begins_unmarked_quote(lines: &[&str]) -> bool {
    let Some(line) = lines.first() else { return false };
    let lower = line.trim().to_lowercase();
    if dashed(&lower).is_some_and(|inner| {
        ORIGINAL.iter().any(|words| inner.starts_with(words))
            || (lower.ends_with("--") && WROTE.iter().any(|verb| inner.ends_with(verb)))
    }) {
        return true;
    }
    let rule = lower.len() >= 10 && lower.chars().all(|c| c == '_' || c == '-');
    let block = if rule {
        lines
            .iter()
            .skip(1)
            .skip_while(|line| line.trim().is_empty())
            .copied()
            .collect()
    } else {
        lines.to_vec()
    };
    is_header_block(&block)
}

/// `From:` followed within five lines by at least two of the others, or by one where it names an address; or a date and then an address.
fn is_header_block(lines: &[&str]) -> bool {
    let Some((first, rest)) = lines.split_first() else {
        return false;
    };
    let Some(name) = header_name(first) else { return false };
    let others = rest
        .iter()
        .take(5)
        .map_while(|line| header_name(line))
        .filter(|name| OTHERS.contains(&name.as_str()))
        .count();
    if FROM.contains(&name.as_str()) {
        let scattered = rest
            .iter()
            .take(5)
            .filter_map(|line| header_name(line))
            .filter(|name| OTHERS.contains(&name.as_str()))
            .count();
        // Markup may have put the whole block on one line.
        let lower = first.to_lowercase();
        let beside = ["date", "sent", "to", "subject", "datum", "gesendet", "betreff"]
            .iter()
            .any(|other| lower.contains(&format!(" {other}: ")));
        return scattered >= 2 || ((others >= 1 || beside) && first.contains('@'));
    }
    let dated = matches!(name.as_str(), "date" | "datum" | "fecha" | "data")
        && first.chars().filter(char::is_ascii_digit).count() >= 4;
    let author = rest
        .iter()
        .take(4)
        .any(|line| line.contains('@') && header_name(line).is_some_and(|name| FROM.contains(&name.as_str())));
    dated
        && (others >= 2 && author
            || rest
                .first()
                .is_some_and(|next| next.contains('@') && header_name(next).is_some()))
}

/// Empty lines between two pieces of one kind belong to it, so that a quote with gaps is one fold; and so does a line that wrapping has
/// torn off a link.
fn smooth(lines: &[&str], kinds: &mut [PieceKind]) {
    for at in 1..lines.len().saturating_sub(1) {
        let around = (kinds.get(at - 1), kinds.get(at), kinds.get(at + 1));
        let (Some(PieceKind::Quoted), Some(PieceKind::Visible), Some(PieceKind::Quoted)) = around else {
            continue;
        };
        let (before, line) = (lines.get(at - 1).copied(), lines.get(at).map(|line| line.trim()));
        let (before, line) = (before.unwrap_or_default(), line.unwrap_or_default());
        let torn = before.rsplit_once("(http").is_some_and(|(_, link)| !link.contains(')'));
        if is_quote_mark(before) && (line.starts_with("(http") || (torn && line.ends_with(')'))) {
            set(kinds, at, 1);
        }
    }
    let mut at = 0;
    while at < lines.len() {
        let empty = lines.iter().skip(at).take_while(|line| line.trim().is_empty()).count();
        if empty == 0 {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| kinds.get(before)).copied();
        let after = kinds.get(at + empty).copied();
        if let (Some(PieceKind::Quoted), Some(PieceKind::Quoted) | None) = (before, after) {
            set(kinds, at, empty);
        }
        at += empty;
    }
}

#[cfg(test)]
mod tests;

//! Subjects without the prefixes that replying and forwarding put before them, in the languages mail programs speak.

/// Prefixes that mean reply, forward or automatic answer, in lower case and without the colon.
const PREFIXES: &[&str] = &[
    "re",
    "r",
    "fw",
    "fwd", // English, Italian
    "aw",
    "antw",
    "antwort",
    "wg",
    "weitergeleitet", // German, Dutch
    "sv",
    "vs",
    "vb",
    "vl",
    "videresendt", // Danish, Norwegian, Swedish, Finnish
    "rv",
    "res",
    "enc",
    "rif",
    "i",
    "inoltrato",
    "renv", // Spanish, Portuguese, Italian
    "tr",
    "réf",
    "rép", // French
    "odp",
    "pd",
    "vá",
    "továbbítás",
    "ynt",
    "ilt",
    "ats",
    "pv",
    "atb", // Polish, Hungarian, Turkish, Lithuanian, Latvian
    "απ",
    "σχετ",
    "πρθ",
    "на",
    "отв",
    "ответ",
    "пересл", // Greek, Russian
    "回复",
    "回覆",
    "答复",
    "转发",
    "轉寄",
    "返信",
    "転送",
    "답장",
    "전달",
    "تر",
    "رد",
    "إعادة توجيه",
    "השב",
    "הועבר",
    "doorst",
    "bls",
    "trs",
    "răsp",
    "odg",
    "відп",
    "отг",
    "회신",
    "trả lời",
    "chuyển tiếp",
    "továbbított",
    "ตอบกลับ",
    "ส่งต่อ",
];

/// What programs put before the subject of something they answer by themselves, or of an answer to an invitation.
const MACHINE_PREFIXES: &[&str] = &[
    "automatic reply",
    "auto reply",
    "auto-reply",
    "out of office",
    "automatische antwort",
    "abwesenheitsnotiz",
    "réponse automatique",
    "respuesta automática",
    "risposta automatica",
    "automatisch antwoord",
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "automaattinen vastaus",
    "resposta automática",
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "automatická odpověď",
    "автоответ",
    "автоматический ответ",
    "自动答复",
    "自动回复",
    "自動返信",
    "undeliverable",
    "unzustellbar",
    "accepted",
    "declined",
    "tentative",
    "canceled",
    "cancelled",
    "zugesagt",
    "abgelehnt",
    "abgesagt",
    "mit vorbehalt",
    "accepté",
    "refusé",
    "aceptado",
    "rechazado",
    "accettato",
    "rifiutato",
    "geaccepteerd",
    "geweigerd",
];

/// Words in brackets by which gateways mark what comes from outside; they are no part of a subject.
const MARKS: &[&str] = &[
    "ext",
    "extern",
    "external",
    "external email",
    "externe",
    "esterno",
    "externo",
    "spam",
    "spam?",
    "suspected spam",
    "bulk",
    "caution",
    "sender not verified",
    "secure",
    "encrypted",
];

/// How many prefixes deep a subject is looked into; more is somebody playing.
const MAX_DEPTH: usize = 64;

/// The subject as its first writer meant it: prefixes gone however nested (`AW: Re[2]: Fwd: Offer` is `Offer`), white space single.
#[must_use]
pub fn bare(subject: &str) -> String {
    strip(subject).0
}

/// The key two mails of one thread share when nothing better links them: the bare subject in lower case. Empty is no key.
#[must_use]
pub fn key(subject: &str) -> String {
    bare(subject).to_lowercase()
}

/// Whether the subject says of itself that it answers or forwards something.
#[must_use]
pub fn is_reply_or_forward(subject: &str) -> bool {
    strip(subject).1 > 0
}

fn strip(subject: &str) -> (String, usize) {
    let collapsed = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = collapsed.as_str();
    let mut depth = 0;
    while depth < MAX_DEPTH {
        if let Some(shorter) = without_mark(rest) {
            rest = shorter.trim();
        } else if let Some(shorter) = without_prefix(rest).or_else(|| without_trailer(rest)) {
            rest = shorter.trim();
            depth += 1;
        } else {
            break;
        }
    }
    (rest.to_owned(), depth)
}

/// `[EXTERN] Offer` and `***SPAM*** Offer` without the mark; and the name of a list that stands before a prefix: `[sales] Re: Offer`.
fn without_mark(rest: &str) -> Option<&str> {
    if let Some((mark, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let behind = behind.trim_start();
        let known = MARKS.contains(&mark.trim().to_lowercase().as_str());
        return (known || without_prefix(behind).is_some()).then_some(behind);
    }
    let (mark, behind) = rest.strip_prefix("***")?.split_once("***")?;
    MARKS
        .contains(&mark.trim().to_lowercase().as_str())
        .then(|| behind.trim_start())
}

/// `rest` without its first prefix: `Re:`, `Re[3]:`, `RE(2):`, `AW :`, full-width colons too; also `[Fwd: ...` whose bracket closes at the end.
fn without_prefix(rest: &str) -> Option<&str> {
    let bracketed = rest.strip_prefix('[').filter(|_| rest.ends_with(']'));
    if let Some(inner) = bracketed
        && let Some(shorter) = without_prefix(inner)
    {
        return shorter.strip_suffix(']');
    }
    let (head, tail) = rest.split_once([':', '：'])?;
    let mut word = head.trim_end();
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((before, count)) = word.split_once(open)
            && count
                .strip_suffix(close)
                .is_some_and(|n| !n.is_empty() && n.len() < 5 && n.bytes().all(|b| b.is_ascii_digit()))
        {
            word = before.trim_end();
        }
    }
    let word = word
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '^')
        .to_lowercase();
    let known = PREFIXES.contains(&word.as_str()) || MACHINE_PREFIXES.contains(&word.as_str());
    known.then(|| tail.trim_start())
}

/// Some programs put the mark behind: `Offer (fwd)`.
fn without_trailer(rest: &str) -> Option<&str> {
    let lower = rest.to_lowercase();
    (lower.ends_with("(fwd)") && lower.len() == rest.len())
        .then(|| rest.get(..rest.len().saturating_sub(5)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &str, bare_subject: &str) {
        assert_eq!(bare(subject), bare_subject, "{subject}");
    }

    #[test]
    fn prefixes_of_many_languages_fall_away() {
        for subject in [
            "Re: Offer",
            "RE : Offer",
            "AW: Offer",
            "WG: Offer",
            "SV: Offer",
            "TR: Offer",
            "Antw: Offer",
            "RV: Offer",
            "Odp: Offer",
            "Ynt: Offer",
            "回复：Offer",
            "Odg: Offer",
            "Bls: Offer",
            "RIF: Offer",
            "VS: Offer",
            "회신: Offer",
        ] {
            check(subject, "Offer");
            assert!(is_reply_or_forward(subject));
        }
    }

    #[test]
    fn nested_and_counted_prefixes_fall_away() {
        check("AW: Re[2]: FWD: Re(3):  RE^2: Offer  for\t Carl", "Offer for Carl");
        check("[Fwd: Re: Offer]", "Offer");
        check("Offer (fwd)", "Offer");
    }

    #[test]
    fn marks_of_gateways_and_machines_fall_away() {
        for subject in [
            "[EXTERN] AW: Offer",
            "AW: [EXT] Re: Offer",
            "***SPAM*** Offer",
            "[sales] Re: Offer",
            "Automatic reply: Re: Offer",
            "Abwesenheitsnotiz: Offer",
            "Accepted: Offer",
        ] {
            check(subject, "Offer");
        }
        check("[Offer] for Carl", "[Offer] for Carl");
        assert!(!is_reply_or_forward("[EXTERN] Offer"));
    }

    #[test]
    fn a_subject_that_only_looks_like_one_stays() {
        check("Reminder: pay", "Reminder: pay");
        check("Order 12: crates", "Order 12: crates");
        check("Re", "Re");
        check("Re:", "");
        check("", "");
        assert!(!is_reply_or_forward("Order 12: crates"));
    }

    #[test]
    fn the_key_ignores_case() {
        assert_eq!(key("Re: OFFER für Köln"), key("offer FÜR köln"));
    }
}

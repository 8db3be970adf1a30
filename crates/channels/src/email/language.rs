//! The language a message is written in, where enough of it is there to tell.

use whatlang::Lang;

use super::quote;

/// With fewer letters it is a guess.
const LEAST_LETTERS: usize = 40;
/// So much of a text is looked at for what is newly written in it.
const MOST_CHARS: usize = 4000;
/// So much of that is judged: more tells nothing new, and a first sync judges every message.
const JUDGED_CHARS: usize = 800;

/// The language of what was newly written in a text, as its code (ISO 639-1); `None` where it is too short to tell, or mixed.
#[must_use]
pub fn language(text: &str) -> Option<&'static str> {
    let beginning: String = text.chars().take(MOST_CHARS).collect();
    let written: String = quote::visible(&beginning).chars().take(JUDGED_CHARS).collect();
    if written.chars().filter(|one| one.is_alphabetic()).count() < LEAST_LETTERS {
        return None;
    }
    let found = whatlang::detect(&written).filter(whatlang::Info::is_reliable)?;
    code(found.lang())
}

/// Two letters, as people and settings write it. Of languages in which nobody writes to a sales team none.
const fn code(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
        Lang::Epo | Lang::Lat => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::language;

    const GERMAN: &str =
        "Guten Tag, wir brauchen im Januar vierzig neue Arbeitsplätze und hätten gern ein Angebot mit Lieferzeit.";

    #[test]
    fn what_is_long_enough_is_known() {
        let english =
            "Hello, we are looking for forty seats for our new office and would like to have a quote by Friday.";
        let spanish =
            "Buenos días, necesitamos cuarenta puestos de trabajo para enero y quisiéramos recibir una oferta.";
        assert_eq!(language(english), Some("en"));
        assert_eq!(language(GERMAN), Some("de"));
        assert_eq!(language(spanish), Some("es"));
    }

    #[test]
    fn what_is_short_or_no_language_is_not_guessed() {
        for text in [
            "",
            "Danke!",
            "OK, thanks",
            "4711 / 0815 - 2026-11-22 - 17:00 - 100,00 EUR",
        ] {
            assert_eq!(language(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_quoted_is_somebody_elses() {
        let mut answer = GERMAN.to_owned();
        answer.push_str("\n\nOn Mon, 2 Nov 2026 at 10:00, Anna wrote:\n");
        for _ in 0..20 {
            answer.push_str("> Thank you for your message. We will come back to you as soon as we can.\n");
        }
        assert_eq!(language(&answer), Some("de"));
        let only_quoted = "> Thank you for your message. We will come back to you as soon as we possibly can.\n";
        assert_eq!(language(&only_quoted.repeat(5)), None);
    }
}

//! Folder names on the wire: modified UTF-7 (RFC 3501, 5.1.3), within quotes.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const MUTF7: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The wire form of a folder's name.
#[must_use]
pub fn encode_folder_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut foreign: Vec<u8> = Vec::new();
    let flush = |out: &mut String, foreign: &mut Vec<u8>| {
        if !foreign.is_empty() {
            out.push('&');
            out.push_str(&MUTF7.encode(&*foreign));
            out.push('-');
            foreign.clear();
        }
    };
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut out, &mut foreign);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0u16; 2];
            foreign.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut out, &mut foreign);
    out
}

/// The name behind its wire form. What isn't valid stays as it is, so that the folder can still be named back to its server.
#[must_use]
pub fn decode_folder_name(wire: &str) -> String {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((before, shifted)) = rest.split_once('&') {
        out.push_str(before);
        let Some((encoded, after)) = shifted.split_once('-') else {
            out.push('&');
            rest = shifted;
            continue;
        };
        match decoded(encoded) {
            Some(text) => out.push_str(&text),
            None => {
                out.push('&');
                out.push_str(encoded);
                out.push('-');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn decoded(encoded: &str) -> Option<String> {
    if encoded.is_empty() {
        return Some("&".to_owned());
    }
    let bytes = MUTF7
        .decode(encoded)
        .ok()
        .filter(|bytes| bytes.len() % 2 == 0 && !bytes.is_empty())?;
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
        .map(u16::from_be_bytes)
        .collect();
    String::from_utf16(&units).ok()
}

/// A wire name as a quoted string. Control characters, which no folder can have, are left out.
pub(super) fn quoted(wire: &str) -> String {
    let clean: String = wire.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_have_their_known_wire_form() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("A&B", "A&-B"),
            ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
            ("台北", "&U,BTFw-"),
            ("😀", "&2D3eAA-"),
        ] {
            assert_eq!(encode_folder_name(name), wire);
            assert_eq!(decode_folder_name(wire), name);
        }
    }

    #[test]
    fn broken_wire_forms_stay_as_they_are() {
        for wire in ["&", "a&b", "&!!!-x", "&AA-"] {
            assert_eq!(decode_folder_name(wire), wire);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC{0,40}") {
            let wire = encode_folder_name(&name);
            proptest::prop_assert!(wire.is_ascii());
            proptest::prop_assert_eq!(decode_folder_name(&wire), name);
        }

        #[test]
        fn no_wire_form_is_too_much(wire in "[&\\-,+/A-Za-z0-9 ]{0,60}") {
            let _ = decode_folder_name(&wire);
        }
    }
}

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn attribute_bytes(level: u8, id: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![level];
    bytes.extend(id.to_le_bytes());
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(value);
    let sum = value.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    bytes.extend(sum.to_le_bytes());
    bytes
}

fn unicode_property(id: u16, text: &str) -> Vec<u8> {
    let value: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let mut bytes = Vec::new();
    bytes.extend(0x1fu16.to_le_bytes());
    bytes.extend(id.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(&value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A stream with a body and a file called `Angebot für Carl.txt`.
pub(in crate::email) fn sample() -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(SIGNATURE.to_le_bytes());
    bytes.extend([1, 0]);
    bytes.extend(attribute_bytes(1, CODE_PAGE, &[0xe4, 4, 0, 0, 0, 0, 0, 0]));
    bytes.extend(attribute_bytes(1, BODY, b"Sch\xf6ne Gr\xfc\xdfe\0"));
    bytes.extend(attribute_bytes(2, BEGINS_ATTACHMENT, &[0; 14]));
    bytes.extend(attribute_bytes(2, ATTACHMENT_TITLE, b"ANGEBO~1.TXT\0"));
    bytes.extend(attribute_bytes(2, ATTACHMENT_DATA, b"20 chairs"));
    let mut named = 2u32.to_le_bytes().to_vec();
    // A named property, which is none of ours, and then the long name.
    named.extend([3, 0, 1, 0x80]);
    named.extend([0; 20]);
    named.extend([7, 0, 0, 0, 9, 0, 0, 0]);
    named.extend(unicode_property(0x3707, "Angebot für Carl.txt"));
    bytes.extend(attribute_bytes(2, ATTACHMENT_PROPERTIES, &named));
    bytes
}

#[test]
fn files_and_body_are_read_with_their_names() {
    let opened = open(&sample()).unwrap();
    assert_eq!(opened.text.as_deref(), Some("Schöne Grüße"));
    let [file] = opened.files.as_slice() else {
        unreachable!("one file")
    };
    assert_eq!(
        (file.name.as_str(), file.bytes.as_slice()),
        ("Angebot für Carl.txt", b"20 chairs".as_slice())
    );
}

#[test]
fn a_damaged_stream_gives_what_came_before_the_damage() {
    let whole = sample();
    for end in 0..whole.len() {
        let opened = open(whole.get(..end).unwrap());
        assert!(opened.is_none_or(|opened| opened.files.len() <= 1));
    }
    for at in 0..whole.len() {
        let mut wrong = whole.clone();
        *wrong.get_mut(at).unwrap() ^= 0xff;
        let _ = open(&wrong);
    }
    assert_eq!(open(b"no stream at all"), None);
}

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(visible(text), expected);
    let joined: String = split(text).into_iter().map(|piece| piece.text).collect();
    assert_eq!(joined, text, "nothing is lost");
}

#[test]
fn marked_quotes_fold_with_their_introduction() {
    check(
        "Yes, please.\n\nOn Mon, Nov 2, 2026 at 10:00 AM Anna Rep <anna@baton.test> wrote:\n\n> Shall we?\n>\n> Anna\n",
        "Yes, please.",
    );
    check(
        "Ja, gern.\n\nAm 02.11.2026 um 10:00 schrieb Anna Rep <anna@baton.test>:\n> Sollen wir?\n",
        "Ja, gern.",
    );
    check(
        "Sí.\n\nEl lun, 2 nov 2026 a las 10:00, Anna Rep (<anna@baton.test>) escribió:\n\n> ¿Vale?\n",
        "Sí.",
    );
    check(
        "Oui.\n\nLe lun. 2 nov. 2026 à 10:00, Anna Rep <anna@baton.test> a écrit :\n\n> D'accord ?\n",
        "Oui.",
    );
}

#[test]
fn an_introduction_broken_over_lines_is_one() {
    check(
        "Yes.\n\nOn Monday, 2 November 2026 at 10:00, Anna Representative-Longname\n<anna.representative@baton.test>\nwrote:\n> Shall we?\n",
        "Yes.",
    );
}

#[test]
fn an_answer_right_above_the_introduction_stays() {
    check("Thanks\nOn 2 Nov 2026, Anna wrote:\n> old\n", "Thanks");
    check(
        "Hej\nDen 2 november 2026 10:00, Anna (anna@baton.test) skrev:\n\nold\n",
        "Hej",
    );
    check("Yes. On Mon, Nov 2, 2026 at 10:00, Anna wrote:\n> old\n", "Yes.");
    check("Ok\n---- Anna wrote ----\nold\n", "Ok");
}

#[test]
fn answers_between_the_lines_stay() {
    check(
        "On 2 Nov 2026, Anna wrote:\n> When?\nTuesday.\n> Where?\nBerlin.\n",
        "Tuesday.\nBerlin.",
    );
}

#[test]
fn outlook_quotes_without_marks_fold_to_the_end() {
    check(
        "Passt.\n\n-----Ursprüngliche Nachricht-----\nVon: Anna\nAlter Text\n",
        "Passt.",
    );
    check(
        "Passt.\n\nVon: Anna Rep <anna@baton.test>\nGesendet: Montag, 2. November 2026 10:00\nAn: Carl\nBetreff: Angebot\n\nAlter Text\n",
        "Passt.",
    );
    check(
        "Fine.\n________________________________\nFrom: Anna <anna@baton.test>\nSent: Monday\nTo: Carl\nSubject: Offer\n\nold\n",
        "Fine.",
    );
}

#[test]
fn forwarded_mail_stays_open() {
    let text = "FYI\n\n---------- Forwarded message ---------\nFrom: Carl <c@example.com>\nDate: Mon\nSubject: Hi\nTo: x\n\nI need 20 chairs.\n";
    assert!(visible(text).contains("20 chairs"));
}

#[test]
fn signatures_fold() {
    check("See you.\n\n-- \nCarl Customer\nBuyer\n", "See you.");
    check("Ok\n\nSent from my iPhone\n", "Ok");
    check(
        "Ok\n\nVon meinem iPhone gesendet\n\n> Am 1.1.2026 um 10:00 schrieb A <a@b>:\n> x\n",
        "Ok",
    );
}

#[test]
fn a_sentence_that_only_sounds_like_an_introduction_stays() {
    check("As he wrote:\nwe want chairs.\n", "As he wrote:\nwe want chairs.");
    check(
        "From: our side all is fine.\nSee you\n",
        "From: our side all is fine.\nSee you",
    );
}

#[test]
fn a_mail_of_quotes_only_has_no_visible_text() {
    check("> a\n> b\n", "");
    check("", "");
}

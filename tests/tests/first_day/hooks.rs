//! What the story takes hold of in the window: the `data-testid` of each thing, in one place.

use baton_tests::desktop::testid;

/// First run: *Join a team*.
pub fn join_a_team() -> String {
    testid("setup-join")
}

/// First run: the server's address.
pub fn server_address() -> String {
    testid("setup-server")
}

/// First run: the member's address.
pub fn email() -> String {
    testid("setup-email")
}

/// First run: the member's password.
pub fn password() -> String {
    testid("setup-password")
}

/// First run: go on.
pub fn go_on() -> String {
    testid("setup-submit")
}

/// A view on the left, such as `unassigned`.
pub fn view(name: &str) -> String {
    testid(&format!("view-{name}"))
}

/// The row of a conversation in the list.
pub fn row(number: u64) -> String {
    testid(&format!("row-{number}"))
}

/// Every row in the list.
pub fn rows() -> String {
    "[data-testid^=\"row-\"]".to_owned()
}

/// Who owns the open conversation.
pub fn owner() -> String {
    testid("strip-owner")
}

/// The status of the open conversation.
pub fn status() -> String {
    testid("strip-status")
}

/// The messages, notes and events of the open conversation.
pub fn thread() -> String {
    "[data-thread]".to_owned()
}

/// The bar below the thread while no composer is open: it invites to reply, or says who is replying.
pub fn reply_bar() -> String {
    testid("reply")
}

/// Why something was refused, with who and when.
pub fn refusal_line() -> String {
    testid("refusal-line")
}

/// The subject and the number of the open conversation.
pub fn title() -> String {
    testid("title")
}

/// Why a reply is held, with the ways out.
pub fn held_line() -> String {
    testid("held-line")
}

/// Where a reply is written.
pub fn composer() -> String {
    testid("composer-text")
}

/// The button that offers the text to whoever is replying, in the place of the one that sends.
pub fn suggest() -> String {
    testid("suggest")
}

/// Sends the reply, or, while somebody else is replying, suggests the text to them.
pub fn send() -> String {
    testid("send")
}

/// Where a note is written.
pub fn note() -> String {
    testid("note-text")
}

/// The state of the connection, in words.
pub fn connection() -> String {
    testid("connection")
}

/// An attachment of the open conversation, by its place in its message.
pub fn attachment(index: usize) -> String {
    testid(&format!("attachment-{index}"))
}

/// The first date that is offered.
pub fn first_date() -> String {
    testid("when-0")
}

/// An outcome to close with.
pub fn outcome(name: &str) -> String {
    testid(&format!("outcome-{name}"))
}

/// Closes with it.
pub fn close() -> String {
    testid("close-save")
}

/// Opens the list of what is held.
pub fn held() -> String {
    testid("held-open")
}
